package diagnose_test

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

	"github.com/mailtlslab/mailtlslab/lab/diagnose"
)

// A forged certificate is one that certs.Authority has no fault for.
type forged struct {
	*x509.Certificate
	key crypto.Signer
}

func newKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// forge makes a CA, or with a host a leaf, by the issuer's key and name; no issuer signs itself.
func forge(t testing.TB, name, dns string, issuer *forged, more ...func(*x509.Certificate)) *forged {
	t.Helper()
	return forgeWith(t, newKey(t), name, dns, issuer, more...)
}

func forgeWith(t testing.TB, key crypto.Signer, name, dns string, issuer *forged, more ...func(*x509.Certificate)) *forged {
	t.Helper()
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: now().AddDate(-1, 0, 0), NotAfter: now().AddDate(1, 0, 0),
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
		parent, signer = issuer.Certificate, issuer.key
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	return &forged{parse(t, der), key}
}

func parse(t testing.TB, der []byte) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// unidentified is the issuer without its key identifier, so that what it signs asks for none.
func (f *forged) unidentified() *forged {
	c := *f.Certificate
	c.SubjectKeyId = nil
	return &forged{&c, f.key}
}

type tbsV1 struct {
	Serial    *big.Int
	Algorithm pkix.AlgorithmIdentifier
	Issuer    asn1.RawValue
	Validity  struct{ NotBefore, NotAfter time.Time }
	Subject   asn1.RawValue
	Key       asn1.RawValue
}

// version1 returns the same CA as a version 1 certificate: no extensions (RFC 5280 section 4.1.2.1).
func version1(t testing.TB, f *forged, signer *forged) *forged {
	t.Helper()
	ecdsaSHA256 := pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}}
	tbs := tbsV1{
		Serial: big.NewInt(1), Algorithm: ecdsaSHA256, Issuer: asn1.RawValue{FullBytes: f.RawIssuer},
		Subject: asn1.RawValue{FullBytes: f.RawSubject}, Key: asn1.RawValue{FullBytes: f.RawSubjectPublicKeyInfo},
	}
	tbs.Validity.NotBefore, tbs.Validity.NotAfter = f.NotBefore, f.NotAfter
	raw := marshal(t, tbs)
	sum := sha256.Sum256(raw)
	sig, err := signer.key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	der := marshal(t, struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{asn1.RawValue{FullBytes: raw}, ecdsaSHA256, asn1.BitString{Bytes: sig, BitLength: 8 * len(sig)}})
	return &forged{parse(t, der), f.key}
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	der, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func raws(all ...*forged) [][]byte {
	var out [][]byte
	for _, f := range all {
		out = append(out, f.Raw)
	}
	return out
}

// trusting returns the knowledge of a device that trusts root and knows the others.
func trusting(root *forged, known ...*forged) *diagnose.Knowledge {
	var list []*x509.Certificate
	for _, f := range known {
		list = append(list, f.Certificate)
	}
	if root == nil {
		return diagnose.NewKnowledge(nil, list)
	}
	return diagnose.NewKnowledge([]diagnose.Root{{Certificate: root.Certificate}}, list)
}

func aia(url string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.IssuingCertificateURL = []string{url} }
}
