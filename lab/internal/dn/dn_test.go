package dn_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mailtlslab/mailtlslab/lab/internal/dn"
)

// The same name, as the tools print it.
func TestRead(t *testing.T) {
	le := dn.Name{CommonName: "R12", Organization: "Let's Encrypt"}
	for s, want := range map[string]dn.Name{
		"C = US, O = Let's Encrypt, CN = R12":                            le, // OpenSSL 1.1
		"C=US, O=Let's Encrypt, CN=R12":                                  le, // OpenSSL 3
		"/C=US/O=Let's Encrypt/CN=R12":                                   le, // OpenSSL 1.0
		"CN=R12,O=Let's Encrypt,C=US":                                    le, // GnuTLS, RFC 4514
		"C=US; O=Let's Encrypt; CN=R12":                                  le, // curl
		"countryName=US, organizationName=Let's Encrypt, commonName=R12": le,
		"2.5.4.6=US, 2.5.4.10=Let's Encrypt, OID.2.5.4.3=R12":            le,
		`CN=R12, O="Let's Encrypt", C=US`:                                le,
		"O=Let's Encrypt+CN=R12":                                         le,
		"C = US\nO = Let's Encrypt\nCN = R12":                            le,
		"R12":                                                            {CommonName: "R12"},
		"":                                                               {},
		"CN=":                                                            {},
		"C=US, O=DigiCert, Inc., CN=Some CA":                             {CommonName: "Some CA", Organization: "DigiCert, Inc."},
		`CN=Some CA,O=DigiCert\, Inc.`:                                   {CommonName: "Some CA", Organization: "DigiCert, Inc."},
		`CN="A, O=B"`:                                                    {CommonName: "A, O=B"},
		"/C=IT/O=Actalis S.p.A./03358520967/CN=Actalis Authentication Root CA":  {CommonName: "Actalis Authentication Root CA", Organization: "Actalis S.p.A./03358520967"},
		"C=IT, O=Actalis S.p.A./03358520967, CN=Actalis Authentication Root CA": {CommonName: "Actalis Authentication Root CA", Organization: "Actalis S.p.A./03358520967"},
		`CN=Autorit\C3\A9`:    {CommonName: "Autorité"},
		`/CN=Autorit\xC3\xA9`: {CommonName: "Autorité"},
		`CN=broken \FF`:       {CommonName: "broken \uFFFD"},
		"OU = Go Daddy Class 2 Certification Authority, O = The Go Daddy Group, C=US": {Organization: "The Go Daddy Group", Unit: "Go Daddy Class 2 Certification Authority"},
		"CN=first, CN=second": {CommonName: "first"},
	} {
		if got := dn.Read(s); got != want {
			t.Errorf("%q: read %+v, want %+v", s, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`CN="a\`)
	f.Add("/=/CN=\\x")
	f.Add(strings.Repeat("CN=", 3000))
	f.Fuzz(func(t *testing.T, s string) {
		n := dn.Read(s)
		if utf8.ValidString(s) && len(s) <= 4<<10 && !utf8.ValidString(n.CommonName+n.Organization+n.Unit) {
			t.Errorf("%q: read %+q", s, n)
		}
		if len(n.CommonName) > 3*len(s) {
			t.Errorf("%q: longer than it was", s)
		}
	})
}
