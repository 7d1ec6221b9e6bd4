package diagnose_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// installedRows are looks at a server whose own file somebody gave.
func installedRows(t testing.TB) []row {
	t.Helper()
	root := forge(t, "Root", "", nil)
	ca := forge(t, "CA", "", root)
	leaf := func(more ...func(*x509.Certificate)) [][]byte { return raws(forge(t, host, host, root, more...)) }
	days := func(from, to int) func(*x509.Certificate) {
		return window(time.Duration(from)*24*time.Hour, time.Duration(to)*24*time.Hour)
	}
	set := func(name, codes string, file [][]byte, all ...probe.Observation) row {
		s := survey(all...)
		s.Installed = file
		return row{name: name, codes: codes, know: trusting(root), survey: s}
	}
	old, good, fresh := leaf(days(-90, -1)), leaf(days(-60, 30)), leaf(days(-1, 89))
	elsewhere := func(more ...func(*x509.Certificate)) [][]byte {
		return raws(forge(t, "other", "other.lab.test", root, more...))
	}
	lone := raws(forge(t, host, host, ca, days(-30, 60)))
	whole := append(raws(forge(t, host, host, ca, days(-1, 89))), ca.Raw)
	ending := leaf(days(-80, 3))
	kind := rsaKey(t)
	rsaFresh, rsaLone := raws(forgeWith(t, kind, host, host, root, days(-1, 89))), raws(forgeWith(t, kind, host, host, ca, days(-1, 89)))
	own := raws(forge(t, host, host, nil, days(-30, 60)))
	wide := elsewhere(days(-1, 89), func(c *x509.Certificate) { c.DNSNames = append(c.DNSNames, host) })
	proxied := raws(forge(t, host, host, forge(t, "Kaspersky Anti-Virus Personal Root Certificate", "", nil), days(-30, 60)))
	asked := func(r row, by string) row { r.literal, r.asks = true, by; return r }
	return []row{
		asked(set("expired, the new one in the file", "renewed-not-loaded", fresh, shown(imaps, old)), "https:443:tls"),
		set("in date, the new one in the file", "renewed-not-loaded", fresh, shown(imaps, good)),
		set("the same in the file", "", fresh, shown(imaps, fresh)),
		set("expired, the same in the file", "expired", old, shown(imaps, old)),
		set("expired, nothing given", "expired", nil, shown(imaps, old)),
		set("an older one in the file", "", good, shown(imaps, fresh)),
		set("an expired one in the file", "", old, shown(imaps, good)),
		set("issued later, ends sooner", "renewed-not-loaded", leaf(days(-1, 20)), shown(imaps, good)),
		set("issued sooner, ends later", "", leaf(days(-80, 60)), shown(imaps, good)),
		set("expired, issued sooner, ends later", "expired", leaf(days(-100, 60)), shown(imaps, old)),
		set("issued at once, ends later", "renewed-not-loaded", leaf(days(-60, 60)), shown(imaps, good)),
		set("issued at once, ends sooner", "", leaf(days(-60, 20)), shown(imaps, good)),
		set("issued and ends at once", "", leaf(days(-60, 30)), shown(imaps, good)),
		set("issued sooner, ends sooner", "", leaf(days(-80, 20)), shown(imaps, good)),
		set("newer, for another server", "expired", elsewhere(days(-1, 89)), shown(imaps, old)),
		set("garbage in the file", "expired", [][]byte{{48, 3, 2, 1, 1}}, shown(imaps, old)),

		set("another name is added", "renewed-not-loaded", wide, shown(imaps, elsewhere())),
		set("the issuer is added", "renewed-not-loaded", whole, shown(imaps, lone)),
		set("still without its issuer", "issuer-unknown renewed-not-loaded", raws(forge(t, host, host, ca, days(-1, 89))), shown(imaps, lone)),
		asked(set("expired, and the wrong name in both", "name-mismatch renewed-not-loaded", elsewhere(days(-1, 89)), shown(imaps, elsewhere(days(-90, -1)))), "https:443:tls"),
		set("a fault that only the file has", "renewed-not-loaded", leaf(days(1, 90)), shown(imaps, good)),

		set("another kind of key", "", rsaFresh, shown(imaps, good)),
		set("another kind of key, and expiring", "expires-soon", rsaFresh, shown(imaps, ending)),
		set("another kind of key, and still without its issuer", "issuer-unknown", rsaLone, shown(imaps, lone)),
		asked(set("another kind of key, and expired", "renewed-not-loaded", rsaFresh, shown(imaps, old)), "https:443:tls"),
		set("the same kind of key", "renewed-not-loaded", fresh, shown(imaps, ending)),

		set("the web, where a mail port has the one in the file", "renewed-not-loaded", fresh, shown(account.Web, good), shown(smtp, fresh)),
		set("the web, ending, where a mail port has the one in the file", "expires-soon renewed-not-loaded", fresh, shown(account.Web, ending), shown(smtp, fresh)),
		set("the web, ending, where no mail port has the one in the file", "renewed-not-loaded", fresh, shown(account.Web, ending), shown(smtp, good)),
		set("the web expired, where a mail port has the one in the file", "renewed-not-loaded", fresh, shown(account.Web, old), shown(smtp, fresh)),
		asked(set("the web, where another web server has the one in the file", "renewed-not-loaded", fresh, shown(account.Web, good), shown(account.Web, fresh)), "https:443:tls"),
		set("the web alone", "renewed-not-loaded", fresh, shown(account.Web, good)),
		set("a mail port, where another has the one in the file", "renewed-not-loaded", fresh, shown(imaps, good), shown(smtp, fresh)),

		set("before a guess from the web", "renewed-not-loaded", fresh, shown(imaps, old), shown(account.Web, good)),
		set("a guess from the web", "mail-service-not-reloaded", old, shown(imaps, old), shown(account.Web, good)),
		set("something in between", "local-interception", fresh, shown(imaps, proxied)),
		asked(set("a session from before", "", fresh, shown(imaps, good, resumed)), "imaps:993:tls"),
		set("trusted by hand, now trusted by all", "renewed-not-loaded", fresh, shown(imaps, own, excepting(993, own))),
		set("trusted by hand once, now trusted by all", "renewed-not-loaded", fresh, shown(imaps, own, excepting(993, good))),
		set("trusted by hand once, and not now", "renewed-not-loaded exception-stale", raws(forge(t, host, host, nil, days(-1, 89))), shown(imaps, own, excepting(993, good))),
	}
}

func TestRenewedOnDisk(t *testing.T) {
	for _, r := range installedRows(t) {
		t.Run(r.name, r.check)
	}
}

// What is cured by the file decides how grave it is that the file was not loaded.
func TestRenewedOnDiskWeighsWhatItCures(t *testing.T) {
	want := map[string]finding.Severity{
		"expired, the new one in the file":         finding.Error,
		"in date, the new one in the file":         finding.Warning,
		"still without its issuer":                 finding.Warning,
		"a fault that only the file has":           finding.Warning,
		"expired, and the wrong name in both":      finding.Error,
		"trusted by hand, now trusted by all":      finding.Warning,
		"trusted by hand once, and not now":        finding.Warning,
		"trusted by hand once, now trusted by all": finding.Error,

		"another kind of key, and expired": finding.Error,
		"the same kind of key":             finding.Warning,

		"the web, where a mail port has the one in the file":          finding.Note,
		"the web, ending, where a mail port has the one in the file":  finding.Note,
		"the web, ending, where no mail port has the one in the file": finding.Warning,
		"the web expired, where a mail port has the one in the file":  finding.Error,
		"the web, where another web server has the one in the file":   finding.Warning,
		"the web alone": finding.Warning,
		"a mail port, where another has the one in the file": finding.Warning,
	}
	for _, r := range installedRows(t) {
		severity, ok := want[r.name]
		if !ok {
			continue
		}
		fs := r.judge().Endpoints[0].Findings
		f := fs[slices.IndexFunc(fs, func(f finding.Finding) bool { return f.Code == finding.RenewedNotLoaded })]
		if f.Severity != severity {
			t.Errorf("%s: %s, want %s", r.name, f.Severity, severity)
		}
		text := strings.Join(f.Evidence, "\n")
		if strings.Count(text, "SHA-256 ") != 2 || strings.Contains(text, "refused too") != strings.Contains(f.Counterfactual.Text, "what else") {
			t.Errorf("%s: %s\n%s", r.name, text, f.Counterfactual.Text)
		}
		if !strings.Contains(f.Summary, "if this port uses this file") {
			t.Errorf("%s: says more than it knows: %s", r.name, f.Summary)
		}
		if own := strings.Contains(text, "a file of its own"); own != (severity == finding.Note) {
			t.Errorf("%s: a file of its own is spoken of: %v", r.name, own)
		}
	}
}

func rsaKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
