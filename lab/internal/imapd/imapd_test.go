package imapd_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/internal/imapd"
	"github.com/mailtlslab/mailtlslab/lab/internal/mailbox"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire/wiretest"
)

// TestDialog talks in raw lines, as c-client programs and idling phones do.
func TestDialog(t *testing.T) {
	store := mailbox.New(mailbox.Options{User: "user", Password: "secret", Address: "user@lab.test"})
	s := imapd.New(imapd.Options{Store: store})
	defer s.Close()
	pair := wiretest.Healthy(t)
	l, records := wiretest.Listen(t, wire.Config{Dialect: wire.IMAP, Implicit: true, TLS: pair.Server, Handler: s})
	defer l.Close()
	c := tls.Client(wiretest.Dial(t, l), pair.Client)
	r := bufio.NewReader(c)
	until := func(send, want string) {
		t.Helper()
		io.WriteString(c, send)
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				t.Fatalf("waiting for %q: %v", want, err)
			}
			if strings.HasPrefix(line, want) {
				return
			}
		}
	}
	until("", "* OK [CAPABILITY IMAP4rev1")
	until("a AUTHENTICATE PLAIN\r\n", "+ \r\n")
	until("AHVzZXIAc2VjcmV0\r\n", "a OK")
	until("b IDLE\r\n", "+ ")
	until("DONE\r\n", "b OK")
	until("c SELECT inbox\r\n", "c OK")
	until("d IDLE\r\n", "+ ")
	if err := store.Deliver([]byte("Subject: news\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	until("", "* 1 EXISTS")
	until("DONE\r\n", "d OK")
	until("e FETCH 1 (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])\r\n", "Subject: news")
	until("f DELETE INBOX\r\n", "f NO")
	until("g NAMESPACE\r\n", "g OK")
	until("h LOGOUT\r\n", "h OK")
	c.Close()
	if rec := wiretest.Next(t, records); rec.Commands != 8 || rec.Stage != wire.Login {
		t.Errorf("record %+v", rec)
	}
}
