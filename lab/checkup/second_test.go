package checkup_test

import (
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/checkup"
)

// TestSecondOpinion: a chain that only the machine's own store trusts is no less wrong, and it is said.
func TestSecondOpinion(t *testing.T) {
	data, know := minted(t, certs.PrivateCA())
	var own *x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		own, _ = x509.ParseCertificate(block.Bytes) // the last is nearest to the root
	}
	if own == nil {
		t.Fatal("no certificate")
	}
	trusting := x509.NewCertPool()
	trusting.AddCert(own)
	for _, c := range []struct {
		name string
		pool *x509.CertPool
		want bool
	}{{"trusts it", trusting, true}, {"does not", x509.NewCertPool(), false}, {"there is none", nil, false}} {
		asked := 0
		k := &checkup.Checkup{Knowledge: know, Second: func() *x509.CertPool { asked++; return c.pool }}
		a, _, err := k.Examine(t.Context(), checkup.Evidence{Host: host, Chain: &checkup.ChainFile{File: checkup.File{Name: "chain.pem", Data: data}}})
		if err != nil {
			t.Fatal(err)
		}
		said := slices.ContainsFunc(a.Places[0].Findings[0].Evidence, func(s string) bool { return strings.Contains(s, "the store of this machine trusts it") })
		if a.Verdict != checkup.Fail || said != c.want || asked != 1 {
			t.Errorf("%s: %s, said %t, asked %d times", c.name, a.Verdict, said, asked)
		}
	}
	good, know := minted(t)
	k := &checkup.Checkup{Knowledge: know, Second: func() *x509.CertPool { t.Error("asked about a chain in order"); return nil }}
	if _, _, err := k.Examine(t.Context(), checkup.Evidence{Host: host, Chain: &checkup.ChainFile{File: checkup.File{Name: "chain.pem", Data: good}}}); err != nil {
		t.Fatal(err)
	}
}
