package chain_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/internal/mint"
)

func critical() func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}, Critical: true, Value: []byte{5, 0}}}
	}
}

func withoutBasics(c *x509.Certificate) {
	c.BasicConstraintsValid, c.IsCA, c.MaxPathLen = false, false, 0
}

// oddRows are chains that certs.Authority does not make.
func oddRows(t testing.TB) []row {
	t.Helper()
	root := forge(t, "Root", "", nil)
	ca := forge(t, "CA", "", root)
	leaf := forge(t, host, host, ca)
	upper := forge(t, "Upper", "", root)
	lower := forge(t, "Lower", "", upper)
	deep := forge(t, host, host, lower)
	private := forge(t, "Private Root", "", nil)
	privateCA := forge(t, "Private CA", "", private)
	ours := forge(t, host, host, privateCA)
	odd := func(name, codes string, know *chain.Knowledge, chain ...*forged) row {
		return row{name: name, codes: codes, know: know, evidence: served(raws(chain...), host, now())}
	}
	limited := forge(t, "Upper", "", root, func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = 0, true })
	below := forge(t, "Lower", "", limited)
	deaf := forge(t, "CA", "", root, critical())
	clients := forge(t, "CA", "", root, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })
	signless := forge(t, "CA", "", root, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature })
	basic := forge(t, "Upper", "", root, withoutBasics)
	basicLower := forge(t, "Lower", "", basic)
	fetched := forge(t, host, host, ca, func(c *x509.Certificate) { c.IssuingCertificateURL = []string{"ldap://x/", "http://aia.test/ca.der"} })
	oldRoot := forge(t, "Old Root", "", nil)
	oldRoot = mint.Version1(t, oldRoot, oldRoot)
	return append(trustRows(t, odd, root, ca, leaf), []row{
		odd("healthy", "", trusting(root), leaf, ca),
		odd("healthy, on P-384", "", trusting(root), forgeWith(t, on(t, elliptic.P384()), host, host, ca), ca),
		odd("healthy, on P-521", "", trusting(root), forgeWith(t, on(t, elliptic.P521()), host, host, ca), ca),
		odd("two below the root", "", trusting(root), deep, lower, upper),
		odd("the upper of two not sent", "missing-intermediate", trusting(root, upper), deep, lower),
		odd("neither of two sent", "missing-intermediate missing-intermediate", trusting(root, upper, lower), deep),
		odd("a root trusted and sent before its ca", "chain-order root-also-sent", trusting(root), leaf, root, ca),
		odd("a ca that is trusted itself", "", trusting(ca), leaf, ca),
		odd("a leaf that is trusted itself", "", trusting(leaf), leaf),
		odd("everything sent twice", "", trusting(root), leaf, leaf, ca, ca),
		odd("private, root known", "issuer-not-trusted", trusting(root, private), ours, privateCA),
		odd("private, nothing sent, all known", "issuer-not-trusted", trusting(root, private, privateCA), ours),
		odd("critical extension", "unknown-critical-extension", trusting(root), forge(t, host, host, ca, critical()), ca),
		odd("critical extensions, expired", "expired unknown-critical-extension unknown-critical-extension", trusting(root), forge(t, host, host, deaf, critical(), window(-9*time.Hour, -time.Hour)), deaf),
		odd("path length", "path-length-exceeded", trusting(root), forge(t, host, host, below), below, limited),
		odd("path length, kept", "", trusting(root), forge(t, host, host, limited), limited),
		odd("ca for clients", "intermediate-wrong-purpose", trusting(root), forge(t, host, host, clients), clients),
		odd("ca for clients, leaf too", "wrong-purpose intermediate-wrong-purpose", trusting(root), forge(t, host, host, clients, func(c *x509.Certificate) { c.ExtKeyUsage = clients.ExtKeyUsage }), clients),
		odd("ca may not sign", "issuer-not-a-ca", trusting(root), forge(t, host, host, signless), signless),
		odd("upper ca without basic constraints", "issuer-not-a-ca", trusting(root), forge(t, host, host, basicLower), basicLower, basic),
		odd("window the wrong way round", "expired not-yet-valid", trusting(root), forge(t, host, host, ca, window(24*time.Hour, -24*time.Hour)), ca),
		{name: "an unreadable ca besides the right one", codes: "", know: trusting(root), evidence: served([][]byte{leaf.Raw, {0x30, 0x80}, ca.Raw}, host, now())},
		{name: "lone leaf that says where its issuer is", codes: "issuer-unknown", asks: "http://aia.test/ca.der", know: trusting(root), evidence: served(raws(fetched), host, now())},
		odd("version 1 root, trusted", "", trusting(oldRoot), forge(t, host, host, oldRoot)),
		odd("version 1 root, private and sent", "issuer-not-trusted", trusting(root), forge(t, host, host, oldRoot), oldRoot),
	}...)
}

// on returns a key on a curve.
func on(t testing.TB, curve elliptic.Curve) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// trustRows are about who signed what.
func trustRows(t testing.TB, odd func(string, string, *chain.Knowledge, ...*forged) row, root, ca, leaf *forged) []row {
	t.Helper()
	double := forge(t, "CA", "", root) // the same name, another key
	twin := forge(t, "Root", "", nil)
	twinCA := forge(t, "CA", "", twin.Unidentified())
	v1 := mint.Version1(t, ca, root)
	v1Upper := mint.Version1(t, forge(t, "Upper", "", root), root)
	v1Lower := forge(t, "Lower", "", v1Upper)
	anonymous := forge(t, host, host, double.Unidentified())
	loopA := forge(t, "A", "", nil)
	loopB := forge(t, "B", "", loopA)
	loopA2 := &forged{Certificate: parse(t, crossed(t, loopA, loopB)), Key: loopA.Key}
	constrained := forge(t, "CA", "", root, func(c *x509.Certificate) {
		c.PermittedDNSDomains, c.PermittedDNSDomainsCritical = []string{"example.com"}, true
	})
	noIP := forge(t, "CA", "", root, func(c *x509.Certificate) {
		_, all, _ := net.ParseCIDR("0.0.0.0/0")
		c.ExcludedIPRanges = []*net.IPNet{all}
	})
	return []row{
		odd("issuer with another key", "issuer-key-mismatch", trusting(root), forge(t, host, host, double), ca),
		odd("issuer with another key, not sent", "issuer-key-mismatch", trusting(root, ca), forge(t, host, host, double)),
		odd("issuer with another key, itself private", "issuer-key-mismatch", trusting(nil), forge(t, host, host, double), ca),
		odd("signature that fits nothing, no key named", "bad-signature", trusting(root), anonymous, ca),
		odd("private root with a trusted namesake, no keys named", "issuer-key-mismatch", trusting(root), forge(t, host, host, twinCA), twinCA, twin),
		odd("two keys, the right one second", "", trusting(root), leaf, double, ca),
		odd("version 1 ca", "issuer-not-a-ca", trusting(root), forge(t, host, host, v1.Unidentified()), v1),
		odd("version 1 upper ca", "issuer-not-a-ca", trusting(root), forge(t, host, host, v1Lower), v1Lower, v1Upper),
		odd("two that sign each other", "issuer-not-trusted", trusting(root), forge(t, host, host, loopB), loopB, loopA2),
		odd("name constraints", "ca-not-allowed-for-name", trusting(root), forge(t, host, host, constrained), constrained),
		odd("name constraints, expired", "ca-not-allowed-for-name expired", trusting(root), forge(t, host, host, constrained, window(-9*time.Hour, -time.Hour)), constrained),
		odd("name constraints that exclude an address", "ca-not-allowed-for-name", trusting(root), forge(t, host, host, noIP, func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(10, 0, 0, 1)} }), noIP),
	}
}

// crossed returns f's certificate as if by had issued it.
func crossed(t testing.TB, f, by *forged) []byte {
	t.Helper()
	tmpl := *f.Certificate
	der, err := x509.CreateCertificate(rand.Reader, &tmpl, by.Certificate, f.Key.Public(), by.Key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestOddChains(t *testing.T) {
	for _, r := range oddRows(t) {
		t.Run(strings.ReplaceAll(r.name, " ", "-"), func(t *testing.T) { r.check(t) })
	}
}

// TestManyCertificates: 200 certificates are a nuisance, not a fault, and take no long time.
func TestManyCertificates(t *testing.T) {
	root := forge(t, "Root", "", nil)
	ca := forge(t, "CA", "", root)
	strange, sameName := raws(forge(t, host, host, ca), ca), raws(forge(t, host, host, ca, window(-9*time.Hour, -time.Hour)))
	for i := range 198 {
		strange = append(strange, forge(t, fmt.Sprint("Stranger ", i), "", nil).Raw)
		sameName = append(sameName, forge(t, "CA", "", root).Raw)
	}
	for _, c := range []struct {
		chain [][]byte
		want  string
	}{{strange, "unrelated-certificate"}, {append(sameName, ca.Raw), ""}} {
		r := row{evidence: served(c.chain, host, now()), know: trusting(root, ca)}.judge()
		sane(t, r)
		for _, f := range r.Findings {
			if c.want != "" && string(f.Code) != c.want {
				t.Errorf("%s: %s", f.Code, f.Summary)
			}
		}
	}
}

// TestLongNames: what a server writes into a certificate ends up in sentences, and may be long,
// or no text at all. Escaping is the printer's work; the length is ours.
func TestLongNames(t *testing.T) {
	for _, name := range []string{strings.Repeat("\x1b[31m\r\n\x00", 14), strings.Repeat("x", 30000), strings.Repeat("ü", 5000)} {
		private := forge(t, name, "", nil)
		ca := forge(t, name+" CA", "", private)
		leaf := forge(t, name, "x.test", ca, window(-9*time.Hour, -time.Hour), critical(), func(c *x509.Certificate) {
			c.DNSNames = slices.Repeat([]string{strings.Repeat("a.", 2000) + "test"}, 50)
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		})
		for _, chain := range [][][]byte{raws(leaf), raws(leaf, ca), raws(leaf, ca, private), raws(private), raws(ca, leaf)} {
			r := row{evidence: served(chain, host, now()), know: trusting(nil, ca)}.judge()
			sane(t, r)
			for _, f := range r.Findings {
				if !utf8.ValidString(f.Summary) || !utf8.ValidString(strings.Join(f.Evidence, "")) {
					t.Errorf("%s: a letter was cut in two", f.Code)
				}
			}
		}
	}
	if got := said((row{evidence: served(newAuthority(t).Chain(t, certs.SelfSigned()), strings.Repeat("x.", 3000)+"test", now()), know: nothing()}).judge()); got != "self-signed name-mismatch | " {
		t.Error(got)
	}
}
