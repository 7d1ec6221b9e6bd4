package smtpd_test

import (
	"crypto/tls"
	"io"
	"net/textproto"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/internal/mailbox"
	"github.com/mailtlslab/mailtlslab/lab/internal/smtpd"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire/wiretest"
)

func TestDialog(t *testing.T) {
	store := mailbox.New(mailbox.Options{User: "user", Password: "secret", Address: "user@lab.test"})
	s := smtpd.New(smtpd.Options{Store: store, Hostname: "mail.lab.test"})
	defer s.Close()
	pair := wiretest.Healthy(t)
	l, records := wiretest.Listen(t, wire.Config{Dialect: wire.SMTP, TLS: pair.Server, Handler: s})
	defer l.Close()
	raw := wiretest.Dial(t, l)
	c := textproto.NewConn(raw)
	step := func(send string, code int) {
		t.Helper()
		if send != "" {
			io.WriteString(c.W, send+"\r\n")
			c.W.Flush()
		}
		if got, text, err := c.ReadResponse(code); err != nil {
			t.Fatalf("%q: %d %s: %v", send, got, text, err)
		}
	}
	step("", 220)
	step("EHLO x", 250)
	step("MAIL FROM:<user@lab.test>", 530)
	step("AUTH LOGIN", 523)
	step("STARTTLS", 220)
	c = textproto.NewConn(tls.Client(raw, pair.Client))
	step("EHLO x", 250)
	step("MAIL FROM:<user@lab.test>", 530)
	step("AUTH LOGIN", 334)
	step("dXNlcg==", 334)
	step("d3Jvbmc=", 535)
	step("AUTH LOGIN dXNlcg==", 334)
	step("c2VjcmV0", 235)
	step("MAIL FROM:<user@lab.test>", 250)
	step("RCPT TO:<x@example.org>", 550)
	step("RCPT TO:<user@lab.test>", 250)
	step("DATA", 354)
	step("Subject: one\r\n\r\nAUTH LOGIN\r\n.", 250)
	step("MAIL FROM:<user@lab.test> SIZE=99999999", 552)
	step("STARTTLS", 502)
	step("QUIT", 221)
	c.Close()
	if got := store.Sizes(store.Inbox()); len(got) != 1 {
		t.Errorf("store has %d messages", len(got))
	} else if m, release, err := store.Open(store.Inbox(), got[0].UID); err != nil || m.Subject() != "one" {
		t.Errorf("%v, subject %q", err, m.Subject())
	} else {
		release()
	}
	if r := wiretest.Next(t, records); r.Commands != 4+11 || r.Password != wire.PasswordTLS || !r.LoggedIn {
		t.Errorf("record %+v", r)
	}
}
