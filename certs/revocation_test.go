package certs

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ocsp"
)

func isTLSFeature(e pkix.Extension) bool { return e.Id.String() == "1.3.6.1.5.5.7.1.24" }

// listed, answered and stapled are what a client at the authority's time makes of the CRL, the
// responder's answer and the staple; "" when there is none.
func listed(b *Bundle) string {
	for _, d := range b.Documents() {
		if d.Type != "application/pkix-crl" || len(b.Leaf().CRLDistributionPoints) != 1 || !strings.HasSuffix(b.Leaf().CRLDistributionPoints[0], d.Path) {
			continue
		}
		list, err := x509.ParseRevocationList(d.Body)
		switch {
		case err != nil || list.CheckSignatureFrom(b.leaf.issuer.cert) != nil:
			return "broken"
		case list.NextUpdate.Before(testNow()):
			return "expired"
		case slices.ContainsFunc(list.RevokedCertificateEntries, func(e x509.RevocationListEntry) bool {
			return e.SerialNumber.Cmp(b.Leaf().SerialNumber) == 0 && e.ReasonCode == ocsp.KeyCompromise && e.RevocationTime.Before(testNow())
		}):
			return "revoked"
		}
		return "good"
	}
	return ""
}

func answered(b *Bundle) string {
	for _, d := range b.Documents() {
		if d.Type == "application/ocsp-response" && len(b.Leaf().OCSPServer) == 1 && strings.HasSuffix(b.Leaf().OCSPServer[0], d.Path) {
			return said(b, d.Body)
		}
	}
	return ""
}

func stapled(b *Bundle) string {
	if b.TLS().OCSPStaple == nil {
		return ""
	}
	return said(b, b.TLS().OCSPStaple)
}

func said(b *Bundle, der []byte) string {
	r, err := ocsp.ParseResponseForCert(der, b.Leaf(), b.leaf.issuer.cert)
	switch {
	case err != nil:
		return "broken"
	case r.NextUpdate.Before(testNow()):
		return "expired"
	case r.ThisUpdate.Before(b.Leaf().NotBefore):
		return "older than the certificate"
	case r.Status == ocsp.Revoked && r.RevocationReason == ocsp.KeyCompromise:
		return "revoked"
	case r.Status == ocsp.Good:
		return "good"
	}
	return "else"
}

func words(b *Bundle) string { return listed(b) + "/" + answered(b) + "/" + stapled(b) }

// Each fault speaks where it should, and each change cures what it is for and no more: a
// certificate with the compromised key is revoked under every serial number.
func TestWhatIsSaidOfALeaf(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults []Fault
		want   string // CRL, responder, staple
		renew  string // the same after new dates
		key    string // after a new key
		repair string // after the CA's services are repaired
		staple string // after stapling is repaired
	}{
		{"healthy", nil, "//", "//", "//", "//", "//"},
		{"revoked CRL", []Fault{CRL(StatusRevoked)}, "revoked//", "revoked//", "good//", "revoked//", "revoked//"},
		{"expired CRL", []Fault{CRL(StatusExpired)}, "expired//", "expired//", "expired//", "good//", "expired//"},
		{"no CRL", []Fault{CRL(StatusNone)}, "//", "//", "//", "good//", "//"},
		{"revoked staple", []Fault{Staple(StatusRevoked)}, "//revoked", "//revoked", "//good", "//revoked", "//revoked"},
		{"expired staple", []Fault{Staple(StatusExpired), OCSP(StatusGood)}, "/good/expired", "/good/expired", "/good/expired", "/good/expired", "/good/good"},
		{"missing staple", []Fault{MustStaple(), OCSP(StatusGood)}, "/good/", "/good/", "/good/", "/good/", "/good/good"},
		{"promise without a responder", []Fault{MustStaple()}, "//", "//", "//", "//", "//good"},
		{"responder down", []Fault{OCSP(StatusNone)}, "//", "//", "//", "/good/", "//"},
		{"responder out of date", []Fault{OCSP(StatusExpired)}, "/expired/", "/expired/", "/expired/", "/good/", "/expired/expired"},
		{"revoked everywhere", []Fault{CRL(StatusRevoked), OCSP(StatusRevoked), Staple(StatusRevoked)},
			"revoked/revoked/revoked", "revoked/revoked/revoked", "good/good/good", "revoked/revoked/revoked", "revoked/revoked/revoked"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAuthorityT(t)
			b, err := a.Build(Spec{Faults: c.faults, Publisher: "http://127.0.0.1:8080/"})
			if err != nil {
				t.Fatal(err)
			}
			if got := words(b); got != c.want {
				t.Errorf("says %q, want %q", got, c.want)
			}
			for _, change := range []struct {
				Change
				want string
			}{{Change{Dates: true}, c.renew}, {Change{StrongKey: true}, c.key}, {Change{Revocation: true}, c.repair}} {
				again, err := a.Reissue(b, change.Change)
				if err != nil {
					t.Fatal(err)
				}
				if got := words(again); got != change.want {
					t.Errorf("after %+v it says %q, want %q", change.Change, got, change.want)
				}
			}
			stapling, err := b.Stapling()
			if err != nil || words(stapling) != c.staple || !stapling.Leaf().Equal(b.Leaf()) {
				t.Errorf("stapling, the same certificate says %q (%v), want %q", words(stapling), err, c.staple)
			}
			if sorted := stapling.Sorted(); words(sorted) != c.staple {
				t.Error("putting the chain in order lost what is said of it")
			}
			if got := words(b); got != c.want {
				t.Errorf("the bundle itself has changed to %q", got)
			}
		})
	}
}

// An address at which nobody answers is not that of the publisher.
func TestNobodyAnswers(t *testing.T) {
	a := newAuthorityT(t)
	for _, publisher := range []string{"", "http://127.0.0.1:8080"} {
		b, err := a.Build(Spec{Faults: []Fault{CRL(StatusNone), OCSP(StatusNone)}, Publisher: publisher})
		if err != nil {
			t.Fatal(err)
		}
		for _, url := range append(b.Leaf().CRLDistributionPoints, b.Leaf().OCSPServer...) {
			if !strings.HasPrefix(url, "http://127.0.0.1:1/") {
				t.Errorf("with publisher %q: %s", publisher, url)
			}
		}
	}
}

func TestNeedsPublisher(t *testing.T) {
	for _, c := range []struct {
		faults []Fault
		want   bool
	}{
		{nil, false}, {[]Fault{Expired(Leaf, 1), MustStaple(), Staple(StatusGood)}, false},
		{[]Fault{CRL(StatusNone)}, true}, {[]Fault{MustStaple(), OCSP(StatusGood)}, true},
	} {
		if NeedsPublisher(c.faults) != c.want {
			t.Errorf("%v: want %t", c.faults, c.want)
		}
	}
}
