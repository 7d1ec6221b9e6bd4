package probe

import (
	"context"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

// TestLocalFaults: what this machine lacks is no fault of the server's, whoever reports it.
func TestLocalFaults(t *testing.T) {
	dial := func(err error, ip string) error {
		return &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.ParseIP(ip), Port: 993}, Err: os.NewSyscallError("connect", err)}
	}
	for _, c := range []struct {
		err  error
		want Outcome
	}{
		{dial(syscall.EMFILE, "192.0.2.1"), LocalFault},
		{dial(syscall.ENFILE, "192.0.2.1"), LocalFault},
		{dial(syscall.EADDRNOTAVAIL, "127.0.0.1"), LocalFault},
		{dial(syscall.ENOBUFS, "192.0.2.1"), LocalFault},
		{fmt.Errorf("writing: %w", syscall.ENOMEM), LocalFault},
		{dial(syscall.ENETUNREACH, "127.0.0.1"), LocalFault},
		{dial(syscall.EHOSTUNREACH, "::1"), LocalFault},
		{dial(syscall.ENETUNREACH, "192.0.2.1"), Unreachable},
		{dial(syscall.EACCES, "127.0.0.1"), Unreachable},
		{dial(syscall.ECONNREFUSED, "127.0.0.1"), Refused},
		{&net.DNSError{Err: "dial udp 192.0.2.53:53: socket: too many open files", Name: host}, LocalFault},
		{&net.DNSError{Err: "server misbehaving", Name: host}, Unresolved},
	} {
		p := &Prober{Dial: func(context.Context, string, string) (net.Conn, error) { return nil, c.err }}
		o := p.Look(t.Context(), account.For(account.IMAPS, host))
		if o.Outcome != c.want {
			t.Errorf("%v: %s, want %s", c.err, o.Outcome, c.want)
		}
		roundTrip(t, o)
	}
}

// TestReceived counts what came of TLS, whether or not it was a whole record.
func TestReceived(t *testing.T) {
	for _, c := range []struct {
		name  string
		e     account.Endpoint
		texts []string
		want  int64
	}{
		{"nothing", account.IMAPS, []string{""}, 0},
		{"a byte", account.IMAPS, []string{"\x16"}, 1},
		{"a header", account.Web, []string{"\x16\x03\x03\x00\x40\x02"}, 6},
		{"nothing after STARTTLS", account.IMAPStartTLS, []string{"* OK hi\r\n", "* CAPABILITY STARTTLS\r\na1 OK\r\n", "a2 OK\r\n"}, 0},
		{"a byte in the same breath", account.IMAPStartTLS, []string{"* OK hi\r\n", "* CAPABILITY STARTTLS\r\na1 OK\r\n", "a2 OK\r\n\x16"}, 1},
		{"text and a byte in the same breath", account.IMAPStartTLS, []string{"* OK hi\r\n", "* CAPABILITY STARTTLS\r\na1 OK\r\n", "a2 OK\r\nx\r\n\x16\x03"}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := (&Prober{Timeout: brief}).Look(t.Context(), settings(c.e, serve(t, talking(c.texts...))))
			expect(t, o, Handshaking, TimedOut)
			if o.TLS.Received != c.want {
				t.Errorf("%d bytes, want %d", o.TLS.Received, c.want)
			}
			roundTrip(t, o)
		})
	}
}

// TestUnfinished keeps what came of a line or an answer that never ended.
func TestUnfinished(t *testing.T) {
	o := (&Prober{Timeout: brief}).Look(t.Context(), settings(account.SubmissionStart, serve(t, talking("220 hi\r\n", "250-mail\r\n250-SI"))))
	expect(t, o, Asking, TimedOut)
	if o.Answer != "250-SI" {
		t.Errorf("answer %q", o.Answer)
	}
	o = (&Prober{Timeout: brief}).Look(t.Context(), settings(account.IMAPStartTLS, serve(t, talking("* OK hi\r"))))
	expect(t, o, Greeting, TimedOut)
	if o.Greeting != "* OK hi" {
		t.Errorf("greeting %q", o.Greeting)
	}
}
