package der

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
)

// SAN returns a subject alternative name extension that holds each name as a dNSName, byte for
// byte. RFC 5280 section 4.2.1.6 allows ASCII only, and crypto/x509 writes nothing else.
func SAN(names []string) (pkix.Extension, error) {
	const dNSName = 2
	var general []asn1.RawValue
	for _, n := range names {
		general = append(general, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: dNSName, Bytes: []byte(n)})
	}
	value, err := asn1.Marshal(general)
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: value}, err
}

// Masked returns a copy of a certificate (DER) of the same length, with another letter for each
// byte of these names that is not ASCII, so that crypto/x509 reads it.
func Masked(cert []byte, names []string) []byte {
	for _, n := range names {
		ascii := []byte(n)
		for i, b := range ascii {
			if b >= 0x80 {
				ascii[i] = 'x'
			}
		}
		cert = bytes.ReplaceAll(cert, []byte(n), ascii)
	}
	return cert
}
