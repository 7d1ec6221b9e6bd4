package httpd_test

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/internal/httpd"
	"github.com/mailtlslab/mailtlslab/lab/internal/mailbox"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire/wiretest"
)

func TestPage(t *testing.T) {
	store := mailbox.New(mailbox.Options{User: "user", Password: "secret", Address: "user@lab.test"})
	for _, subject := range []string{"older", "<script>alert(1)</script>"} {
		if err := store.Deliver([]byte("From: <b>x</b>\r\nSubject: " + subject + "\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
	}
	for _, root := range [][]byte{nil, {0x30, 0x00}} {
		s := httpd.New(httpd.Options{Store: store, Hostname: "mail.lab.test", Root: root})
		pair := wiretest.Healthy(t)
		l, _ := wiretest.Listen(t, wire.Config{Dialect: wire.HTTP, Implicit: true, TLS: pair.Server, Handler: s})
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: pair.Client, ForceAttemptHTTP2: true}}
		get := func(path string) (int, string, http.Header) {
			resp, err := client.Get("https://" + l.Addr().String() + path)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			return resp.StatusCode, string(body), resp.Header
		}
		code, body, header := get("/")
		if code != 200 || !strings.Contains(body, "<title>Lab webmail</title>") || header.Get("Date") == "" {
			t.Errorf("page: %d %s", code, body)
		}
		if strings.Contains(body, "<script") || strings.Contains(body, "<b>x") || strings.Index(body, "alert(1)") > strings.Index(body, "older") {
			t.Errorf("page must escape and begin with the newest: %s", body)
		}
		code, body, header = get("/root.cer")
		if root == nil && code != 404 || root != nil && (body != string(root) || header.Get("Content-Type") != "application/x-x509-ca-cert") {
			t.Errorf("root: %d %q", code, body)
		}
		if code, _, _ = get("/else"); code != 404 {
			t.Errorf("elsewhere: %d", code)
		}
		client.CloseIdleConnections()
		l.Close()
		s.Close()
	}
}

// TestPageIsBounded: however much is sent, and whatever is in it that a reader would not see.
func TestPageIsBounded(t *testing.T) {
	store := mailbox.New(mailbox.Options{User: "user", Password: "secret", Address: "user@lab.test"})
	const evil = "\x1b[31m\u202egpj.exe\u200b\x9b\xff\u0007"
	for range 300 {
		if err := store.Deliver([]byte("From: " + evil + "\r\nSubject: =?utf-8?q?=1B]0;x=07=E2=80=AE?= " + evil + strings.Repeat(" long", 20_000) + "\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
	}
	s := httpd.New(httpd.Options{Store: store, Hostname: "mail.lab.test"})
	defer s.Close()
	pair := wiretest.Healthy(t)
	l, _ := wiretest.Listen(t, wire.Config{Dialect: wire.HTTP, Implicit: true, TLS: pair.Server, Handler: s})
	defer l.Close()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: pair.Client}}
	defer client.CloseIdleConnections()
	resp, err := client.Get("https://" + l.Addr().String() + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if len(body) > 200<<10 || strings.Count(string(body), "<li>") != 100 || !strings.Contains(string(body), "Older ones: 200.") {
		t.Errorf("%d bytes, %d messages", len(body), strings.Count(string(body), "<li>"))
	}
	for _, r := range string(body) {
		if r != '\n' && !strconv.IsPrint(r) {
			t.Fatalf("%q is raw on the page", r)
		}
	}
	if !strings.Contains(string(body), `\x1b[31m\u202egpj.exe\u200b`) {
		t.Error("what was escaped is not to be seen")
	}
}
