package pop3d

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/internal/mailbox"
)

type stream struct {
	io.Reader
	bytes.Buffer
}

func (s *stream) Read(p []byte) (int, error) { return s.Reader.Read(p) }

// talk runs one session over a fixed input and returns the replies.
func talk(store *mailbox.Store, secure bool, input string) string {
	rw := &stream{Reader: strings.NewReader(input)}
	s := session{store: store, hostname: "mail.lab.test", secure: secure, noteLogin: func(bool) {}, extend: func() error { return nil }}
	s.serve(rw)
	return rw.String()
}

func newStore() *mailbox.Store {
	s := mailbox.New(mailbox.Options{User: "user", Password: "secret", Address: "user@lab.test"})
	s.Deliver([]byte("Subject: one\r\n\r\n.dot\r\nsecond\r\n"))
	s.Deliver([]byte("Subject: two\r\n\r\nx"))
	return s
}

func TestSession(t *testing.T) {
	const login = "USER user\r\nPASS secret\r\n"
	for _, c := range []struct {
		name, input string
		clear       bool
		want        string // after the greeting and login
	}{
		{"refused in the clear", "USER user\r\nPASS secret\r\n", true, "-ERR [AUTH] TLS is required, use STLS\r\n-ERR [AUTH] TLS is required, use STLS\r\n"},
		{"not logged in", "STAT\r\nPASS x\r\n", false, "-ERR log in first\r\n-ERR USER first\r\n"},
		{"wrong", "USER user\r\nPASS x\r\nSTAT\r\n", false, "+OK now the password\r\n-ERR [AUTH] wrong user or password\r\n-ERR log in first\r\n"},
		{"plain", "AUTH PLAIN AHVzZXIAc2VjcmV0\r\nSTAT\r\n", false, "+OK logged in\r\n+OK 2 47\r\n"},
		{"plain in two steps", "AUTH PLAIN\r\nAHVzZXIAc2VjcmV0\r\nNOOP\r\n", false, "+ \r\n+OK logged in\r\n+OK nothing done\r\n"},
		{"dots", login + "RETR 1\r\n", false, "+OK message follows\r\nSubject: one\r\n\r\n..dot\r\nsecond\r\n.\r\n"},
		{"no line end", login + "RETR 2\r\n", false, "+OK message follows\r\nSubject: two\r\n\r\nx\r\n.\r\n"},
		{"top", login + "TOP 1 1\r\nTOP 1 0\r\nTOP 1\r\n", false,
			"+OK top follows\r\nSubject: one\r\n\r\n..dot\r\n.\r\n+OK top follows\r\nSubject: one\r\n\r\n.\r\n-ERR how many lines?\r\n"},
		{"deleted", login + "DELE 1\r\nRETR 1\r\nLIST\r\nUIDL 2\r\nRSET\r\nSTAT\r\n", false,
			"+OK deleted\r\n-ERR no such message\r\n+OK list follows\r\n2 17\r\n.\r\n+OK 2 lab-2\r\n+OK nothing is deleted\r\n+OK 2 47\r\n"},
		{"nonsense", login + "RETR 0\r\nRETR 99999999999999999999\r\nLIST x\r\n", false, strings.Repeat("-ERR no such message\r\n", 3)},
	} {
		got := talk(newStore(), !c.clear, c.input)
		got = strings.TrimPrefix(got, "+OK mail.lab.test POP3 server ready\r\n")
		got = strings.TrimPrefix(got, "+OK now the password\r\n+OK logged in\r\n")
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestQuitDeletes(t *testing.T) {
	s := newStore()
	talk(s, true, "USER user\r\nPASS secret\r\nDELE 1\r\n") // no QUIT: nothing is deleted
	if len(s.Sizes(s.Inbox())) != 2 {
		t.Error("deleted without QUIT")
	}
	talk(s, true, "USER user\r\nPASS secret\r\nDELE 1\r\nQUIT\r\n")
	if m := s.Sizes(s.Inbox()); len(m) != 1 || m[0].UID != 2 {
		t.Errorf("after QUIT: %d messages", len(m))
	}
}

func TestBounds(t *testing.T) {
	if got := talk(newStore(), true, strings.Repeat("x", 5000)); !strings.HasSuffix(got, "-ERR line too long\r\n") {
		t.Errorf("long line: %q", got)
	}
	if got := talk(newStore(), true, strings.Repeat("BAD\r\n", 50)); strings.Count(got, "unknown command") != maxBad {
		t.Errorf("bad commands: %q", got)
	}
}

func FuzzServe(f *testing.F) {
	f.Add("CAPA\r\nUSER user\r\nPASS secret\r\nSTAT\r\nLIST\r\nTOP 1 1\r\nRETR 2\r\nDELE 1\r\nQUIT\r\n", true)
	f.Add("AUTH PLAIN\r\n*\r\n", false)
	f.Fuzz(func(t *testing.T, input string, secure bool) {
		got := talk(newStore(), secure, input)
		if !strings.HasPrefix(got, "+OK ") || !strings.HasSuffix(got, "\r\n") {
			t.Errorf("replies %q", got)
		}
		if !secure && strings.Contains(got, "logged in") {
			t.Errorf("logged in without TLS: %q", got)
		}
	})
}
