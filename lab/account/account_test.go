package account_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

func TestEndpoints(t *testing.T) {
	want := []struct {
		e       account.Endpoint
		p       account.Protocol
		m       account.Mode
		port    int
		sibling account.Endpoint
	}{
		{"imaps", "imap", "tls", 993, "imap"},
		{"imap", "imap", "starttls", 143, "imaps"},
		{"pop3s", "pop3", "tls", 995, "pop3"},
		{"pop3", "pop3", "starttls", 110, "pop3s"},
		{"submissions", "submission", "tls", 465, "submission"},
		{"submission", "submission", "starttls", 587, "submissions"},
		{"https", "https", "tls", 443, ""},
	}
	all := account.Endpoints()
	if len(all) != len(want) {
		t.Fatalf("%d endpoints", len(all))
	}
	var implicit, starttls, mail []account.Endpoint
	for i, w := range want {
		e := all[i]
		if e != w.e || !e.Valid() || e.Protocol() != w.p || e.Mode() != w.m || e.Port() != w.port {
			t.Errorf("%s: %s %s %d", e, e.Protocol(), e.Mode(), e.Port())
		}
		if got, ok := account.EndpointOf(w.p, w.m); !ok || got != w.e {
			t.Errorf("of %s and %s: %q", w.p, w.m, got)
		}
		if got, ok := account.EndpointOnPort(w.port); !ok || got != w.e {
			t.Errorf("on %d: %q", w.port, got)
		}
		if got, ok := e.Sibling(); got != w.sibling || ok != (w.sibling != "") {
			t.Errorf("sibling of %s: %q", e, got)
		}
		if w.p != account.HTTPS {
			mail = append(mail, e)
			if w.m == account.ImplicitTLS {
				implicit = append(implicit, e)
			}
		}
		if w.m == account.StartTLS {
			starttls = append(starttls, e)
		}
	}
	for _, c := range []struct{ got, want []account.Endpoint }{
		{account.ImplicitEndpoints(), implicit}, {account.StartTLSEndpoints(), starttls}, {account.MailEndpoints(), mail},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%v, want %v", c.got, c.want)
		}
	}
}

func TestNoEndpoint(t *testing.T) {
	for _, e := range []account.Endpoint{"", "smtp", "IMAPS"} {
		if _, ok := e.Sibling(); e.Valid() || e.Port() != 0 || ok {
			t.Errorf("%q is an endpoint", e)
		}
	}
	if e, ok := account.EndpointOnPort(25); ok {
		t.Errorf("25 is %s", e)
	}
	if e, ok := account.EndpointOf(account.IMAP, account.Plaintext); ok {
		t.Errorf("plaintext IMAP is %s", e)
	}
}

func TestSNI(t *testing.T) {
	for _, c := range []struct {
		set  account.Settings
		want string
	}{
		{account.Settings{Host: "mail.lab.test"}, "mail.lab.test"},
		{account.Settings{Host: "mail.lab.test."}, "mail.lab.test"}, // RFC 6066 section 3: without a trailing dot
		{account.Settings{Host: "mail.lab.test", ServerName: "other.lab.test"}, "other.lab.test"},
		{account.Settings{Host: "mail.lab.test", NoSNI: true}, ""},
		{account.Settings{Host: "mail.lab.test", ServerName: "other.lab.test", NoSNI: true}, ""},
		{account.Settings{Host: "192.0.2.1"}, ""},
		{account.Settings{Host: "2001:db8::1"}, ""},
		{account.Settings{Host: "fe80::1%eth0"}, ""},
		{account.Settings{Host: "192.0.2.1", ServerName: "mail.lab.test"}, "mail.lab.test"},
		{account.Settings{Host: "mail.lab.test", ServerName: "192.0.2.1"}, ""},
		{account.Settings{}, ""},
	} {
		if got := c.set.SNI(); got != c.want {
			t.Errorf("%+v sends %q, want %q", c.set, got, c.want)
		}
	}
}

func TestAddress(t *testing.T) {
	set := account.For(account.IMAPS, "mail.lab.test")
	if set.Target() != "mail.lab.test:993" || set.Address() != "mail.lab.test:993" {
		t.Errorf("%s at %s", set.Target(), set.Address())
	}
	set.Addresses = map[string]string{"mail.lab.test:993": "127.0.0.1:20000", "mail.lab.test:143": "127.0.0.1:20001"}
	if set.Address() != "127.0.0.1:20000" {
		t.Errorf("dials %s", set.Address())
	}
	set.Port = 995 // not mapped
	if set.Address() != "mail.lab.test:995" {
		t.Errorf("dials %s", set.Address())
	}
	if six := account.For(account.Web, "2001:db8::1"); six.Target() != "[2001:db8::1]:443" {
		t.Errorf("target %s", six.Target())
	}
}

func TestWords(t *testing.T) {
	for mode, want := range map[account.Mode]string{
		account.ImplicitTLS: "imap on h:993 with implicit TLS", account.StartTLS: "imap on h:993 with STARTTLS",
		account.Plaintext: "imap on h:993 with no encryption",
	} {
		if got := (account.Settings{Endpoint: account.IMAPS, Host: "h", Port: 993, Mode: mode}).String(); got != want {
			t.Errorf("%q", got)
		}
	}
}

// full has every field set, so that one forgotten by JSON shows.
func full() account.Settings {
	return account.Settings{
		Endpoint: account.SubmissionStart, Host: "mail.lab.test", Port: 587, Mode: account.StartTLS, ServerName: "other.lab.test", NoSNI: true,
		Addresses: map[string]string{"mail.lab.test:587": "127.0.0.1:1"}, Clock: time.Date(2020, 2, 29, 1, 2, 3, 4, time.UTC),
		Published: "_submission._tcp.lab.test", MinVersion: 0x0301, MaxVersion: 0x0303, SmallHello: true, Roots: [][]byte{{1, 2}, {3}}, MissingRoots: []string{"f0"},
		Exceptions: []account.Exception{{Host: "mail.lab.test", Port: 587, Fingerprint: "ab"}},
		Session:    account.Session{Ticket: []byte{1}, State: []byte{2}},
	}
}

func TestSettingsSurviveJSON(t *testing.T) {
	v := reflect.ValueOf(full())
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("%s is not tested", v.Type().Field(i).Name)
		}
	}
	for _, want := range []account.Settings{{}, account.For(account.IMAPS, "h"), full()} {
		data, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got account.Settings
		if err := json.Unmarshal(data, &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\n%+v, %v", data, got, err)
		}
	}
}
