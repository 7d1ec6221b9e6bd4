package chain_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net/url"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// boundRows are about proxy certificates, and about names that constraints are held against.
func boundRows(t testing.TB) []row {
	t.Helper()
	root := forge(t, "Root", "", nil)
	narrow := forge(t, "CA", "", root, func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = 0, true })
	user := forge(t, "A User", "user.test", narrow)
	proxy := func(critical bool, more ...func(*x509.Certificate)) *forged {
		info := extension(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 14}, critical, []byte{0x30, 0})
		return forge(t, host, host, user, append(more, info)...)
	}
	clients := func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }
	old := window(-9*time.Hour, -time.Hour)
	at := func(name, codes string, certs ...*forged) row {
		return row{name: name, codes: codes, know: trusting(root), evidence: served(raws(certs...), host, now())}
	}
	constrained := func(more func(*x509.Certificate)) *forged { return forge(t, "CA", "", root, more) }
	dns := constrained(func(c *x509.Certificate) { c.ExcludedDNSDomains = []string{"bad.test"} })
	lab := constrained(func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"other.test"} })
	email := constrained(func(c *x509.Certificate) {
		c.PermittedEmailAddresses = []string{"good.test", ".better.test", "one@best.test"}
	})
	barred := constrained(func(c *x509.Certificate) { c.ExcludedEmailAddresses = []string{"bad.test"} })
	by := func(address string) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.Subject.ExtraNames = []pkix.AttributeTypeAndValue{
				{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: host},
				{Type: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}, Value: address},
			}
		}
	}
	uris := func(list ...string) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			for _, s := range list {
				u, err := url.Parse(s)
				if err != nil {
					t.Fatal(err)
				}
				c.URIs = append(c.URIs, u)
			}
		}
	}
	mail := func(list ...string) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.EmailAddresses = append(c.EmailAddresses, list...) }
	}
	also := func(name string) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.DNSNames = append(c.DNSNames, name) }
	}
	directories := constraints(t, []asn1.RawValue{general(4, directory(t, host))}, nil)
	within := forge(t, "CA", "", root, directories)
	free := forge(t, "CA", "", root)
	both := forge(t, "CA", "", root, directories, another)
	return []row{
		at("proxy", "wrong-purpose", proxy(true), user, narrow),
		at("proxy, not critical", "wrong-purpose", proxy(false), user, narrow),
		at("proxy for clients", "wrong-purpose", proxy(true, clients), user, narrow),
		at("proxy, expired", "expired wrong-purpose", proxy(true, old), user, narrow),
		at("proxy with another critical extension", "wrong-purpose unknown-critical-extension", proxy(true, another), user, narrow),
		at("a user who signs without that", "issuer-not-a-ca path-length-exceeded", forge(t, host, host, user), user, narrow),

		at("a uri without a host", "malformed-certificate", forge(t, host, host, dns, uris("urn:a:b")), dns),
		at("a uri with an address", "malformed-certificate", forge(t, host, host, dns, uris("http://10.0.0.1/")), dns),
		at("both, and an address without a host", "malformed-certificate", forge(t, host, host, dns, uris("urn:a:b", "http://10.0.0.1/"), mail("nobody")), dns),
		at("a dns name that is none", "malformed-certificate", forge(t, host, host, dns, also("a..b")), dns),
		at("the same, no constraints", "", forge(t, host, host, free, uris("urn:a:b"), mail("nobody")), free),
		at("a uri without a host, and a name that is excluded", "ca-not-allowed-for-name malformed-certificate", forge(t, host, host, dns, uris("urn:a:b"), also("x.bad.test")), dns),
		at("a uri without a host, expired", "expired malformed-certificate", forge(t, host, host, dns, uris("urn:a:b"), old), dns),
		at("an excluded name beside a wrong one", "ca-not-allowed-for-name name-mismatch", forge(t, "x.bad.test", "x.bad.test", dns), dns),
		at("not permitted, and a wrong name", "ca-not-allowed-for-name name-mismatch", forge(t, "x.bad.test", "x.bad.test", lab), lab),

		at("an address in the subject, permitted", "", forge(t, host, host, email, by("a@good.test")), email),
		at("an address in the subject, below", "", forge(t, host, host, email, by("a@x.BETTER.test")), email),
		at("an address in the subject, that very one", "", forge(t, host, host, email, by("one@best.test")), email),
		at("an address in the subject, not permitted", "ca-not-allowed-for-name", forge(t, host, host, email, by("two@best.test")), email),
		at("an address in the subject, excluded", "ca-not-allowed-for-name", forge(t, host, host, barred, by("a@bad.test")), barred),
		at("an address in the subject, not excluded", "", forge(t, host, host, barred, by("a@good.test")), barred),

		at("directory names and another extension", "unknown-critical-extension", forge(t, host, host, both), both),
		at("directory name within, in other letters", "unknown-critical-extension", forge(t, "MAIL.lab.test", host, within), within),
	}
}

// another adds an extension that nobody knows.
func another(c *x509.Certificate) {
	extension(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}, true, []byte{5, 0})(c)
}

func TestBounds(t *testing.T) {
	for _, r := range boundRows(t) {
		t.Run(r.name, r.check)
	}
}

// A certificate that is judged as a client's own says so, for its advice.
func TestClientsAreToldApart(t *testing.T) {
	root := forge(t, "Root", "", nil)
	servers := forge(t, "CA", "", root, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
	e := chain.Evidence{Certificates: raws(forge(t, host, host, servers), servers), At: now()}
	for usage, want := range map[chain.Usage]int{chain.Client: 2, chain.Server: 0, chain.Email: 0} {
		e.Usage = usage
		got := 0
		for _, f := range (chain.Judge{Knowledge: trusting(root)}).Judge(e).Findings {
			if f.Facts.Detail == finding.DetailForClients {
				got++
			}
		}
		if got != want {
			t.Errorf("%s: %d findings speak of clients, want %d", usage, got, want)
		}
	}
}

// Name constraints that only Go leaves unhandled are a warning where they are kept.
func TestDirectoryNamesAreAWarning(t *testing.T) {
	root := forge(t, "Root", "", nil)
	ca := forge(t, "CA", "", root, constraints(t, []asn1.RawValue{general(4, directory(t, host))}, nil))
	found := chain.Judge{Knowledge: trusting(root)}.Judge(served(raws(forge(t, host, host, ca), ca), host, now())).Findings
	if len(found) != 1 || found[0].Severity != "warning" {
		t.Errorf("%+v", found)
	}
}
