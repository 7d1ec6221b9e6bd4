package wire_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/fault"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire/wiretest"
)

// TestGate sends the same text in one segment and byte by byte, and compares all that comes
// back until the server closes.
func TestGate(t *testing.T) {
	a := newAccount(t)
	rule := func(command, answer string, then fault.Then) fault.Plan {
		return fault.Plan{Lines: []fault.Line{{Command: command, Answer: answer, Then: then}}}
	}
	cases := []struct {
		name    string
		dialect wire.Dialect
		plan    fault.Plan
		noTLS   bool
		send    string
		want    []string
		never   []string
		stage   wire.Stage
		secret  string
	}{
		{"imap hides", wire.IMAP, fault.Plan{Hide: []string{"starttls"}}, false, "a CAPABILITY\r\nb LOGOUT\r\n",
			[]string{"* OK [CAPABILITY IMAP4rev1", "* CAPABILITY IMAP4rev1", "LOGINDISABLED", "b OK"}, []string{"STARTTLS"}, wire.Command, wire.NoPassword},
		{"smtp hides a middle line", wire.SMTP, fault.Plan{Hide: []string{"STARTTLS"}}, false, "EHLO x\r\nQUIT\r\n",
			[]string{"250-Hello x\r\n250-PIPELINING", "250 LIMITS RCPTMAX=100\r\n221 "}, []string{"STARTTLS"}, wire.Command, wire.NoPassword},
		{"smtp hides the last line", wire.SMTP, fault.Plan{Hide: []string{"LIMITS", "SIZE"}}, false, "EHLO x\r\nQUIT\r\n",
			[]string{"250-CHUNKING\r\n250 STARTTLS\r\n221 "}, []string{"SIZE", "LIMITS"}, wire.Command, wire.NoPassword},
		{"pop3 hides", wire.POP3, fault.Plan{Hide: []string{"STLS"}}, false, "CAPA\r\nQUIT\r\n",
			[]string{"+OK capabilities follow\r\nTOP\r\n", "\r\n.\r\n+OK goodbye"}, []string{"STLS"}, wire.Command, wire.NoPassword},
		{"imap refuses and goes on", wire.IMAP, rule("STARTTLS", "{tag} NO not today", fault.GoOn), false, "a1 starttls\r\nb LOGOUT\r\n",
			[]string{"a1 NO not today\r\n", "b OK"}, nil, wire.Asked, wire.NoPassword},
		{"smtp refuses and drops", wire.SMTP, rule("STARTTLS", "454 4.7.0 no", fault.Drop), false, "EHLO x\r\nSTARTTLS\r\nNOOP\r\n",
			[]string{"454 4.7.0 no\r\n"}, []string{"done nothing"}, wire.Asked, wire.NoPassword},
		{"drops without a word", wire.POP3, rule("STLS", "", fault.Drop), false, "STLS\r\nCAPA\r\n",
			[]string{"+OK"}, []string{"capabilities"}, wire.Asked, wire.NoPassword},
		{"no certificate", wire.SMTP, fault.Plan{}, true, "EHLO x\r\nSTARTTLS\r\nQUIT\r\n",
			[]string{"502 5.5.1"}, []string{"-STARTTLS", "220 2.0.0"}, wire.Asked, wire.NoPassword},
		{"starttls takes no argument", wire.SMTP, fault.Plan{}, false, "STARTTLS now\r\nSTARTTLSNOW\r\nQUIT\r\n",
			[]string{"501 5.5.4", "221 "}, []string{"220 2.0.0"}, wire.Asked, wire.NoPassword},
		{"cut", wire.IMAP, fault.Plan{CutAfter: 9}, false, "a NOOP\r\n", []string{"* OK [CAP"}, []string{"* OK [CAPA"}, wire.Greeted, wire.NoPassword},
		{"tls in the clear", wire.SMTP, fault.Plan{}, false, "\x16\x03\x01\x00\x02\x01\x00", []string{"500 5.5.2"}, nil, wire.Greeted, wire.NoPassword},
		{"imap password in the clear", wire.IMAP, fault.Plan{}, false, "a LOGIN user \"correct horse 7\"\r\nb LOGOUT\r\n",
			[]string{"a NO [PRIVACYREQUIRED]"}, nil, wire.Command, wire.PasswordClear},
		{"imap password as a literal", wire.IMAP, fault.Plan{}, false, "a LOGIN {4+}\r\nuser {3+}\r\nabc\r\nb LOGOUT\r\n",
			[]string{"a NO [PRIVACYREQUIRED]", "b OK"}, nil, wire.Command, wire.PasswordClear},
		{"smtp password in the clear", wire.SMTP, fault.Plan{}, false, "EHLO x\r\nAUTH PLAIN AHVzZXIAc2VjcmV0\r\nQUIT\r\n",
			[]string{"523 "}, nil, wire.Command, wire.PasswordClear},
		{"smtp user name only", wire.SMTP, fault.Plan{}, false, "EHLO x\r\nAUTH LOGIN dXNlcg==\r\nQUIT\r\n", []string{"523 "}, nil, wire.Command, wire.NoPassword},
		{"pop3 password in the clear", wire.POP3, fault.Plan{}, false, "USER user\r\nPASS secret\r\nQUIT\r\n",
			[]string{"-ERR [AUTH]"}, nil, wire.Command, wire.PasswordClear},
		{"password to a false challenge", wire.SMTP, rule("AUTH", "334 ", fault.GoOn), false, "EHLO x\r\nAUTH PLAIN\r\nAHVzZXIAc2VjcmV0\r\nQUIT\r\n",
			[]string{"334 \r\n"}, nil, wire.Command, wire.PasswordClear},
		{"injection", wire.IMAP, fault.Plan{}, false, "a STARTTLS\r\nb LOGOUT\r\n", []string{"a OK"}, []string{"b OK"}, wire.Asked, wire.NoPassword},
		{"line without end", wire.POP3, fault.Plan{}, false, strings.Repeat("x", 20000), []string{"-ERR line too long"}, nil, wire.Greeted, wire.NoPassword},
	}
	for _, c := range cases {
		for _, split := range []bool{false, true} {
			if split && len(c.send) > 1000 {
				continue
			}
			cfg := a.config(c.dialect, false)
			cfg.Plan = c.plan
			if c.noTLS {
				cfg.TLS = nil
			}
			l, records := wiretest.Listen(t, cfg)
			got := converse(t, l, c.send, split)
			r := wiretest.Next(t, records)
			for _, w := range c.want {
				if !strings.Contains(got, w) {
					t.Errorf("%s (split %v): %q lacks %q", c.name, split, got, w)
				}
			}
			for _, n := range c.never {
				if strings.Contains(got, n) {
					t.Errorf("%s (split %v): %q has %q", c.name, split, got, n)
				}
			}
			if r.Stage != c.stage || r.Password != c.secret {
				t.Errorf("%s (split %v): stage %s, password %s", c.name, split, r.Stage, r.Password)
			}
		}
	}
}

// converse waits for the greeting, sends, half closes, and reads to the end.
func converse(t *testing.T, l *wire.Listener, send string, split bool) string {
	t.Helper()
	c := wiretest.Dial(t, l)
	defer c.Close()
	first := make([]byte, 4)
	if _, err := io.ReadFull(c, first); err != nil {
		t.Fatal(err)
	}
	step := len(send)
	if split {
		step = 1
	}
	for i := 0; i < len(send); i += step {
		if _, err := io.WriteString(c, send[i:i+step]); err != nil {
			break // closed as planned: what it said is still to be read
		}
	}
	c.(*net.TCPConn).CloseWrite()
	rest, _ := io.ReadAll(c)
	return string(first) + string(rest)
}

// TestStay wants silence after an answer: the client is the first to close.
func TestStay(t *testing.T) {
	a := newAccount(t)
	cfg := a.config(wire.SMTP, false)
	cfg.Plan.Lines = []fault.Line{{Command: "STARTTLS", Answer: "220 go", Then: fault.Stay}}
	l, records := wiretest.Listen(t, cfg)
	c := wiretest.Dial(t, l)
	r := bufio.NewReader(c)
	r.ReadString('\n')
	io.WriteString(c, "STARTTLS\r\n")
	if line, err := r.ReadString('\n'); line != "220 go\r\n" {
		t.Fatalf("answer %q: %v", line, err)
	}
	sent, done := make(chan struct{}), make(chan error)
	client := tls.Client(&tell{Conn: c, sent: sent}, a.pair.Client)
	go func() { done <- client.Handshake() }()
	<-sent
	c.(*net.TCPConn).CloseWrite()
	if err := <-done; err == nil {
		t.Error("a silent server finished a handshake")
	}
	if rec := wiretest.Next(t, records); rec.Stage != wire.Hello || rec.SNI != "mail.lab.test" {
		t.Errorf("record %+v", rec)
	}
}

// TestReplyInOneSegment reads what one write of the server brought.
func TestReplyInOneSegment(t *testing.T) {
	a := newAccount(t)
	l, _ := wiretest.Listen(t, a.config(wire.SMTP, false))
	c := wiretest.Dial(t, l)
	buf := make([]byte, 4096)
	c.Read(buf)
	io.WriteString(c, "EHLO x\r\n")
	n, err := c.Read(buf)
	if got := string(buf[:n]); err != nil || !strings.HasPrefix(got, "250-") || !strings.HasSuffix(got, "250 LIMITS RCPTMAX=100\r\n") {
		t.Errorf("first segment %q, %v", got, err)
	}
}

// TestHelloGluedToStartTLS: a client may send its ClientHello without waiting for the answer.
func TestHelloGluedToStartTLS(t *testing.T) {
	a := newAccount(t)
	l, records := wiretest.Listen(t, a.config(wire.IMAP, false))
	c := wiretest.Dial(t, l)
	client := tls.Client(&glued{Conn: c, first: "a STARTTLS\r\n"}, a.pair.Client)
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	io.WriteString(client, "b LOGOUT\r\n")
	rest, _ := io.ReadAll(client)
	if !strings.HasPrefix(string(rest), "* BYE") {
		t.Errorf("after TLS the first line is %q, not the answer to the first command", rest)
	}
	if r := wiretest.Next(t, records); r.Stage != wire.Command || r.SNI != "mail.lab.test" {
		t.Errorf("record %+v", r)
	}
}

// glued puts text before the first write, and drops two lines before the first read.
type glued struct {
	net.Conn
	first string
	lines *bufio.Reader
}

func (g *glued) Write(p []byte) (int, error) {
	if _, err := g.Conn.Write(append([]byte(g.first), p...)); err != nil {
		return 0, err
	}
	g.first = ""
	return len(p), nil
}

func (g *glued) Read(p []byte) (int, error) {
	if g.lines == nil {
		g.lines = bufio.NewReader(g.Conn)
		g.lines.ReadString('\n')
		g.lines.ReadString('\n')
	}
	return g.lines.Read(p)
}
