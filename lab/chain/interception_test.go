package chain_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"github.com/mailtlslab/mailtlslab/lab/chain"
)

func organized(name string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.Subject = pkix.Name{Organization: []string{name}} }
}

// interceptedRows are about who signed a chain in between. No scenario uses these products' names.
func interceptedRows(t testing.TB) []row {
	root := forge(t, "Root", "", nil)
	by := func(name string, more ...func(*x509.Certificate)) [][]byte {
		ca := forge(t, name, "", nil, more...)
		return raws(forge(t, host, host, ca), ca)
	}
	shield, cloud, words := by("Kaspersky Anti-Virus Personal Root Certificate"), by("", organized("Zscaler Inc.")), by("Contoso SSL Decryption 3")
	near := by("Mailshields and Proxies Ltd Root")
	at := func(name, codes string, sent [][]byte, when time.Time, own ...[]byte) row {
		e := served(sent, host, when)
		e.Roots = own
		return row{name: name, codes: codes, know: trusting(root), evidence: e}
	}
	return []row{
		at("antivirus", "local-interception", shield, now()),
		at("antivirus without its root", "local-interception", shield[:1], now()),
		at("antivirus in other letters", "local-interception", by("kaspersky ANTI-virus personal root of some day"), now()),
		at("proxy by its organisation", "interception", cloud, now()),
		at("proxy by its words", "interception", words, now()),
		at("proxy and expired", "interception expired root-expired", cloud, now().AddDate(2, 0, 0)),
		at("no proxy by its words", "issuer-not-trusted", near, now()),
		at("trusted proxy", "intercepted-but-valid", cloud, now(), cloud[1:]...),
		at("trusted company", "root-also-sent", near, now(), near[1:]...),
	}
}

func TestInterception(t *testing.T) {
	for _, r := range interceptedRows(t) {
		t.Run(strings.ReplaceAll(r.name, " ", "-"), func(t *testing.T) { r.check(t) })
	}
}

// TestNoPublicRootIsAProxy: no root of the Mozilla store has a name that makes it one, so that a
// trusted chain is called intercepted for no public CA's sake.
func TestNoPublicRootIsAProxy(t *testing.T) {
	n := 0
	for r := range bundle.Roots() {
		n++
		c := parse(t, r.Certificate)
		judge := chain.Judge{Knowledge: chain.NewKnowledge([]chain.Root{{Certificate: c}}, nil)}
		found := judge.Judge(chain.Evidence{Certificates: [][]byte{c.Raw}, At: now(), Usage: chain.Any}).Findings
		for _, f := range found {
			if strings.Contains(string(f.Code), "interce") {
				t.Errorf("%s is taken for a proxy", c.Subject)
			}
		}
	}
	if n < 50 {
		t.Errorf("only %d roots", n)
	}
}
