package probe

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

// FuzzStartTLS says anything at all to the plaintext part of a look.
func FuzzStartTLS(f *testing.F) {
	for i, text := range []string{
		"* OK hi\r\n* CAPABILITY STARTTLS\r\na1 OK\r\na2 OK\r\n* injected\r\n\x16\x03\x03",
		"* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\na1 NO\r\n",
		"* PREAUTH [CAPABILITY \r\n* BYE\r\n",
		"+OK\r\n+OK\r\nSTLS\r\n.\r\n+OK\r\n",
		"+OK\r\n-ERR\r\n",
		"220-x\r\n220 y\r\n250-x\r\n250 STARTTLS\r\n220 go\r\n",
		"554 no\r\n", "22", "220", "", "\n\n\n", "\x15\x03\x01\x00\x02\x02\x46",
	} {
		f.Add(byte(i), []byte(text))
	}
	endpoints := account.StartTLSEndpoints()
	f.Fuzz(func(t *testing.T, which byte, said []byte) {
		s := (&Prober{}).session(account.For(endpoints[int(which)%len(endpoints)], host))
		s.link = &link{Conn: &again{first: said, Conn: nowhere{}}, idle: time.Millisecond}
		s.talk = newLines(s.link)
		err := s.greet()
		if err == nil {
			err = s.ask()
		}
		if err == nil {
			err = s.upgrade()
		}
		if err == nil {
			early, _ := s.talk.r.Peek(s.talk.r.Buffered())
			s.link.expectTLS(true, early)
			var b []byte
			if b, err = io.ReadAll(s.link); len(b) > 0 && !looksLikeRecord(b) {
				t.Errorf("text reaches the handshake: %q", b)
			}
		}
		if err != nil {
			s.fail(t.Context(), err)
		}
		kept, err := json.Marshal(s.obs)
		if err != nil || len(kept) > 1<<20 {
			t.Fatalf("%d bytes, %v", len(kept), err)
		}
		roundTrip(t, s.obs)
	})
}

// nowhere is a connection that takes everything and says no more.
type nowhere struct{ net.Conn }

func (nowhere) Read([]byte) (int, error)         { return 0, io.EOF }
func (nowhere) Write(p []byte) (int, error)      { return len(p), nil }
func (nowhere) SetDeadline(time.Time) error      { return nil }
func (nowhere) SetReadDeadline(time.Time) error  { return nil }
func (nowhere) SetWriteDeadline(time.Time) error { return nil }
func (nowhere) Close() error                     { return nil }

// FuzzRecords reads a chain out of anything.
func FuzzRecords(f *testing.F) {
	f.Add([]byte("\x16\x03\x03\x00\x0d\x0b\x00\x00\x09\x00\x00\x06\x00\x00\x03abc"))
	f.Add([]byte("\x16\x03\x03\x00\x04\x0b\xff\xff\xff\x14\x03\x03\x00\x01\x01"))
	f.Fuzz(func(t *testing.T, tape []byte) {
		for _, der := range chainInRecords(tape) {
			if len(der) > len(tape) || !bytes.Contains(tape, der[:min(len(der), 1)]) {
				t.Errorf("%x out of %x", der, tape)
			}
		}
	})
}
