package probe

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

func TestPlaintext(t *testing.T) {
	s := settings(account.IMAPStartTLS, serve(t, talking("* OK hi\r\n", "* CAPABILITY IMAP4rev1\r\na1 OK\r\n")))
	s.Mode = account.Plaintext
	ses := (&Prober{}).Open(t.Context(), s)
	defer ses.Close()
	expect(t, ses.Observation(), Done, Fine)
	if ses.Observation().TLS != nil || ses.Observation().Capabilities[0] != "IMAP4rev1" {
		t.Errorf("%+v", ses.Observation())
	}
	if err := ses.Login(t.Context(), account.Credentials{User: "u", Password: "p"}); !errors.Is(err, errNoLogin) {
		t.Errorf("a password in the clear: %v", err)
	}
	s = settings(account.Web, serve(t, talking("", "HTTP/1.1 200 OK\r\n\r\n")))
	s.Mode = account.Plaintext
	o := (&Prober{}).Look(t.Context(), s)
	expect(t, o, Done, Fine)
	if o.Greeting != "HTTP/1.1 200 OK" {
		t.Errorf("greeting %q", o.Greeting)
	}
}

func TestLogin(t *testing.T) {
	cfg := goodTLS(t)
	for _, e := range account.Endpoints() {
		s := settings(e, serve(t, healthy(e, cfg)))
		for password, ok := range map[string]bool{"right": true, "wrong": e == account.Web} {
			ses := (&Prober{}).Open(t.Context(), s)
			err := ses.Login(t.Context(), account.Credentials{User: `u"x`, Password: password})
			ses.Close()
			if ok && err != nil {
				t.Errorf("%s: %v", e, err)
			}
			_, refused := errors.AsType[*LoginError](err)
			if !ok && (!refused || ses.Observation().LoginRefused == "" || strings.Contains(ses.Observation().LoginRefused, password)) {
				t.Errorf("%s: %v, kept %q", e, err, ses.Observation().LoginRefused)
			}
			if err := ses.Login(t.Context(), account.Credentials{}); !errors.Is(err, errNoLogin) {
				t.Errorf("%s: login after close: %v", e, err)
			}
		}
	}
	ses := (&Prober{}).Open(t.Context(), settings(account.IMAPS, serve(t, healthy(account.IMAPS, cfg))))
	if err := ses.Login(t.Context(), account.Credentials{User: "u", Password: "rïght"}); err != nil {
		t.Errorf("literal: %v", err)
	}
	if err := ses.Login(t.Context(), account.Credentials{User: "u\r\nx"}); err == nil {
		t.Error("a line end was sent")
	}
	ses.Close()
	silent := (&Prober{Timeout: brief}).Open(t.Context(), settings(account.IMAPS, serve(t, inTLS(cfg, talking("* OK\r\n")))))
	defer silent.Close()
	if err := silent.Login(t.Context(), account.Credentials{User: "u", Password: "p"}); !isTimeout(err) {
		t.Errorf("silent at login: %v", err)
	}
}

// A server that knows only AUTH LOGIN gets the words one by one; nobody else does.
func TestAuthLogin(t *testing.T) {
	inside := func(c net.Conn) {
		_, _ = io.WriteString(c, "220 hi\r\n")
		replies := map[string]string{
			"EHLO [127.0.0.1]": "250-x\r\n250 AUTH LOGIN\r\n", "AUTH LOGIN": "334 VXNlcm5hbWU6\r\n",
			"dQ==": "334 UGFzc3dvcmQ6\r\n", "cA==": "235 ok\r\n",
		}
		answers(c, func(line string) string { return replies[line] })
	}
	ses := (&Prober{}).Open(t.Context(), settings(account.Submissions, serve(t, inTLS(goodTLS(t), inside))))
	defer ses.Close()
	if err := ses.Login(t.Context(), account.Credentials{User: "u", Password: "p"}); err != nil {
		t.Error(err)
	}
}
