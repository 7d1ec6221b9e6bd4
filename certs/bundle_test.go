package certs

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
)

// properties are what a reissue may change, one text each, so that what changed can be listed.
func properties(b *Bundle) map[string]string {
	l := b.Leaf()
	issuer := b.leaf
	if b.leaf.issuer != nil {
		issuer = b.leaf.issuer
	}
	sound := "signed by another"
	if public, ok := issuer.key.Public().(*ecdsa.PublicKey); ok && bytes.Equal(l.RawIssuer, issuer.cert.RawSubject) {
		parent := &x509.Certificate{PublicKey: public, PublicKeyAlgorithm: x509.ECDSA}
		sound = "sound"
		if err := parent.CheckSignature(l.SignatureAlgorithm, l.RawTBSCertificate, l.Signature); err != nil {
			sound = err.Error()
		}
	}
	return map[string]string{
		"dates":     fmt.Sprint(l.NotBefore, l.NotAfter),
		"names":     fmt.Sprint(l.Subject.CommonName, l.DNSNames, l.IPAddresses),
		"owner":     fmt.Sprint(l.Subject.Organization),
		"issuer":    fmt.Sprintf("%s %x %t", l.Issuer, l.AuthorityKeyId, b.leaf.issuer == nil),
		"rest":      fmt.Sprintf("%x", b.Raw[1:]),
		"key":       fmt.Sprintf("%T %x", l.PublicKey, l.SubjectKeyId),
		"usage":     fmt.Sprint(l.ExtKeyUsage),
		"ca":        fmt.Sprint(l.IsCA, l.KeyUsage&x509.KeyUsageCertSign),
		"signature": fmt.Sprint(l.SignatureAlgorithm, sound),
		"match":     fmt.Sprint(sameKey(b)),
	}
}

// TestReissue compares all properties before and after: what a change may alter is its own list,
// and whatever else moved is one change too many.
func TestReissue(t *testing.T) {
	changes := []struct {
		change Change
		may    []string
	}{
		{Change{Dates: true}, []string{"dates"}},
		{Change{Names: []string{"new.lab.test"}}, []string{"names"}},
		{Change{Trusted: true}, []string{"issuer", "rest"}},
		{Change{StrongKey: true}, []string{"key", "match"}},
		{Change{ServerAuth: true}, []string{"usage"}},
		{Change{EndEntity: true}, []string{"ca"}},
		{Change{Signature: true}, []string{"signature"}},
		{Change{MatchKey: true}, []string{"match"}},
		{Change{}, nil},
	}
	for _, c := range faultCases() {
		for _, change := range changes {
			text, _ := json.Marshal(change.change)
			t.Run(c.name+string(text), func(t *testing.T) {
				a := newAuthorityT(t)
				b := build(t, a, c.fault...)
				before, raw := properties(b), slices.Clone(b.Raw)
				next, err := a.Reissue(b, change.change)
				if err != nil {
					t.Fatal(err)
				}
				for name, value := range properties(next) {
					if value != before[name] && !slices.Contains(change.may, name) && !follows(b, name, change.may) {
						t.Errorf("%s was\n%s\nand is\n%s", name, before[name], value)
					}
				}
				if !slices.EqualFunc(raw, b.Raw, bytes.Equal) {
					t.Error("the bundle that was reissued has changed")
				}
				if next.Leaf().SerialNumber.Cmp(b.Leaf().SerialNumber) == 0 {
					t.Error("two certificates have one serial number")
				}
			})
		}
	}
}

// follows names what cannot stay where a certificate is its own issuer: its issuer's name is its
// own; and that an issuer whose key is not RSA cannot sign with MD5.
func follows(b *Bundle, name string, may []string) bool {
	if b.leaf.md5 && name == "signature" && slices.Contains(may, "issuer") {
		return true
	}
	return b.leaf.issuer == nil && name == "issuer" && slices.Contains(may, "names")
}

func TestReissueCures(t *testing.T) {
	for _, c := range []struct {
		fault  []Fault
		change Change
		want   string // what x509 still says
	}{
		{[]Fault{Expired(Leaf, 1)}, Change{Dates: true}, ""},
		{[]Fault{Names("old.lab.test")}, Change{Names: []string{DefaultHost}}, ""},
		{[]Fault{NoSAN()}, Change{Names: []string{DefaultHost}}, ""},
		{[]Fault{SelfSigned()}, Change{Trusted: true}, ""},
		{[]Fault{PrivateCA()}, Change{Trusted: true}, ""},
		{[]Fault{Expired(Root, 1)}, Change{Trusted: true}, ""},
		{[]Fault{NotCA()}, Change{Trusted: true}, ""},
		{[]Fault{ExtKeyUsage("clientAuth")}, Change{ServerAuth: true}, ""},
		{[]Fault{SHA1()}, Change{Signature: true}, ""},
		{[]Fault{CorruptSignature()}, Change{Signature: true}, ""},
		{[]Fault{Expired(Leaf, 1), Names("old.lab.test")}, Change{Dates: true}, "name"},
		{[]Fault{Expired(Leaf, 1), Names("old.lab.test")}, Change{Names: []string{DefaultHost}}, "time"},
		{[]Fault{SHA1()}, Change{Names: []string{DefaultHost}}, "weak"},
		{[]Fault{CorruptSignature()}, Change{Trusted: true}, "signature"},
		{[]Fault{SelfSigned()}, Change{Dates: true}, "unknown"},
	} {
		a := newAuthorityT(t)
		next, err := a.Reissue(build(t, a, c.fault...), c.change)
		if err != nil {
			t.Fatal(err)
		}
		if got := reason(a, next, DefaultHost); got != c.want {
			t.Errorf("%v, then %+v: x509 says %q, want %q", c.fault, c.change, got, c.want)
		}
	}
	a := newAuthorityT(t)
	for _, change := range []Change{{MatchKey: true}, {StrongKey: true}} {
		if next, err := a.Reissue(build(t, a, WrongKey()), change); err != nil || !sameKey(next) {
			t.Errorf("after %+v the key does not match (%v)", change, err)
		}
	}
	if _, err := a.Reissue(&Bundle{}, Change{Dates: true}); err == nil {
		t.Error("a bundle that nobody built was reissued")
	}
	if _, err := a.Reissue(build(t, a), Change{Names: []string{""}}); err == nil {
		t.Error("an empty name was certified")
	}
}

func TestWithIntermediate(t *testing.T) {
	a := newAuthorityT(t)
	b := build(t, a, WrongIntermediate())
	next, err := b.WithIntermediate(a.Intermediates()[0].Raw)
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Chain) != 2 || len(next.Chain) != 3 || !next.Chain[1].Equal(a.Intermediates()[0]) || !next.Chain[2].Equal(b.Chain[1]) {
		t.Errorf("%d certificates became %d", len(b.Chain), len(next.Chain))
	}
	if got := reason(a, next, DefaultHost); got != "" {
		t.Errorf("x509 says %q", got)
	}
	if _, err := b.WithIntermediate([]byte("no certificate")); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("got the error %v", err)
	}
}

// Putting a chain in order loses no certificate over another fault.
func TestSorted(t *testing.T) {
	for _, c := range []struct {
		faults []Fault
		want   int
	}{
		{nil, 2},
		{[]Fault{Reversed()}, 3},
		{[]Fault{RootAlsoSent()}, 2},
		{[]Fault{WrongIntermediate()}, 1},
		{[]Fault{SelfSigned(), CALeaf()}, 1},
		{[]Fault{PrivateCA(), RootAlsoSent()}, 2},
		{[]Fault{NotCA()}, 2},
		{[]Fault{Reversed(), SHA1()}, 3},
		{[]Fault{Reversed(), CorruptSignature()}, 3},
	} {
		b := build(t, newAuthorityT(t), c.faults...)
		sorted := b.Sorted()
		if len(sorted.Chain) != c.want {
			t.Errorf("%v: %d certificates remain, want %d", c.faults, len(sorted.Chain), c.want)
		}
		for i := 1; i < len(sorted.Chain); i++ {
			if !bytes.Equal(sorted.Chain[i-1].RawIssuer, sorted.Chain[i].RawSubject) {
				t.Errorf("%v: certificate %d is not issued by the next", c.faults, i)
			}
		}
	}
}

func TestPEM(t *testing.T) {
	a := newAuthorityT(t)
	chain, key, err := build(t, a, RootAlsoSent()).PEM()
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil || len(pair.Certificate) != 3 {
		t.Errorf("%d certificates were read back (%v)", len(pair.Certificate), err)
	}
	chain, key, err = build(t, a, WrongKey()).PEM()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tls.X509KeyPair(chain, key); err == nil {
		t.Error("the key of another certificate matches")
	}
	if block, _ := pem.Decode(key); block == nil || block.Type != "PRIVATE KEY" {
		t.Error("the key is not in PKCS #8 form")
	}
}

// A key of another certificate goes over the wire, and the client notices in the handshake.
func TestWrongKeyIsServed(t *testing.T) {
	a := newAuthorityT(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		b := build(t, a, WrongKey())
		ours, theirs := net.Pipe()
		server := make(chan error, 1)
		go func() {
			defer ours.Close()
			server <- tls.Server(ours, &tls.Config{Certificates: []tls.Certificate{b.TLS()}, MaxVersion: version}).Handshake()
		}()
		var seen [][]byte
		err := tls.Client(theirs, &tls.Config{InsecureSkipVerify: true, ServerName: DefaultHost, MaxVersion: version,
			VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error { seen = raw; return nil },
		}).Handshake()
		theirs.Close()
		<-server
		if err == nil || !strings.Contains(err.Error(), "signature") {
			t.Errorf("%s: the client says %v", tls.VersionName(version), err)
		}
		if !slices.EqualFunc(seen, b.Raw, bytes.Equal) {
			t.Errorf("%s: the client saw %d certificates", tls.VersionName(version), len(seen))
		}
	}
}
