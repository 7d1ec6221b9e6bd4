package certs_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
)

// written is a chain of a public CA as somebody may have it, with a stray certificate.
func written() certs.Outline {
	return certs.Outline{
		Certificates: []certs.Certificate{
			{
				ID: "leaf", Issuer: "intermediate", Subject: []string{"CN=mail.example.com"}, Names: []string{"mail.example.com", "*.example.net", "192.0.2.1", "a@example.org", "https://example.org/x"},
				From: "-20d4h30m", Until: "+69d", Key: "rsa-2048", Hash: "sha384", BasicConstraints: "CA:FALSE", KeyUsage: []string{"digitalSignature", "keyEncipherment"},
				ExtKeyUsage: []string{"serverAuth", "1.2.3.4"}, Extensions: []certs.Extension{{ID: "1.3.6.1.5.5.7.1.24", Value: []byte{0x30, 3, 2, 1, 5}}},
			},
			{
				ID: "intermediate", Issuer: "root", Subject: []string{"C=US", "O=Let's Encrypt", "CN=E7"}, From: "2024-03-13T00:00:00Z", Until: "2027-03-12T23:59:59Z",
				Key: "p384", KeyID: []byte{1, 2, 3}, BasicConstraints: "CA:TRUE, pathlen:0", KeyUsage: []string{"keyCertSign", "cRLSign"},
			},
			{ID: "root", Subject: []string{"O=ISRG", "CN=ISRG Root X2"}, From: "-5000d", Until: "+5000d", BasicConstraints: "CA:TRUE", KeyUsage: []string{"keyCertSign"}, Trusted: true},
			{ID: "stranger", Issuer: "root", Subject: []string{"CN=another"}, KeyOf: "intermediate", Damaged: true},
		},
		Sent: []string{"stranger", "intermediate", "intermediate"},
	}
}

func outlineAuthority(t *testing.T) *certs.Authority {
	t.Helper()
	a, err := certs.NewAuthority(certs.Options{Now: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC), Permit: []string{"mail.example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestOutlineIsBuiltAsItSays(t *testing.T) {
	a := outlineAuthority(t)
	b, err := a.Build(certs.Spec{Host: "mail.example.com", Outline: written()})
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Chain) != 4 || b.Chain[1].Subject.CommonName != "another" || !b.Chain[2].Equal(b.Chain[3]) || b.Chain[2].Subject.String() != "CN=E7,O=Let's Encrypt,C=US" {
		t.Fatalf("%v", b.Chain)
	}
	leaf, ca := b.Leaf(), b.Chain[2]
	if !reflect.DeepEqual(leaf.DNSNames, []string{"mail.example.com", "*.example.net"}) || len(leaf.IPAddresses) != 1 || len(leaf.EmailAddresses) != 1 || len(leaf.URIs) != 1 ||
		leaf.PublicKey.(*rsa.PublicKey).N.BitLen() != 2048 || leaf.SignatureAlgorithm != x509.ECDSAWithSHA384 ||
		!leaf.NotBefore.Equal(time.Date(2026, 5, 12, 7, 30, 0, 0, time.UTC)) || !leaf.NotAfter.Equal(time.Date(2026, 8, 9, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("the leaf is %v %v %v %v", leaf.DNSNames, leaf.SignatureAlgorithm, leaf.NotBefore, leaf.NotAfter)
	}
	if !ca.MaxPathLenZero || !bytes.Equal(ca.SubjectKeyId, []byte{1, 2, 3}) || ca.NotAfter.Year() != 2027 || !bytes.Equal(leaf.AuthorityKeyId, ca.SubjectKeyId) {
		t.Errorf("the intermediate is %+v", ca.Subject)
	}
	if stray := b.Chain[1]; !bytes.Equal(stray.RawSubjectPublicKeyInfo, ca.RawSubjectPublicKeyInfo) || stray.CheckSignatureFrom(b.Trusts()[0]) == nil {
		t.Error("the stray has another key than it should, or a sound signature")
	}
	roots, more := x509.NewCertPool(), x509.NewCertPool()
	more.AddCert(ca)
	for _, r := range a.Roots()[1:] {
		roots.AddCert(r)
	}
	opts := x509.VerifyOptions{DNSName: "mail.example.com", Roots: roots, Intermediates: more, CurrentTime: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)}
	if _, err := leaf.Verify(opts); err != nil {
		t.Errorf("it does not verify under its own root: %v", err)
	}
}

// Trusting the root of an outline on a device must not be dangerous.
func TestOutlinedRootIsConstrained(t *testing.T) {
	a := outlineAuthority(t)
	if _, err := a.Build(certs.Spec{Host: "mail.example.com", Outline: written()}); err != nil {
		t.Fatal(err)
	}
	root := a.Roots()[1]
	if root.Subject.CommonName != "ISRG Root X2" || !slices.Contains(root.PermittedDNSDomains, "example.net") || slices.Contains(root.PermittedDNSDomains, "") ||
		len(root.PermittedDNSDomains) > 6 || len(root.ExtKeyUsage) != 1 || root.ExtKeyUsage[0] != x509.ExtKeyUsageServerAuth {
		t.Errorf("the root may certify %v, for %v", root.PermittedDNSDomains, root.ExtKeyUsage)
	}
}

// Two services of one server have one CA, each with a leaf of its own.
func TestOutlinesShareTheirCAs(t *testing.T) {
	a := outlineAuthority(t)
	other := written()
	other.Certificates[0].Until = "-1d"
	x, err := a.Build(certs.Spec{Host: "mail.example.com", Outline: written()})
	if err != nil {
		t.Fatal(err)
	}
	y, err := a.Build(certs.Spec{Host: "mail.example.com", Outline: other})
	if err != nil {
		t.Fatal(err)
	}
	if !x.Chain[2].Equal(y.Chain[2]) || x.Leaf().Equal(y.Leaf()) || len(a.Roots()) != 2 {
		t.Errorf("%d roots", len(a.Roots()))
	}
}

// A fault is applied to an outline as to the healthy chain, and what the outline says itself is none.
func TestFaultsOnAnOutline(t *testing.T) {
	a := outlineAuthority(t)
	b, err := a.Build(certs.Spec{Host: "mail.example.com", Outline: written(), Faults: []certs.Fault{certs.Expired(certs.Leaf, 3), certs.Expired(certs.Intermediate, 2)}})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	if !b.Leaf().NotAfter.Equal(now.AddDate(0, 0, -3)) || !b.Chain[2].NotAfter.Equal(now.AddDate(0, 0, -2)) || b.Leaf().CheckSignatureFrom(b.Chain[2]) != nil {
		t.Errorf("%v %v", b.Leaf().NotAfter, b.Chain[2].NotAfter)
	}
	if _, err := a.Build(certs.Spec{Host: "mail.example.com", Outline: written(), Faults: []certs.Fault{certs.SelfSigned()}}); err == nil || !strings.Contains(err.Error(), "an outline says itself") {
		t.Errorf("%v", err)
	}
	renewed, err := a.Reissue(b, certs.Change{Dates: true})
	if err != nil || renewed.Leaf().NotAfter.Before(now) || !reflect.DeepEqual(renewed.Leaf().DNSNames, b.Leaf().DNSNames) {
		t.Errorf("renewed: %v", err)
	}
}

// A certificate of somebody else is sent byte for byte, with a key of the same kind that is not its own.
func TestRawIsSentAsItIs(t *testing.T) {
	a := outlineAuthority(t)
	real, err := a.Build(certs.Spec{Faults: []certs.Fault{certs.SmallRSA(1024)}})
	if err != nil {
		t.Fatal(err)
	}
	o := certs.Outline{Certificates: []certs.Certificate{{ID: "leaf", Raw: real.Raw[0]}, {ID: "ca", Raw: real.Raw[1]}, {ID: "broken", Raw: []byte{0x30, 0}}}, Sent: []string{"ca", "broken"}}
	b, err := a.Build(certs.Spec{Outline: o})
	if err != nil {
		t.Fatal(err)
	}
	if want := append(slices.Clone(real.Raw), []byte{0x30, 0}); !reflect.DeepEqual(b.Raw, want) {
		t.Error("other bytes are sent")
	}
	if key, ok := b.TLS().PrivateKey.(*rsa.PrivateKey); !ok || key.PublicKey.Equal(real.Leaf().PublicKey) {
		t.Errorf("the key is a %T", b.TLS().PrivateKey)
	}
	if _, err := a.Build(certs.Spec{Outline: o, Faults: []certs.Fault{certs.NoSAN()}}); err == nil {
		t.Error("a certificate that is sent as it is was changed")
	}
	if leaf := b.Leaf(); a.Own(leaf) || !a.Own(a.Root()) {
		t.Error("whose a certificate is, is not known")
	}
	if again, err := a.Reissue(b, certs.Change{Dates: true}); err != nil || again.Leaf().CheckSignatureFrom(a.Intermediates()[0]) != nil {
		t.Errorf("issued anew: %v", err)
	}
}

// What Describe says of a certificate builds one that it says the same of.
func TestDescribeAndBuild(t *testing.T) {
	a := outlineAuthority(t)
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	b, err := a.Build(certs.Spec{Host: "mail.example.com", Outline: written()})
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range b.Chain {
		for _, fixed := range []bool{false, true} {
			first, lost := certs.Describe(c, certs.Dates{Seen: now, Fixed: fixed})
			if len(lost) > 0 {
				t.Errorf("%d: %v", i, lost)
			}
			first.ID = "leaf"
			if first.Key != "rsa-2048" && first.Hash == "sha384" {
				first.Hash = "" // its own key makes another signature
			}
			if i == 0 {
				first.Hash = ""
			}
			again, err := outlineAuthority(t).Build(certs.Spec{Host: "mail.example.com", Outline: certs.Outline{Certificates: []certs.Certificate{first}}})
			if err != nil {
				t.Fatalf("%d: %v", i, err)
			}
			second, _ := certs.Describe(again.Leaf(), certs.Dates{Seen: now, Fixed: fixed})
			second.ID, second.Hash, first.Hash = "leaf", "", ""
			if !reflect.DeepEqual(first, second) {
				x, _ := json.Marshal(first)
				y, _ := json.Marshal(second)
				t.Errorf("%d:\n%s\n%s", i, x, y)
			}
		}
	}
}

func TestCheckOutline(t *testing.T) {
	if at, err := certs.CheckOutline(written()); err != nil {
		t.Errorf("%s: %v", at, err)
	}
	for want, change := range map[string]func(*certs.Outline){
		"certificates: there must be":              func(o *certs.Outline) { o.Certificates = nil },
		"sent[0]: there is no certificate":         func(o *certs.Outline) { o.Sent[0] = "nobody" },
		"certificates[3].id: another":              func(o *certs.Outline) { o.Certificates[3].ID, o.Sent = "root", nil },
		"certificates[0].issuer: there is no":      func(o *certs.Outline) { o.Certificates[0].Issuer = "nobody" },
		"certificates[3].keyOf: there is no":       func(o *certs.Outline) { o.Certificates[3].KeyOf = "nobody" },
		"certificates[3].key: it has the key":      func(o *certs.Outline) { o.Certificates[3].Key = "p256" },
		"round in a circle":                        func(o *certs.Outline) { o.Certificates[2].Issuer = "leaf" },
		"certificates[1].keyOf: it goes round":     func(o *certs.Outline) { o.Certificates[1].KeyOf, o.Certificates[1].Key = "stranger", "" },
		"certificates[0].from: it must be a":       func(o *certs.Outline) { o.Certificates[0].From = "-30" },
		"certificates[0].until: ":                  func(o *certs.Outline) { o.Certificates[0].Until = "2026-13-01T00:00:00Z" },
		"certificates[0].key: it must be":          func(o *certs.Outline) { o.Certificates[0].Key = "rsa-8192" },
		"certificates[0].hash: it must be":         func(o *certs.Outline) { o.Certificates[0].Hash = "sha3" },
		"certificates[0].subject[0]: it must be":   func(o *certs.Outline) { o.Certificates[0].Subject = []string{"X=y"} },
		"certificates[0].names[0]: it is empty":    func(o *certs.Outline) { o.Certificates[0].Names = []string{""} },
		"certificates[0].keyUsage[0]: there is no": func(o *certs.Outline) { o.Certificates[0].KeyUsage = []string{"all"} },
		"certificates[0].extKeyUsage[0]: there is": func(o *certs.Outline) { o.Certificates[0].ExtKeyUsage = []string{"all"} },
		"certificates[0].extensions[0].id: it mus": func(o *certs.Outline) { o.Certificates[0].Extensions[0].ID = "2.5.29.17" },
		"certificates[0].basicConstraints: it mus": func(o *certs.Outline) { o.Certificates[0].BasicConstraints = "TRUE" },
		"certificates[0].raw: the certificate":     func(o *certs.Outline) { o.Certificates[0].Raw = []byte{1} },
		"certificates: 16 have an RSA key": func(o *certs.Outline) {
			for range 15 {
				o.Certificates = append(o.Certificates, certs.Certificate{ID: "more-" + string(rune('a'+len(o.Certificates))), Key: "rsa-4096"})
			}
		},
		"certificates[0].id: it must be": func(o *certs.Outline) { o.Certificates[0].ID = "Leaf" },
	} {
		o := written()
		change(&o)
		at, err := certs.CheckOutline(o)
		if err == nil || !strings.Contains(at+": "+err.Error(), want) {
			t.Errorf("want %q, and it is %s: %v", want, at, err)
		}
		if _, err := outlineAuthority(t).Build(certs.Spec{Host: "mail.example.com", Outline: o}); err == nil && want != "certificates: there must be" {
			t.Errorf("%s: it is built all the same", want)
		}
	}
}

// A root keeps what its own constraints forbid, and they give it nothing.
func TestOutlinedRootKeepsItsConstraints(t *testing.T) {
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), PermittedDNSDomains: []string{"example.net", "com"}, ExcludedDNSDomains: []string{"bad.example.net"}}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	o := written()
	for _, e := range c.Extensions {
		if e.Id.String() == "2.5.29.30" {
			o.Certificates[2].Extensions = []certs.Extension{{ID: "2.5.29.30", Critical: true, Value: e.Value}}
			if !certs.KeepsConstraints(e.Value) {
				t.Error("constraints for hosts are not kept")
			}
		}
	}
	a := outlineAuthority(t)
	if _, err := a.Build(certs.Spec{Host: "mail.example.com", Outline: o}); err != nil {
		t.Fatal(err)
	}
	root := a.Roots()[1]
	may := slices.Compact(slices.Sorted(slices.Values(root.PermittedDNSDomains)))
	if !reflect.DeepEqual(may, []string{"example.net", "mail.example.com"}) ||
		!reflect.DeepEqual(root.ExcludedDNSDomains, []string{"bad.example.net"}) {
		t.Errorf("it may certify %v, and not %v", root.PermittedDNSDomains, root.ExcludedDNSDomains)
	}
	for _, damaged := range [][]byte{nil, {0x30}, {0x30, 2, 0x05, 0}, {0x30, 4, 0xa0, 2, 0x30, 9}} {
		if certs.KeepsConstraints(damaged) {
			t.Errorf("%x is kept", damaged)
		}
	}
}
