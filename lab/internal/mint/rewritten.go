package mint

import (
	"crypto"
	"crypto/rand"
	_ "crypto/sha1" // what some certificates are signed with
	"crypto/sha256"
	"encoding/asn1"
	"testing"
)

// A Signer signs a TBSCertificate (DER) in its own way.
type Signer func(tbs []byte) []byte

// The fields of a TBSCertificate of version 3 (RFC 5280 section 4.1).
const (
	FieldVersion = iota
	FieldSerial
	FieldAlgorithm
	FieldIssuer
	FieldValidity
	FieldSubject
	FieldKey
	FieldExtensions
)

// Rewritten returns a certificate (DER) with other fields, signed anew by its issuer, so that it may
// be one that crypto/x509 refuses to read.
func Rewritten(t testing.TB, der []byte, issuer *Certificate, edit func(fields [][]byte)) []byte {
	t.Helper()
	sign := func(tbs []byte) []byte {
		sum := sha256.Sum256(tbs)
		sig, err := issuer.Key.Sign(rand.Reader, sum[:], crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		return sig
	}
	return SignedBy(t, der, nil, sign, edit)
}

// SignedBy is Rewritten with a signature of any algorithm (AlgorithmIdentifier, DER); nil is that of der.
func SignedBy(t testing.TB, der, algorithm []byte, sign Signer, edit func(fields [][]byte)) []byte {
	t.Helper()
	whole := Elements(t, der)
	fields := Elements(t, whole[0])
	if algorithm == nil {
		algorithm = whole[1]
	}
	fields[FieldAlgorithm] = algorithm
	if edit != nil {
		edit(fields)
	}
	tbs := Sequence(t, fields...)
	sig := sign(tbs)
	return Sequence(t, tbs, algorithm, Marshal(t, asn1.BitString{Bytes: sig, BitLength: 8 * len(sig)}))
}

// Elements returns what is inside a SEQUENCE (DER).
func Elements(t testing.TB, der []byte) [][]byte {
	t.Helper()
	var list []asn1.RawValue
	if _, err := asn1.Unmarshal(der, &list); err != nil {
		t.Fatal(err)
	}
	var out [][]byte
	for _, v := range list {
		out = append(out, v.FullBytes)
	}
	return out
}

// Sequence returns a SEQUENCE of elements (DER).
func Sequence(t testing.TB, elements ...[]byte) []byte {
	t.Helper()
	var list []asn1.RawValue
	for _, e := range elements {
		list = append(list, asn1.RawValue{FullBytes: e})
	}
	return Marshal(t, list)
}
