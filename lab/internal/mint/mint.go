// Package mint makes certificates for tests: those that certs.Authority has no fault for, and its own
// with what a judge is to know of them.
package mint

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/chain"
)

// Now is what every clock of these tests says.
func Now() time.Time { return time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC) }

// A Certificate has its key beside it.
type Certificate struct {
	*x509.Certificate
	Key crypto.Signer
}

// NewKey makes an EC key.
func NewKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// New makes a CA, or with a host a leaf, by the issuer's key and name; no issuer signs itself.
func New(t testing.TB, name, dns string, issuer *Certificate, more ...func(*x509.Certificate)) *Certificate {
	t.Helper()
	return With(t, NewKey(t), name, dns, issuer, more...)
}

// With is New with a key that was made before.
func With(t testing.TB, key crypto.Signer, name, dns string, issuer *Certificate, more ...func(*x509.Certificate)) *Certificate {
	t.Helper()
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: Now().AddDate(-1, 0, 0), NotAfter: Now().AddDate(1, 0, 0),
		BasicConstraintsValid: true, IsCA: dns == "", MaxPathLen: -1, KeyUsage: x509.KeyUsageCertSign,
	}
	if dns != "" {
		tmpl.DNSNames, tmpl.KeyUsage, tmpl.MaxPathLen = []string{dns}, x509.KeyUsageDigitalSignature, 0
		tmpl.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
	for _, m := range more {
		m(tmpl)
	}
	parent, signer := tmpl, key
	if issuer != nil {
		parent, signer = issuer.Certificate, issuer.Key
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	return &Certificate{Parse(t, der), key}
}

// Parse reads a certificate that can be read.
func Parse(t testing.TB, der []byte) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Unidentified is the issuer without its key identifier, so that what it signs asks for none.
func (f *Certificate) Unidentified() *Certificate {
	c := *f.Certificate
	c.SubjectKeyId = nil
	return &Certificate{&c, f.Key}
}

type tbsV1 struct {
	Serial    *big.Int
	Algorithm pkix.AlgorithmIdentifier
	Issuer    asn1.RawValue
	Validity  struct{ NotBefore, NotAfter time.Time }
	Subject   asn1.RawValue
	Key       asn1.RawValue
}

// Version1 returns the same CA as a version 1 certificate: no extensions (RFC 5280 section 4.1.2.1).
func Version1(t testing.TB, f *Certificate, signer *Certificate) *Certificate {
	t.Helper()
	ecdsaSHA256 := pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}}
	tbs := tbsV1{
		Serial: big.NewInt(1), Algorithm: ecdsaSHA256, Issuer: asn1.RawValue{FullBytes: f.RawIssuer},
		Subject: asn1.RawValue{FullBytes: f.RawSubject}, Key: asn1.RawValue{FullBytes: f.RawSubjectPublicKeyInfo},
	}
	tbs.Validity.NotBefore, tbs.Validity.NotAfter = f.NotBefore, f.NotAfter
	raw := Marshal(t, tbs)
	sum := sha256.Sum256(raw)
	sig, err := signer.Key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	der := Marshal(t, struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{asn1.RawValue{FullBytes: raw}, ecdsaSHA256, asn1.BitString{Bytes: sig, BitLength: 8 * len(sig)}})
	return &Certificate{Parse(t, der), f.Key}
}

// Marshal encodes a value in DER.
func Marshal(t testing.TB, v any) []byte {
	t.Helper()
	der, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// DER returns the bytes of certificates, in this order.
func DER(all ...*Certificate) [][]byte {
	var out [][]byte
	for _, f := range all {
		out = append(out, f.Raw)
	}
	return out
}

// Trusting returns the knowledge of a device that trusts root and knows the others.
func Trusting(root *Certificate, known ...*Certificate) *chain.Knowledge {
	var list []*x509.Certificate
	for _, f := range known {
		list = append(list, f.Certificate)
	}
	if root == nil {
		return chain.NewKnowledge(nil, list)
	}
	return chain.NewKnowledge([]chain.Root{{Certificate: root.Certificate}}, list)
}

// AIA has a certificate say where its issuer is.
func AIA(url string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.IssuingCertificateURL = []string{url} }
}

// Window has a certificate be valid from and to so long after Now.
func Window(from, to time.Duration) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = Now().Add(from), Now().Add(to) }
}

// An Authority is one of the lab's, and what a device knows that trusts it.
type Authority struct{ *certs.Authority }

// NewAuthority makes one for tests that live at Now.
func NewAuthority(t testing.TB) Authority {
	t.Helper()
	a, err := certs.NewAuthority(certs.Options{Now: Now()})
	if err != nil {
		t.Fatal(err)
	}
	return Authority{a}
}

// Chain makes a chain for the default host with these faults: DER, the leaf first.
func (a Authority) Chain(t testing.TB, faults ...certs.Fault) [][]byte {
	t.Helper()
	b, err := a.Build(certs.Spec{Faults: faults})
	if err != nil {
		t.Fatal(err)
	}
	return b.Raw
}

// Knowledge is what the device trusts, and what is known beside it unless alone.
func (a Authority) Knowledge(alone bool) *chain.Knowledge {
	var roots []chain.Root
	for _, c := range a.Roots() {
		roots = append(roots, chain.Root{Certificate: c})
	}
	if alone {
		return chain.NewKnowledge(roots, nil)
	}
	return chain.NewKnowledge(roots, a.Intermediates())
}
