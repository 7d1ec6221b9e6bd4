package imapd

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/internal/mailbox"
)

// A script is a connection whose client has said all it will.
type script struct {
	io.Reader
	mu   sync.Mutex // who idles writes from another goroutine
	said strings.Builder
}

func (s *script) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.Write(p)
}

func (s *script) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.String()
}

func (s *script) Close() error                     { return nil }
func (s *script) LocalAddr() net.Addr              { return nil }
func (s *script) RemoteAddr() net.Addr             { return nil }
func (s *script) SetDeadline(time.Time) error      { return nil }
func (s *script) SetReadDeadline(time.Time) error  { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }

// FuzzSession has whatever is sent after a login carried out to its end, without a panic.
func FuzzSession(f *testing.F) {
	for _, seed := range []string{
		"c FETCH 1:* (BODYSTRUCTURE ENVELOPE BODY[1.MIME]<1.2>)\r\nd STORE 1 +FLAGS (\\Deleted $x)\r\ne EXPUNGE\r\n",
		"c MOVE *:1 Trash\r\nd UID COPY 1:4294967295 INBOX\r\ne SEARCH RETURN (SAVE) OR 1 NOT (TEXT {1+}\r\nx)\r\nf FETCH $ FULL\r\n",
		"c APPEND INBOX (\\Seen) \"01-Jan-2026 00:00:00 +0000\" {3+}\r\na\r\n\r\nd IDLE\r\nDONE\r\ne CLOSE\r\nf EXAMINE INBOX\r\ng UID FETCH 1 BODY[]\r\n",
		"c CREATE a/b\r\nd RENAME a c\r\ne LIST (RECURSIVEMATCH SUBSCRIBED) \"\" (% \"c/*\") RETURN (STATUS (MESSAGES))\r\nf DELETE c/b\r\ng LSUB \"\" *\r\n",
		"c ENABLE UTF8=ACCEPT IMAP4rev2\r\nd SEARCH 1:* SUBJECT \"\xc3\xa4\"\r\ne STATUS INBOX (SIZE DELETED-STORAGE APPENDLIMIT)\r\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, commands string) {
		store := mailbox.New(mailbox.Options{User: "user", Password: "secret", Address: "user@lab.test"})
		for range 3 {
			if err := store.Deliver([]byte("Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n")); err != nil {
				t.Fatal(err)
			}
		}
		var mu sync.Mutex
		var said []string
		s := New(Options{Store: store, Logf: func(format string, args ...any) {
			mu.Lock()
			defer mu.Unlock()
			said = append(said, fmt.Sprintf(format, args...))
		}})
		c := &script{Reader: strings.NewReader("a LOGIN user secret\r\nb SELECT INBOX\r\n" + commands + "\r\nz LOGOUT\r\n")}
		s.parts.Secure.Hand(c)
		s.Close()
		if said := c.all(); !strings.Contains(said, "b OK [READ-WRITE]") {
			t.Errorf("nothing was carried out: %q", said)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, line := range said {
			if strings.Contains(line, "panic") {
				t.Error(line)
			}
		}
		count := 0
		for _, i := range store.Infos() {
			count += i.Messages
		}
		if count > mailbox.MaxMessages {
			t.Errorf("%d messages", count)
		}
	})
}
