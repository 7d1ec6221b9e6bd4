package roots_test

import (
	"crypto/x509"
	"slices"
	"testing"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"github.com/mailtlslab/mailtlslab/lab/roots"
)

func TestNamed(t *testing.T) {
	for name, want := range map[string]roots.Kind{
		"C = US, O = Let's Encrypt, CN = R12": roots.Intermediate,
		"C=US, O=Let's Encrypt, CN=E7":        roots.Intermediate,
		"/C=US/O=Let's Encrypt/CN=R12":        roots.Intermediate,
		"CN=R12,O=Let's Encrypt,C=US":         roots.Intermediate,
		"CN=YR2,O=Let’s Encrypt,C=US":         roots.Intermediate,
		"C=US; O=Let's Encrypt; CN=R99":       roots.Intermediate,
		"Let's Encrypt Authority X3":          roots.Intermediate,
		"C = GB, ST = Greater Manchester, L = Salford, O = Sectigo Limited, CN = Sectigo RSA Domain Validation Secure Server CA": roots.Intermediate,
		"Sectigo RSA Domain Validation Secure Server CA":                         roots.Intermediate,
		"C=US, O=DigiCert Inc, CN=DigiCert TLS RSA SHA256 2020 CA1":              roots.Intermediate,
		"CN=RapidSSL TLS RSA CA G1, OU=www.digicert.com, O=DigiCert, Inc., C=US": roots.Intermediate,
		"C = US, O = Google Trust Services, CN = WR2":                            roots.Intermediate,
		"C = AT, O = ZeroSSL, CN = ZeroSSL RSA Domain Secure Site CA":            roots.Intermediate,
		"C = US, O = Amazon, CN = Amazon RSA 2048 M02":                           roots.Intermediate,
		`C=US,ST=Arizona,L=Scottsdale,O=GoDaddy.com\, Inc.,OU=http://certs.godaddy.com/repository/,CN=Go Daddy Secure Certificate Authority - G2`: roots.Intermediate,
		"C = BE, O = GlobalSign nv-sa, CN = GlobalSign GCC R3 DV TLS CA 2020":                                                                     roots.Intermediate,
		"C=PL, O=Unizeto Technologies S.A., OU=Certum Certification Authority, CN=Certum Domain Validation CA SHA2":                               roots.Intermediate,
		"C = US, O = Internet Security Research Group, CN = ISRG Root X1":                                                                         roots.Root,
		"CN=ISRG Root X1": roots.Root,
		"ISRG Root X1":    roots.Root,
		"O = Digital Signature Trust Co., CN = DST Root CA X3":                         roots.RetiredRoot,
		"/C=US/O=The Go Daddy Group, Inc./OU=Go Daddy Class 2 Certification Authority": roots.RetiredRoot,
		"CN = AddTrust External CA Root":                                               roots.RetiredRoot,
	} {
		if got, ok := roots.Named(name); got != want || !ok {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// Names that are nobody's, or of a private CA, are not taken for public ones.
func TestNotNamed(t *testing.T) {
	for _, name := range []string{
		"", "CN=", "/", "R12", "CN = R12", "C=US, O=Example, CN=R12", "O = Amazon, CN = Development CA", "C=US, CN=Root CA",
		"C = US, O = (STAGING) Let's Encrypt, CN = (STAGING) Counterfeit Cashew R10", "O=Microsoft Corporation, CN=Corporate Root",
		"CN = mail.example.com", "CN=ISRG Root X1, O=Somebody Else", "CN=ISRG Root", "O=Internet Security Research Group",
		"C = AU, ST = Some-State, O = Internet Widgits Pty Ltd", "CN=Fake LE Intermediate X1", "O=DigiCert Inc", "C = BE",
	} {
		if got, ok := roots.Named(name); ok {
			t.Errorf("%q: %q", name, got)
		}
	}
}

// Each root of the built-in bundle, and each retired one, is known by its own words.
func TestEveryRootIsNamed(t *testing.T) {
	check := func(der []byte, want roots.Kind) {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := roots.Named(c.Subject.String()); got != want {
			t.Errorf("%s: %q, want %q", c.Subject, got, want)
		}
	}
	for r := range bundle.Roots() {
		check(r.Certificate, roots.Root)
	}
	for _, d := range roots.Removals() {
		if d.Certificate != nil {
			check(d.Certificate, roots.RetiredRoot)
		}
	}
}

func TestKinds(t *testing.T) {
	if got := roots.Kinds(); !slices.Equal(got, []roots.Kind{roots.Intermediate, roots.Root, roots.RetiredRoot}) {
		t.Errorf("%q", got)
	}
}

func BenchmarkNamed(b *testing.B) {
	for b.Loop() {
		roots.Named("C=XX, O=Nobody at all, CN=nobody's CA")
	}
}
