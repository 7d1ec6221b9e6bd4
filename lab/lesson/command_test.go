package lesson

import (
	"slices"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

func TestQuoted(t *testing.T) {
	for in, want := range map[string]string{
		"/tmp/lab/root.pem": "/tmp/lab/root.pem", "my lab/root.pem": "'my lab/root.pem'", "it's": `'it'\''s'`, "": "''", "$(x)": "'$(x)'",
	} {
		if got := Quoted(in); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func TestLines(t *testing.T) {
	for _, c := range []struct {
		name string
		c    scenarios.Case
		e    account.Endpoint
		at   string
		want []string
	}{
		{"by address", scenarios.Case{}, account.IMAPS, "127.0.0.1:4711",
			[]string{"curl --cacert 'my root.pem' --resolve mail.lab.test:4711:127.0.0.1 -u anna:secret imaps://mail.lab.test:4711/"}},
		{"by an address of IPv6", scenarios.Case{}, account.Web, "[::1]:4711",
			[]string{"curl --cacert 'my root.pem' --resolve mail.lab.test:4711:[::1] https://mail.lab.test:4711/"}},
		{"by name", scenarios.Case{}, account.POP3S, "lab.example:4711",
			[]string{"curl --cacert 'my root.pem' --connect-to mail.lab.test:4711:lab.example:4711 -u anna:secret pop3s://mail.lab.test:4711/"}},
		{"an account by number", scenarios.Case{Host: "127.0.0.1"}, account.IMAPStartTLS, "127.0.0.1:4711",
			[]string{"openssl s_client -connect 127.0.0.1:4711 -noservername -verify_ip 127.0.0.1 -starttls imap -CAfile 'my root.pem' -verify_return_error </dev/null"}},
		{"a clock", scenarios.Case{Device: scenarios.Device{Clock: -1}}, account.Submissions, "127.0.0.1:4711", []string{
			"openssl s_client -connect 127.0.0.1:4711 -servername mail.lab.test -verify_hostname mail.lab.test -CAfile 'my root.pem' -attime 1773403200 -verify_return_error </dev/null",
		}},
		{"a clock, where the server tells the time", scenarios.Case{Device: scenarios.Device{Clock: -1}}, account.Web, "127.0.0.1:4711", []string{
			"openssl s_client -connect 127.0.0.1:4711 -servername mail.lab.test -verify_hostname mail.lab.test -CAfile 'my root.pem' -attime 1773403200 -verify_return_error </dev/null",
			"mailtlslab diagnose --ca 'my root.pem' --time 2026-03-13T12:00:00Z --resolve mail.lab.test:443:127.0.0.1:4711 mail.lab.test:443",
		}},
	} {
		got := Lines(scenarios.Scenario{Case: c.c}, c.e, Place{
			Address: c.at, Root: "my root.pem", User: "anna", Password: "secret", Now: time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC),
		})
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\ngot  %q\nwant %q", c.name, got, c.want)
		}
	}
}

// TestSettings: what is on the server needs nothing to be set, and what is not does.
func TestSettings(t *testing.T) {
	for _, s := range scenarios.All() {
		elsewhere := s.Device != (scenarios.Device{}) || s.DNS != (scenarios.DNS{})
		if got := Settings(s, time.Unix(0, 0)); (len(got) > 0) != elsewhere {
			t.Errorf("%s: %q", s.ID, got)
		}
	}
}
