package wire

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/fault"
)

// scripted is a socket whose client says fixed bytes, at most step at a time, and then is gone.
type scripted struct {
	net.Conn
	in   []byte
	step int
	out  bytes.Buffer
}

func (s *scripted) Read(p []byte) (int, error) {
	n := copy(p[:min(len(p), s.step)], s.in)
	s.in = s.in[n:]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (s *scripted) Write(p []byte) (int, error)      { return s.out.Write(p) }
func (s *scripted) Close() error                     { return nil }
func (s *scripted) SetDeadline(time.Time) error      { return nil }
func (s *scripted) SetReadDeadline(time.Time) error  { return nil }
func (s *scripted) SetWriteDeadline(time.Time) error { return nil }

// through sends what a client says through a gate to a daemon that answers each line with the next
// of its own, and returns what either of them sees, and what is left for TLS.
func through(cfg *Config, client, daemon string, step int) (heard, answered string, early []byte, upgraded bool) {
	raw := &scripted{in: []byte(client), step: step}
	g := newGate(newConn(raw, cfg))
	replies := strings.SplitAfter(daemon, "\n")
	var got strings.Builder
	in := bufio.NewReader(g)
	for i := 0; ; i++ {
		if i < len(replies) {
			if _, err := io.WriteString(g, replies[i]); err != nil {
				break
			}
		}
		line, err := in.ReadString('\n')
		got.WriteString(line)
		if err != nil {
			break
		}
	}
	return got.String(), raw.out.String(), g.in, g.upgraded
}

// FuzzGate: whatever either side says, nothing is lost, changed or reordered on the way to the
// daemon, however the network cuts it up; and where nobody asked for it TLS does not begin.
func FuzzGate(f *testing.F) {
	f.Add(byte(0), byte(0), "a CAPABILITY\r\nb STARTTLS\r\n\x16\x03\x01early", "* OK [CAPABILITY STARTTLS] hi\r\n* CAPABILITY STARTTLS\r\na OK\r\n")
	f.Add(byte(1), byte(1), "CAPA\r\nSTLS\r\nQUIT\r\n", "+OK hi\r\n+OK\r\nSTLS\r\nTOP\r\n.\r\n")
	f.Add(byte(2), byte(2), "EHLO x\r\nAUTH LOGIN\r\ndQ==\r\ncA==\r\nDATA\r\nSTARTTLS\r\n.\r\nSTARTTLS\r\n", "220 hi\r\n250-x\r\n250 STARTTLS\r\n334 \r\n354 go\r\n")
	f.Add(byte(0), byte(3), "a LOGIN {3}\r\nann {2+}\r\nxy\r\n", "* OK\r\n+ go\r\na OK\r\n")
	f.Add(byte(3), byte(0), "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n")
	f.Fuzz(func(t *testing.T, which, plan byte, client, daemon string) {
		dialect := []Dialect{IMAP, POP3, SMTP, HTTP}[which%4]
		cfg := &Config{Dialect: dialect, TLS: &tls.Config{}}
		switch plan % 5 {
		case 1:
			cfg.Plan.Hide = []string{"STARTTLS", "STLS"}
		case 2:
			cfg.Plan.Lines = []fault.Line{{Command: dialect.upgrade(), Answer: "{tag} no"}, {Command: "NOOP", Answer: "two\nlines", Then: fault.Drop}}
		case 3:
			cfg.TLS = nil
		case 4:
			cfg.Plan.CutAfter = 40
		}
		heard, answered, early, upgraded := through(cfg, client, daemon, 1<<20)
		for _, step := range []int{1, 7} {
			heard2, answered2, early2, upgraded2 := through(cfg, client, daemon, step)
			// What is cut is cut at a byte; what was in flight to the daemon by then is the network's affair.
			cut := plan%5 == 4
			if !cut && heard != heard2 || answered != answered2 || !cut && upgraded != upgraded2 {
				t.Errorf("%s: in steps of %d the daemon hears %q and the client %q, at once %q and %q", dialect, step, heard2, answered2, heard, answered)
			}
			if upgraded && len(early2) > len(early) {
				t.Errorf("%s: %q comes before TLS, at once %q", dialect, early2, early)
			}
		}
		if plan%5 == 4 {
			if len(answered) > 40 {
				t.Errorf("cut after 40 bytes, and %d were sent", len(answered))
			}
			return
		}
		checkHeard(t, dialect, client, heard, upgraded)
		if cfg.TLS == nil && upgraded {
			t.Error("there is no certificate, and TLS begins")
		}
		if upgraded && !strings.HasSuffix(client, string(early)) {
			t.Errorf("%q goes into the handshake and was not said last", early)
		}
	})
}

// checkHeard: the daemon hears whole parts of what the client said, in its order.
func checkHeard(t *testing.T, dialect Dialect, client, heard string, upgraded bool) {
	t.Helper()
	rest := client
	for line := range strings.Lines(heard) {
		at := strings.Index(rest, line)
		if at < 0 {
			t.Fatalf("%s: the daemon hears %q, which the client did not say there: %q", dialect, line, client)
		}
		rest = rest[at+len(line):]
	}
	asks := dialect.upgrade() != "" && strings.Contains(strings.ToUpper(client), dialect.upgrade())
	if !asks && upgraded {
		t.Error("nobody asked, and TLS begins")
	}
	if dialect == HTTP && heard != client {
		t.Errorf("http is not passed on: %q", heard)
	}
}
