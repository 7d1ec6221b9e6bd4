package certs_test

import (
	"bytes"
	"crypto/x509"
	"slices"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/certs"
)

// issuerConstructors are the faults of issuerfaults.go, with what shows them.
func issuerConstructors() []constructed {
	return []constructed{
		{"FetchableIntermediate", certs.FetchableIntermediate(), func(s sight) bool {
			return len(s.b.Documents()) > 0 && len(s.path) > 0 && bytes.Equal(s.path[0].Raw, s.b.Documents()[0].Body) &&
				slices.ContainsFunc(s.leaf.IssuingCertificateURL, func(u string) bool { return strings.HasSuffix(u, s.b.Documents()[0].Path) }) &&
				!slices.ContainsFunc(slices.Concat(s.sent, s.a.Intermediates()), s.path[0].Equal)
		}},
		{"ExpiredCrossSign", certs.ExpiredCrossSign(), func(s sight) bool {
			return slices.ContainsFunc(s.b.Chain, func(c *x509.Certificate) bool { return detour(c) && over(c) && c.IsCA })
		}},
		{"DistrustedRoot", certs.DistrustedRoot(), func(s sight) bool {
			top := s.leaf
			if len(s.path) > 0 {
				top = s.path[len(s.path)-1]
			}
			return !s.trusted() && slices.ContainsFunc(s.a.Distrusted(), func(c *x509.Certificate) bool { return bytes.Equal(c.RawSubject, top.RawIssuer) })
		}},
		{"NameConstraint", certs.NameConstraint("other.test"), func(s sight) bool {
			return slices.ContainsFunc(s.path, func(c *x509.Certificate) bool {
				return subordinate(c) && slices.Equal(c.PermittedDNSDomains, []string{"other.test"})
			})
		}},
		{"LeafIssuer", certs.LeafIssuer(), func(s sight) bool {
			return len(s.path) > 0 && !s.path[0].IsCA && len(s.path[0].DNSNames) > 0 && slices.ContainsFunc(s.sent, s.path[0].Equal)
		}},
		{"SHA1Intermediate", certs.SHA1Intermediate(), func(s sight) bool {
			return slices.ContainsFunc(s.path, func(c *x509.Certificate) bool { return c.SignatureAlgorithm == x509.ECDSAWithSHA1 })
		}},
	}
}

// formConstructors are the faults of formfaults.go, with what shows them.
func formConstructors() []constructed {
	return []constructed{
		{"ULabel", certs.ULabel("münchen.lab.test"), func(s sight) bool {
			_, err := x509.ParseCertificate(s.leaf.Raw)
			return err != nil && bytes.Contains(s.leaf.Raw, []byte("\x82\x11münchen.lab.test")) && slices.Equal(s.leaf.DNSNames, []string{"münchen.lab.test"})
		}},
		{"ValidFor", certs.ValidFor(900), func(s sight) bool { return s.leaf.NotAfter.Equal(s.leaf.NotBefore.AddDate(0, 0, 900)) }},
		{"MD5", certs.MD5(), func(s sight) bool { return s.leaf.SignatureAlgorithm == x509.MD5WithRSA }},
		{"KeyUsage", certs.KeyUsage("keyAgreement"), func(s sight) bool {
			return s.leaf.KeyUsage&x509.KeyUsageKeyAgreement != 0 && s.leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0
		}},
		{"CriticalExtension", certs.CriticalExtension(), func(s sight) bool { return len(s.leaf.UnhandledCriticalExtensions) == 1 }},
	}
}

// Each cure issues the same certificate anew but for one thing, also where crypto/x509 alone
// could not have written it.
func TestRareFaultsAreReissued(t *testing.T) {
	for _, c := range []struct {
		name   string
		fault  certs.Fault
		change certs.Change
		cured  bool
	}{
		{"dates", certs.ValidFor(900), certs.Change{Dates: true}, true},
		{"dates keep the signature", certs.MD5(), certs.Change{Dates: true}, false},
		{"signature", certs.MD5(), certs.Change{Signature: true}, true},
		{"another issuer cannot sign with MD5", certs.MD5(), certs.Change{Trusted: true}, true},
		{"names", certs.ULabel("münchen.lab.test"), certs.Change{Names: []string{certs.DefaultHost}}, true},
		{"another issuer keeps the names", certs.ULabel("münchen.lab.test"), certs.Change{Trusted: true}, false},
		{"usage", certs.KeyUsage("keyAgreement"), certs.Change{ServerAuth: true}, true},
		{"another key keeps the usage", certs.KeyUsage("keyAgreement", "keyEncipherment"), certs.Change{StrongKey: true}, false},
		{"extension", certs.CriticalExtension(), certs.Change{Signature: true}, true},
		{"dates keep the extension", certs.CriticalExtension(), certs.Change{Dates: true}, false},
	} {
		a := authority(t)
		b := built(t, a, c.fault)
		again, err := a.Reissue(b, c.change)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for _, k := range formConstructors() {
			if k.fault.Kind == c.fault.Kind && k.seen(look(a, again)) == c.cured {
				t.Errorf("%s: the fault is cured: %v, want %v", c.name, !c.cured, c.cured)
			}
		}
	}
}

// The cross-certificate is dropped by whose key it certifies, and nothing else is.
func TestWithoutCross(t *testing.T) {
	a := authority(t)
	b := built(t, a, certs.ExpiredCrossSign(), certs.RootAlsoSent())
	if got := b.WithoutCross(a.Roots()); len(b.Chain) != 4 || len(got.Chain) != 3 || !got.Chain[2].Equal(a.Root()) {
		t.Errorf("of %d certificates %d are left, the last %s", len(b.Chain), len(got.Chain), got.Chain[len(got.Chain)-1].Subject)
	}
	if healthy := built(t, a); len(healthy.WithoutCross(a.Roots()).Chain) != len(healthy.Chain) {
		t.Error("a chain without a cross-certificate is changed")
	}
}

func TestDocuments(t *testing.T) {
	a := authority(t)
	b, err := a.Build(certs.Spec{Publisher: "http://127.0.0.1:8080/", Faults: []certs.Fault{certs.FetchableIntermediate()}})
	if err != nil {
		t.Fatal(err)
	}
	d := b.Documents()[0]
	if got, want := b.Leaf().IssuingCertificateURL[0], "http://127.0.0.1:8080"+d.Path; got != want {
		t.Errorf("the leaf says %s, want %s", got, want)
	}
	c, err := x509.ParseCertificate(d.Body)
	if err != nil || b.Leaf().CheckSignatureFrom(c) != nil || d.Type != "application/pkix-cert" {
		t.Errorf("%v: what is published is not the issuer", err)
	}
	if !certs.NeedsPublisher([]certs.Fault{certs.FetchableIntermediate()}) || certs.NeedsPublisher([]certs.Fault{certs.OmitIntermediate()}) {
		t.Error("NeedsPublisher does not tell them apart")
	}
}
