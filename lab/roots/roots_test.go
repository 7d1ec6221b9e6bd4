package roots_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/roots"
)

func now() time.Time { return time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC) }

// self returns a certificate for host.test that signs itself.
func self(t *testing.T) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	draft := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "host.test"}, DNSNames: []string{"host.test"},
		NotBefore: now().AddDate(0, 0, -1), NotAfter: now().AddDate(0, 1, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, draft, draft, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func judged(s roots.Store, c *x509.Certificate) []finding.Code {
	j := chain.Judge{Knowledge: s.Knowledge()}
	return finding.Codes(j.Judge(chain.Evidence{Certificates: [][]byte{c.Raw}, Host: "host.test", At: now()}).Findings)
}

// A store decides what is trusted, whatever else is known.
func TestStores(t *testing.T) {
	c := self(t)
	public, err := roots.Public()
	if err != nil {
		t.Fatal(err)
	}
	if len(public.Roots) < 50 || len(public.Removed) == 0 {
		t.Errorf("%d roots, %d removed", len(public.Roots), len(public.Removed))
	}
	for _, r := range public.Roots {
		if !r.Preinstalled {
			t.Errorf("%s is not what devices come with", r.Certificate.Subject)
		}
	}
	added := public
	added.Roots = append(slices.Clone(public.Roots), chain.ParseRoots([][]byte{c.Raw})...)
	for name, row := range map[string]struct {
		store roots.Store
		want  []finding.Code
	}{
		"public":             {public, []finding.Code{finding.SelfSigned}},
		"public and its own": {added, []finding.Code{}},
		"its own":            {roots.Of([]*x509.Certificate{c}, nil), []finding.Code{}},
		"known, no more":     {roots.Of(nil, []*x509.Certificate{c}), []finding.Code{finding.SelfSigned}},
		"nothing":            {roots.Store{}, []finding.Code{finding.SelfSigned}},
	} {
		if got := judged(row.store, c); !slices.Equal(got, row.want) {
			t.Errorf("%s: found %v, want %v", name, got, row.want)
		}
	}
}
