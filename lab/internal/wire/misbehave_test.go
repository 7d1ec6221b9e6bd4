package wire_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/fault"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire/wiretest"
)

// TestHello answers a ClientHello in the server's place: with an alert, with nothing, with a
// reset, and only when it is large.
func TestHello(t *testing.T) {
	a := newAccount(t)
	classic := a.pair.Client.Clone()
	classic.CurvePreferences = []tls.CurveID{tls.X25519}
	for _, c := range []struct {
		name   string
		plan   fault.Hello
		client *tls.Config
		want   error
	}{
		{"alert", fault.Hello{Reply: []byte{21, 3, 3, 0, 2, 2, 80}, Then: fault.Close}, a.pair.Client, tls.AlertError(80)},
		{"close", fault.Hello{Then: fault.Close}, a.pair.Client, io.EOF},
		{"reset", fault.Hello{Then: fault.Reset}, a.pair.Client, syscall.ECONNRESET},
		{"large is cut", fault.Hello{Over: 1400, Then: fault.Reset}, a.pair.Client, syscall.ECONNRESET},
		{"small is spared", fault.Hello{Over: 1400, Then: fault.Reset}, classic, nil},
	} {
		for _, implicit := range []bool{true, false} {
			cfg := a.config(wire.POP3, implicit)
			cfg.Plan.Hello = c.plan
			l, records := wiretest.Listen(t, cfg)
			conn := wiretest.Dial(t, l)
			if !implicit {
				upgradePOP3(t, conn)
			}
			err := tls.Client(conn, c.client).Handshake()
			alert, isAlert := c.want.(tls.AlertError)
			switch {
			case isAlert:
				if err == nil || !strings.Contains(err.Error(), alert.Error()) {
					t.Errorf("%s: %v", c.name, err)
				}
			case !errors.Is(err, c.want):
				t.Errorf("%s, implicit %v: %v, want %v", c.name, implicit, err, c.want)
			}
			conn.Close()
			if r := wiretest.Next(t, records); c.want != nil && (r.Stage != wire.Hello || r.SNI != "mail.lab.test" || r.HandshakeError == "") {
				t.Errorf("%s: record %+v", c.name, r)
			}
		}
	}
}

func upgradePOP3(t *testing.T, c net.Conn) {
	t.Helper()
	r := bufio.NewReader(c)
	for i, say := range []string{"", "STLS\r\n"} {
		if _, err := io.WriteString(c, say); err != nil {
			t.Fatal(err)
		}
		if line, err := r.ReadString('\n'); err != nil || !strings.HasPrefix(line, "+OK") {
			t.Fatalf("line %d: %q, %v", i, line, err)
		}
	}
}

// TestInjectedLine: the line comes in the clear, and TLS begins after it.
func TestInjectedLine(t *testing.T) {
	a := newAccount(t)
	cfg := a.config(wire.POP3, false)
	cfg.Plan.Lines = []fault.Line{{Command: "STLS", Answer: "+OK begin\n+OK injected", Then: fault.Go}}
	l, records := wiretest.Listen(t, cfg)
	conn := wiretest.Dial(t, l)
	upgradePOP3(t, conn)
	// upgradePOP3 may have buffered the second line, as a careless client does.
	client := tls.Client(&skipLine{Conn: conn}, a.pair.Client)
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	client.Close()
	if r := wiretest.Next(t, records); r.HandshakeError != "" {
		t.Errorf("record %+v", r)
	}
}

// skipLine drops text before the first record.
type skipLine struct {
	net.Conn
	seen bool
	rest []byte
}

func (s *skipLine) Read(p []byte) (int, error) {
	for !s.seen {
		buf := make([]byte, 4096)
		n, err := s.Conn.Read(buf)
		if at := bytes.IndexByte(buf[:n], 22); at >= 0 {
			s.seen, s.rest = true, buf[at:n]
		}
		if err != nil {
			return 0, err
		}
	}
	if len(s.rest) > 0 {
		n := copy(p, s.rest)
		s.rest = s.rest[n:]
		return n, nil
	}
	return s.Conn.Read(p)
}

// TestMaskAndLogins compares what is listed before TLS.
func TestMaskAndLogins(t *testing.T) {
	a := newAccount(t)
	masked := func(c *wire.Config) { c.Plan.Mask = []string{"starttls", "STLS"} }
	open := func(c *wire.Config) { c.ClearLogins = true }
	preauth := func(c *wire.Config) { c.Preauth = true }
	for _, c := range []struct {
		name    string
		dialect wire.Dialect
		change  func(*wire.Config)
		send    string
		want    []string
		never   []string
		secret  string
	}{
		{"imap masked", wire.IMAP, masked, "a CAPABILITY\r\nb LOGOUT\r\n", []string{"* OK [CAPABILITY IMAP4rev1", " XXXXXXXA ", "* CAPABILITY IMAP4rev1", "b OK"}, []string{"STARTTLS"}, wire.NoPassword},
		{"smtp masked", wire.SMTP, masked, "EHLO x\r\nQUIT\r\n", []string{"250-XXXXXXXA\r\n", "221 "}, []string{"STARTTLS"}, wire.NoPassword},
		{"pop3 masked", wire.POP3, masked, "CAPA\r\nQUIT\r\n", []string{"\r\nXXXA\r\n.\r\n"}, []string{"STLS"}, wire.NoPassword},
		{"imap login in the clear", wire.IMAP, open, "a LOGIN user \"correct horse 7\"\r\nb LOGOUT\r\n", []string{"STARTTLS", "AUTH=PLAIN", "b OK"}, []string{"LOGINDISABLED", "PRIVACYREQUIRED"}, wire.PasswordClear},
		{"smtp login in the clear", wire.SMTP, open, "EHLO x\r\nAUTH PLAIN AHVzZXIAc2VjcmV0\r\nQUIT\r\n", []string{"STARTTLS", "AUTH PLAIN LOGIN"}, []string{"523 "}, wire.PasswordClear},
		{"pop3 login in the clear", wire.POP3, open, "CAPA\r\nUSER user\r\nPASS secret\r\nQUIT\r\n", []string{"STLS\r\n", "USER\r\n", "SASL PLAIN\r\n", "+OK now the password"}, nil, wire.PasswordClear},
		{"preauth", wire.IMAP, preauth, "a STARTTLS\r\nb SELECT INBOX\r\nc LOGOUT\r\n", []string{"* PREAUTH [CAPABILITY", "a BAD ", "b OK", "c OK"}, []string{" STARTTLS "}, wire.NoPassword},
	} {
		cfg := a.config(c.dialect, false)
		c.change(&cfg)
		l, records := wiretest.Listen(t, cfg)
		got := converse(t, l, c.send, false)
		for _, w := range c.want {
			if !strings.Contains(got, w) {
				t.Errorf("%s: no %q in\n%s", c.name, w, got)
			}
		}
		for _, n := range c.never {
			if strings.Contains(strings.ReplaceAll(got, "BAD STARTTLS", ""), n) {
				t.Errorf("%s: %q in\n%s", c.name, n, got)
			}
		}
		if r := wiretest.Next(t, records); r.Password != c.secret {
			t.Errorf("%s: record %+v", c.name, r)
		}
	}
}

// TestDropped: nothing answers, until the port is opened again; and a delay ends with the listener.
func TestDropped(t *testing.T) {
	a := newAccount(t)
	cfg := a.config(wire.POP3, false)
	cfg.Plan.Dropped = true
	l, err := wire.Listen("127.0.0.1:0", &cfg)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	unanswered := func() {
		t.Helper()
		// A refusal or an answer would come at once; only silence lets the limit run out.
		c, err := net.DialTimeout("tcp", l.Addr().String(), 100*time.Millisecond)
		if n := net.Error(nil); !errors.As(err, &n) || !n.Timeout() {
			t.Errorf("dropped: %v, %v", c, err)
		}
	}
	unanswered()
	healthy := a.config(wire.POP3, false)
	if err := l.Set(&healthy); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(wiretest.Dial(t, l)).ReadString('\n'); err != nil || !strings.HasPrefix(line, "+OK") {
		t.Errorf("opened again: %q, %v", line, err)
	}
	if err := l.Set(&cfg); err != nil {
		t.Fatal(err)
	}
	unanswered()
	slow := a.config(wire.POP3, false)
	slow.Plan.Delay = time.Hour
	if err := l.Set(&slow); err != nil {
		t.Fatal(err)
	}
	wiretest.Dial(t, l)
	l.Close() // returns although the delay has not passed
}
