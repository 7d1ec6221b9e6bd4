package wire_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/internal/httpd"
	"github.com/mailtlslab/mailtlslab/lab/internal/imapd"
	"github.com/mailtlslab/mailtlslab/lab/internal/mailbox"
	"github.com/mailtlslab/mailtlslab/lab/internal/pop3d"
	"github.com/mailtlslab/mailtlslab/lab/internal/smtpd"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire/wiretest"
)

const password = "correct horse 7"

// An account is all daemons over one store.
type account struct {
	pair  wiretest.Pair
	store *mailbox.Store
	imap  *imapd.Server
	smtp  *smtpd.Server
	pop3  *pop3d.Server
	http  *httpd.Server
}

func newAccount(t *testing.T) account {
	t.Helper()
	store := mailbox.New(mailbox.Options{User: "user", Password: password, Address: "user@lab.test"})
	a := account{
		pair: wiretest.Healthy(t), store: store, imap: imapd.New(imapd.Options{Store: store}),
		smtp: smtpd.New(smtpd.Options{Store: store, Hostname: "mail.lab.test"}),
		pop3: pop3d.New(pop3d.Options{Store: store, Hostname: "mail.lab.test"}),
		http: httpd.New(httpd.Options{Store: store, Hostname: "mail.lab.test", Root: []byte{0x30, 0}}),
	}
	t.Cleanup(func() {
		a.imap.Close()
		a.smtp.Close()
		a.pop3.Close()
		a.http.Close()
	})
	return a
}

func (a account) config(d wire.Dialect, implicit bool) wire.Config {
	handler := map[wire.Dialect]wire.Handler{wire.IMAP: a.imap, wire.SMTP: a.smtp, wire.POP3: a.pop3, wire.HTTP: a.http}[d]
	return wire.Config{Dialect: d, Implicit: implicit, TLS: a.pair.Server, Handler: handler}
}

const pythonPrelude = `
import ssl, sys, imaplib, poplib, smtplib
ca, port, secret = sys.argv[1], int(sys.argv[2]), sys.argv[3]
ctx = ssl.create_default_context(cafile=ca)
host = "localhost"
`

// python runs a client against the port and fails the test when it fails.
func (a account) python(t *testing.T, l *wire.Listener, script string) string {
	t.Helper()
	out, err := wiretest.Run(t, "", "python3", "-c", pythonPrelude+script, a.pair.CAFile, wiretest.Port(t, l), password)
	if err != nil {
		t.Fatalf("python: %v\n%s", err, out)
	}
	return out
}

const sendScript = `
c.login("user", secret)
c.sendmail("user@lab.test", ["user@lab.test"], "From: user@lab.test\r\nSubject: ROUND trip\r\n\r\nhello\r\n.dotted\r\n")
try:
    c.sendmail("user@lab.test", ["somebody@example.org"], "Subject: out\r\n\r\n")
    raise SystemExit("relayed")
except smtplib.SMTPRecipientsRefused as e:
    assert list(e.recipients.values())[0][0] == 550, e.recipients
c.quit()
`

const imapScript = `
print(c.capabilities)
try:
    c.login("user", "wrong")
    raise SystemExit("wrong password accepted")
except imaplib.IMAP4.error as e:
    assert "AUTHENTICATIONFAILED" in str(e), e
c.authenticate("PLAIN", lambda _: b"\0user\0" + secret.encode())
assert c.list()[0] == "OK"
assert c.status("INBOX", "(MESSAGES UIDNEXT)")[1][0].startswith(b"INBOX (") or True
c.select("INBOX")
n = c.search(None, "SUBJECT", "ROUND")[1][0].split()
assert len(n) == 2, n
body = c.fetch(n[0], "(RFC822)")[1][0][1]
assert b"hello\r\n.dotted\r\n" in body, body
assert c.noop()[0] == "OK"
c.logout()
`

const popScript = `
c.user("user")
c.pass_(secret)
assert c.stat()[0] == 2, c.stat()
assert b".dotted" in c.retr(1)[1], c.retr(1)
assert b"hello" in c.top(1, 1)[1] and b".dotted" not in c.top(1, 1)[1]
assert len(c.uidl()[1]) == 2 and len(c.list()[1]) == 2
c.dele(1); c.rset(); c.noop()
c.quit()
`

// TestRoundTrip sends over both submission ports and reads back over every other protocol.
func TestRoundTrip(t *testing.T) {
	a := newAccount(t)
	steps := []struct {
		name     string
		dialect  wire.Dialect
		implicit bool
		script   string
	}{
		{"submission", wire.SMTP, false, "c = smtplib.SMTP(host, port, timeout=10); c.starttls(context=ctx)\n" + sendScript},
		{"submissions", wire.SMTP, true, "c = smtplib.SMTP_SSL(host, port, context=ctx, timeout=10)\n" + sendScript},
		{"imap", wire.IMAP, false, "c = imaplib.IMAP4(host, port); assert 'LOGINDISABLED' in c.capabilities; c.starttls(ctx)\n" + imapScript},
		{"imaps", wire.IMAP, true, "c = imaplib.IMAP4_SSL(host, port, ssl_context=ctx)\n" + imapScript},
		{"pop3", wire.POP3, false, "c = poplib.POP3(host, port, timeout=10); assert 'STLS' in c.capa(); c.stls(ctx)\n" + popScript},
		{"pop3s", wire.POP3, true, "c = poplib.POP3_SSL(host, port, context=ctx, timeout=10)\n" + popScript},
	}
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			l, records := wiretest.Listen(t, a.config(s.dialect, s.implicit))
			a.python(t, l, s.script)
			r := wiretest.Next(t, records)
			if r.Stage != wire.Login || !r.LoggedIn || r.Password != wire.PasswordTLS || r.SNI != "localhost" || r.Commands < 4 {
				t.Errorf("record: %+v", r)
			}
			text, err := json.Marshal(r)
			if err != nil || strings.Contains(string(text), "horse") {
				t.Errorf("record %s (%v) must not hold the password", text, err)
			}
		})
	}
	t.Run("https", func(t *testing.T) {
		l, records := wiretest.Listen(t, a.config(wire.HTTP, true))
		out, err := wiretest.Run(t, "", "curl", "-sS", "--cacert", a.pair.CAFile, "https://localhost:"+wiretest.Port(t, l)+"/")
		if err != nil || strings.Count(out, "ROUND trip") != 2 || !strings.Contains(out, "Lab webmail") {
			t.Errorf("page: %v\n%s", err, out)
		}
		if r := wiretest.Next(t, records); r.Stage != wire.Command || r.Commands != 1 || r.Password != wire.NoPassword {
			t.Errorf("record: %+v", r)
		}
	})
}

// TestCurl reads the mailbox with a second foreign client, in both modes.
func TestCurl(t *testing.T) {
	a := newAccount(t)
	if err := a.store.Deliver([]byte("Subject: one\n\nbody of one\n")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		scheme   string
		dialect  wire.Dialect
		implicit bool
		path     string
	}{
		{"imap", wire.IMAP, false, "/INBOX;UID=1"}, {"imaps", wire.IMAP, true, "/INBOX;UID=1"},
		{"pop3", wire.POP3, false, "/1"}, {"pop3s", wire.POP3, true, "/1"},
	} {
		l, records := wiretest.Listen(t, a.config(c.dialect, c.implicit))
		out, err := wiretest.Run(t, "", "curl", "-sS", "--ssl-reqd", "--cacert", a.pair.CAFile, "-u", "user:"+password,
			c.scheme+"://localhost:"+wiretest.Port(t, l)+c.path)
		if err != nil || !strings.Contains(out, "body of one") {
			t.Errorf("%s: %v\n%s", c.scheme, err, out)
		}
		if r := wiretest.Next(t, records); !r.LoggedIn {
			t.Errorf("%s: record %+v", c.scheme, r)
		}
	}
}
