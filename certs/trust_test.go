package certs

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// Whoever trusts the root trusts it with the lab's servers, and not with anybody's mail, programs
// or logins. What the root's own key signs is what a thief of the key could sign.
func TestRootIsTrustedForNothingElse(t *testing.T) {
	a, err := NewAuthority(Options{Now: testNow()})
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.Root())
	openssl, _ := exec.LookPath("openssl")
	root := filepath.Join(t.TempDir(), "root.pem")
	writePEM(t, root, a.Root().Raw)
	for name, c := range map[string]struct {
		edit    func(*x509.Certificate)
		usage   x509.ExtKeyUsage
		purpose string // OpenSSL's
		fine    bool
	}{
		"a server":           {func(c *x509.Certificate) { c.DNSNames = []string{DefaultHost} }, x509.ExtKeyUsageServerAuth, "sslserver", true},
		"another server":     {func(c *x509.Certificate) { c.DNSNames = []string{"example.com"} }, x509.ExtKeyUsageServerAuth, "sslserver", false},
		"mail":               {func(c *x509.Certificate) { c.EmailAddresses = []string{"boss@example.com"} }, x509.ExtKeyUsageEmailProtection, "smimesign", false},
		"mail of the lab":    {func(c *x509.Certificate) { c.EmailAddresses = []string{"anna@lab.test"} }, x509.ExtKeyUsageEmailProtection, "smimesign", false},
		"mail, by any usage": {func(c *x509.Certificate) { c.EmailAddresses = []string{"boss@example.com"} }, x509.ExtKeyUsageAny, "any", false},
		"an address, by any": {func(c *x509.Certificate) { c.URIs = []*url.URL{{Scheme: "https", Host: "example.com"}} }, x509.ExtKeyUsageAny, "any", false},
		"programs":           {func(*x509.Certificate) {}, x509.ExtKeyUsageCodeSigning, "codesign", false},
		"clients":            {func(c *x509.Certificate) { c.EmailAddresses = []string{"a@lab.test"} }, x509.ExtKeyUsageClientAuth, "sslclient", false},
	} {
		tmpl := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "x"}, NotBefore: testNow().Add(-day), NotAfter: testNow().Add(day),
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{c.usage}}
		if c.usage == x509.ExtKeyUsageAny {
			tmpl.ExtKeyUsage = nil
		}
		c.edit(tmpl)
		key, err := newKey()
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.CreateCertificate(rand.Reader, tmpl, a.Root(), key.Public(), a.root.key)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		_, err = leaf.Verify(x509.VerifyOptions{Roots: pool, CurrentTime: testNow(), KeyUsages: []x509.ExtKeyUsage{c.usage}})
		if (err == nil) != c.fine {
			t.Errorf("%s: x509 says %v", name, err)
		}
		if openssl == "" {
			continue
		}
		file := filepath.Join(t.TempDir(), "leaf.pem")
		writePEM(t, file, der)
		out, err := exec.Command(openssl, "verify", "-attime", strconv.FormatInt(testNow().Unix(), 10), "-CAfile", root, "-purpose", c.purpose, file).CombinedOutput()
		if (err == nil) != c.fine {
			t.Errorf("%s: openssl says %s", name, out)
		}
	}
}

func writePEM(t *testing.T, name string, der []byte) {
	t.Helper()
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}
