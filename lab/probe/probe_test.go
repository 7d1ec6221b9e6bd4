package probe

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

func TestHealthy(t *testing.T) {
	cfg := goodTLS(t)
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	p := &Prober{Now: func() time.Time { return now }}
	for _, e := range account.Endpoints() {
		t.Run(string(e), func(t *testing.T) {
			address := serve(t, healthy(e, cfg))
			o := p.Look(t.Context(), settings(e, address))
			expect(t, o, Done, Fine)
			if o.TLS == nil || !o.TLS.Complete || o.TLS.Version != tls.VersionTLS13 || string(o.TLS.Staple) != "staple" {
				t.Fatalf("tls: %+v", o.TLS)
			}
			if !reflect.DeepEqual(o.TLS.Chain, cfg.Certificates[0].Certificate) {
				t.Error("the chain is not the one sent")
			}
			if o.Address != address || !o.At.Equal(now) || o.First == "" {
				t.Errorf("address %q at %v first %q", o.Address, o.At, o.First)
			}
			if (e == account.Web) != !o.ServerClock.IsZero() {
				t.Errorf("server clock %v", o.ServerClock)
			}
			if e.Mode() == account.StartTLS && (o.Greeting == "" || o.Answer == "" || len(o.Capabilities) == 0) {
				t.Errorf("in the clear: %q %q %q", o.Greeting, o.Capabilities, o.Answer)
			}
			roundTrip(t, o)
		})
	}
}

func roundTrip(t *testing.T, o Observation) {
	t.Helper()
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var back Observation
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(o, back) {
		t.Errorf("round trip:\n%+v\n%+v", o, back)
	}
}

func TestCleartextOutcomes(t *testing.T) {
	caps := "* CAPABILITY IMAP4rev1\r\na1 OK\r\n"
	offer := "* CAPABILITY STARTTLS\r\na1 OK\r\n"
	for _, c := range []struct {
		name    string
		e       account.Endpoint
		script  func(net.Conn)
		stage   Stage
		outcome Outcome
	}{
		{"silent", account.IMAPStartTLS, silence, Greeting, TimedOut},
		{"drip", account.IMAPStartTLS, drip, Greeting, TimedOut},
		{"closes", account.IMAPStartTLS, func(net.Conn) {}, Greeting, Closed},
		{"resets", account.IMAPStartTLS, reset, Greeting, WasReset},
		{"resets tls", account.IMAPS, reset, Handshaking, WasReset},
		{"bye", account.IMAPStartTLS, talking("* BYE go away\r\n"), Greeting, Declined},
		{"pop3 -ERR", account.POP3StartTLS, talking("-ERR no\r\n"), Greeting, Declined},
		{"smtp 554", account.SubmissionStart, talking("554-no\r\n554 no\r\n"), Greeting, Declined},
		{"pop3 on imap", account.IMAPStartTLS, talking("+OK pop\r\n"), Greeting, Unexpected},
		{"http on smtp", account.SubmissionStart, talking("HTTP/1.1 400 Bad\r\n"), Greeting, Unexpected},
		{"alert as greeting", account.IMAPStartTLS, func(c net.Conn) { _, _ = c.Write([]byte{21, 3, 1, 0, 2, 2, 70}) }, Greeting, Unexpected},
		{"endless greeting", account.SubmissionStart, endless("220-more\r\n"), Greeting, TooLong},
		{"one megabyte line", account.IMAPStartTLS, talking("* OK " + strings.Repeat("x", 1<<20)), Greeting, TooLong},
		{"endless ehlo", account.SubmissionStart, func(c net.Conn) { talk(c, "220 hi\r\n", "250-x\r\n"); endless("250-x\r\n")(c) }, Asking, TooLong},
		{"ehlo refused", account.SubmissionStart, talking("220 hi\r\n", "421 busy\r\n"), Asking, Declined},
		{"ehlo unknown", account.SubmissionStart, talking("220 hi\r\n", "502 what\r\n"), Upgrading, NotOffered},
		{"capa unknown", account.POP3StartTLS, talking("+OK\r\n", "-ERR what\r\n"), Upgrading, NotOffered},
		{"garbage", account.IMAPStartTLS, talking("* OK\r\n", "what\r\n"), Asking, Unexpected},
		{"stripped", account.IMAPStartTLS, talking("* OK\r\n", caps), Upgrading, NotOffered},
		{"refused", account.IMAPStartTLS, talking("* OK [CAPABILITY STARTTLS]\r\n", "a1 NO not now\r\n"), Upgrading, Declined},
		{"454", account.SubmissionStart, talking("220 x\r\n", "250-x\r\n250 STARTTLS\r\n", "454 no\r\n"), Upgrading, Declined},
		{"closes at starttls", account.IMAPStartTLS, func(c net.Conn) { _, _ = talk(c, "* OK\r\n", offer).ReadString('\n') }, Upgrading, Closed},
		{"closes after ok", account.IMAPStartTLS, func(c net.Conn) { talk(c, "* OK\r\n", offer, "a2 OK\r\n") }, Handshaking, Closed},
		{"stalls after ok", account.IMAPStartTLS, talking("* OK\r\n", offer, "a2 OK\r\n"), Handshaking, TimedOut},
		{"text after ok", account.IMAPStartTLS, talking("* OK\r\n", offer, "a2 OK\r\n", "a3 BAD what is this\r\n"), Handshaking, NotTLS},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := &Prober{}
			if c.outcome == TimedOut {
				p.Timeout = brief
			}
			o := p.Look(t.Context(), settings(c.e, serve(t, c.script)))
			expect(t, o, c.stage, c.outcome)
			if n := len(o.Greeting) + len(strings.Join(o.Capabilities, "")) + len(o.Raw); n > maxReply {
				t.Errorf("%d bytes kept", n)
			}
			if c.name == "text after ok" && !strings.HasPrefix(string(o.Raw), "a3 BAD") {
				t.Errorf("raw %q", o.Raw)
			}
			roundTrip(t, o)
		})
	}
}

func silence(c net.Conn) { wait(c) }

func reset(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }

func drip(c net.Conn) {
	tick := time.NewTicker(brief / 10)
	defer tick.Stop()
	for i := 0; ; i++ {
		<-tick.C
		if _, err := c.Write([]byte{("* OK" + strings.Repeat(" ", 1000))[i%1000]}); err != nil {
			return
		}
	}
}

func endless(text string) func(net.Conn) {
	return func(c net.Conn) {
		for {
			if _, err := io.WriteString(c, text); err != nil {
				return
			}
		}
	}
}

func TestEscapeSequencesAreKept(t *testing.T) {
	o := look(t, account.IMAPStartTLS, talking("* OK \x1b[31mred\x07\xff\r\n", "a1 NO\r\n"))
	if want := "* OK \x1b[31mred\x07\uFFFD"; o.Greeting != want {
		t.Errorf("greeting %q", o.Greeting)
	}
	roundTrip(t, o)
}

func TestInjection(t *testing.T) {
	cfg := goodTLS(t)
	const junk = "* CAPABILITY EVIL\r\n"
	together := upgrading(cfg, imapAnswers, "* OK\r\n", "* CAPABILITY STARTTLS\r\na1 OK\r\n", "a2 OK\r\n"+junk)
	// Sent once the ClientHello is there, it cannot have come with the answer.
	apart := func(c net.Conn) {
		talk(c, "* OK\r\n", "* CAPABILITY STARTTLS\r\na1 OK\r\n", "a2 OK\r\n")
		var one [1]byte
		_, _ = io.ReadFull(c, one[:])
		_, _ = io.WriteString(c, junk)
		inTLS(cfg, imapAnswers)(&again{Conn: c, first: one[:]})
	}
	for name, script := range map[string]func(net.Conn){"together": together, "apart": apart} {
		o := look(t, account.IMAPStartTLS, script)
		expect(t, o, Done, Fine)
		if string(o.Injected) != junk || len(o.TLS.Chain) != 2 {
			t.Errorf("%s: injected %q, %d certificates", name, o.Injected, len(o.TLS.Chain))
		}
		roundTrip(t, o)
	}
}

type again struct {
	net.Conn
	first []byte
}

func (a *again) Read(p []byte) (int, error) {
	if len(a.first) > 0 {
		n := copy(p, a.first)
		a.first = a.first[n:]
		return n, nil
	}
	return a.Conn.Read(p)
}

func TestConnecting(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	expect(t, (&Prober{}).Look(t.Context(), settings(account.IMAPS, ln.Addr().String())), Connecting, Refused)
	for _, c := range []struct {
		err     error
		stage   Stage
		outcome Outcome
	}{
		{&net.DNSError{IsNotFound: true}, Resolving, NoSuchHost},
		{&net.DNSError{IsTimeout: true}, Resolving, Unresolved},
		{&net.DNSError{IsTemporary: true}, Resolving, Unresolved},
		{&net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH}, Connecting, Unreachable},
		{&net.OpError{Op: "dial", Err: syscall.ENETUNREACH}, Connecting, Unreachable},
		{&net.OpError{Op: "dial", Err: syscall.ETIMEDOUT}, Connecting, TimedOut},
		{context.DeadlineExceeded, Connecting, TimedOut},
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, Connecting, Refused},
	} {
		p := &Prober{Dial: func(context.Context, string, string) (net.Conn, error) { return nil, c.err }}
		expect(t, p.Look(t.Context(), account.For(account.IMAPS, host)), c.stage, c.outcome)
	}
	expect(t, (&Prober{}).Look(t.Context(), account.Settings{Host: host}), Resolving, Unresolved)
	blocking := &Prober{Timeout: brief, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }}
	expect(t, blocking.Look(t.Context(), account.For(account.IMAPS, host)), Connecting, TimedOut)
}

func TestContextEndsTheLook(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	address := serve(t, func(c net.Conn) { _, _ = c.Read(make([]byte, 1)); cancel(); wait(c) })
	o := (&Prober{Timeout: time.Hour}).Look(ctx, settings(account.IMAPS, address))
	expect(t, o, Handshaking, TimedOut)
}
