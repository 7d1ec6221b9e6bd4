package remedy

import (
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// foreignNames are names that nobody must be told to use, or to have a certificate for.
func foreignNames() []string {
	return []string{
		"evil.example.net", "*.example.net", "mail.other.co.uk", "localhost", "mailserver", "", ".", "..", "*.", "*", "-rf.customer.org",
		"mail.customer.org\nset it", "mail.customer.org; rm -rf /", "mail.customer.org\x1b[2J", "mail..customer.org", "customer.org@evil.example",
		"mаil.customer.org", "192.0.2.66", "co.uk", "customer.org.evil.example",
		"example.com", "localhost.localdomain", "imap.example.com", "@commonName@", "invalid2.invalid", "x.traefik.default", strings.Repeat("a.", 200) + "customer.org",
	}
}

// hostileFacts are what a server could have a diagnosis say.
func hostileFacts() []finding.Facts {
	return []finding.Facts{
		{},
		{Names: foreignNames(), Host: "evil.example.net", Port: 0, Mode: account.Plaintext, Address: "192.0.2.66:0"},
		{Names: foreignNames(), Port: -1, Mode: account.ImplicitTLS},
		{Names: foreignNames(), Port: 70000, Mode: account.StartTLS},
		{Names: foreignNames(), Port: 993, Mode: "none"},
		{Names: foreignNames(), Port: 993},
		{Names: []string{"*.customer.org"}, Port: 0, Mode: account.StartTLS},
	}
}

// TestNoCureProposesNonsense: whatever the facts of whatever code, no action names a stranger's
// name, a port that there is none of, or a connection without encryption, and no sentence does.
func TestNoCureProposesNonsense(t *testing.T) {
	b := open(t)
	for _, info := range finding.All() {
		for _, facts := range hostileFacts() {
			for _, detail := range append(finding.Details(info.Code), "") {
				for _, host := range []string{"mail.customer.org", "mail.customer.co.uk", "", "localhost", "198.51.100.7"} {
					f := finding.New(info.Code, "")
					f.Facts, f.Facts.Detail = facts, detail
					if (info.Code == finding.OutgoingServerName || info.Code == finding.HostNotFound) && len(facts.Names) > 0 {
						f.Facts.Names = facts.Names[1:] // the first is none of the certificate's: the account has it
					}
					set := account.For(account.IMAPS, host)
					chosen := Actions(f, set)
					for _, a := range chosen {
						nonsense(t, info.Code, a, host)
					}
					advice, ok := b.Advise(f, chosen, "")
					if !ok {
						t.Fatalf("no advice about %s", info.Code)
					}
					for _, words := range []string{advice.Short.You, advice.Short.Admin} {
						for _, never := range []string{"port 0", "port -1", "port 70000", "no encryption", "%!", "{"} {
							if strings.Contains(words, never) {
								t.Errorf("%s on %q: %q", info.Code, host, words)
							}
						}
					}
				}
			}
		}
	}
}

func nonsense(t *testing.T, c finding.Code, a action.Action, host string) {
	t.Helper()
	for _, n := range append(slices.Clone(a.Names), a.Host) {
		// Whoever connects to an address knows no name: the one in the certificate is all there is.
		byAddress := a.Kind == action.UseHost && net.ParseIP(host) != nil && usable(n)
		if n != "" && n != host && slices.Contains(foreignNames(), n) && !byAddress {
			t.Errorf("%s on %q: %s proposes %q", c, host, a.Kind, n)
		}
		if n == "localhost" {
			t.Errorf("%s on %q: %s proposes %q", c, host, a.Kind, n)
		}
	}
	if a.Kind == action.UseServer {
		t.Errorf("%s: %+v", c, a)
	}
	for _, never := range []string{"port 0", "no encryption", "for ,", "name ,", " for  ", "%!"} {
		if strings.Contains(a.String(), never) || strings.HasSuffix(a.String(), "for ") {
			t.Errorf("%s on %q: %q", c, host, a)
		}
	}
}

// TestOwnNamesAreProposed: what the account has, and names of its domain, stay.
func TestOwnNamesAreProposed(t *testing.T) {
	for _, tt := range []struct {
		code  finding.Code
		host  string
		names []string
		use   string // "" for none
		again string
	}{
		{finding.NameMismatch, "mail.customer.org", []string{"mx.customer.org"}, "mx.customer.org", "mail.customer.org mx.customer.org"},
		{finding.NameMismatch, "mail.customer.co.uk", []string{"mx.customer.co.uk", "mx.other.co.uk"}, "mx.customer.co.uk", "mail.customer.co.uk mx.customer.co.uk"},
		{finding.NameMismatch, "mail.customer.co.uk", []string{"mx.other.co.uk"}, "", "mail.customer.co.uk"},
		{finding.NameMismatch, "mail.example.com", []string{"pop.example.com"}, "pop.example.com", "mail.example.com pop.example.com"},
		{finding.NameMismatch, "mail.example.com", []string{"imap.example.com"}, "", "mail.example.com"}, // Dovecot ships it
		{finding.NameMismatch, "imap.example.com", []string{"mx.example.com"}, "mx.example.com", "imap.example.com mx.example.com"},
		{finding.WildcardDepth, "mail.eu.customer.org", []string{"*.customer.org"}, "", "mail.eu.customer.org *.customer.org"},
		{finding.ConnectByIP, "198.51.100.7", []string{"mail.provider.net"}, "mail.provider.net", ""},
		{finding.OutgoingServerName, "smtp.old.org", []string{"mail.customer.org", "x.evil.net"}, "mail.customer.org", "smtp.old.org mail.customer.org"},
		{finding.HostNotFound, "smtp.old.org", []string{"mail.customer.org"}, "mail.customer.org", ""},
	} {
		f := finding.New(tt.code, "")
		f.Facts.Names = tt.names
		use, again := "", ""
		for _, a := range Actions(f, account.For(account.Submissions, tt.host)) {
			switch a.Kind {
			case action.UseHost:
				use = a.Host
			case action.ReissueForNames:
				again = strings.Join(a.Names, " ")
			}
		}
		if use != tt.use || again != tt.again {
			t.Errorf("%s on %s with %v: use %q, reissue for %q", tt.code, tt.host, tt.names, use, again)
		}
	}
}

// TestNobodyHasADeviceBetweenServers: on port 25 no cure asks for what only a person with a mail
// program could do.
func TestNobodyHasADeviceBetweenServers(t *testing.T) {
	relay := account.Settings{Endpoint: account.SubmissionStart, Host: "mx.customer.org", Port: account.RelayPort, Mode: account.StartTLS}
	for _, info := range finding.All() {
		f := finding.New(info.Code, "")
		f.Facts = finding.Facts{Names: []string{"mail.customer.org"}, Port: 465, Mode: account.ImplicitTLS, Certificate: []byte{1}}
		for _, a := range Actions(f, relay) {
			if a.Party() == action.User {
				t.Errorf("%s: %s", info.Code, a)
			}
		}
	}
}
