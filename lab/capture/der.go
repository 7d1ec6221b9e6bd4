package capture

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"fmt"

	"github.com/mailtlslab/mailtlslab/lab/internal/bound"
)

// A thing is what a DER value turns out to be.
type thing int

const (
	unknown thing = iota
	certificate
	request
	crl
	privateKey
	encryptedKey
	publicKey
	bag7  // PKCS #7: RFC 2315
	bag12 // PKCS #12: RFC 7292
)

// String names the thing as a sentence would.
func (t thing) String() string {
	return [...]string{
		"something unknown", "a certificate", "a certificate request (what is sent to a CA, not what it sends back)",
		"a revocation list", "a private key", "an encrypted private key", "a public key", "a PKCS #7 bag", "a PKCS #12 bag",
	}[t]
}

// classify tells what a DER value is by its first elements. A certificate that cannot be parsed
// is still one: that is a finding, not a mistake in the choice of file.
func classify(der []byte) thing {
	if bytes.HasPrefix(der, []byte{0x30, indefinite}) {
		return bag7 // indefinite length: BER, which of all these only PKCS #7 writers use
	}
	outer, first, ok := opened(der)
	if !ok {
		return unknown
	}
	switch first.Tag {
	case asn1.TagOID:
		return bag7
	case asn1.TagInteger:
		if bytes.Equal(first.Bytes, []byte{3}) {
			return bag12
		}
		return privateKey
	case asn1.TagSequence:
		return signed(der, outer, first)
	}
	return unknown
}

// signed tells apart what begins with a sequence in a sequence.
func signed(der []byte, outer, first asn1.RawValue) thing {
	if _, err := bound.Certificate(der); err == nil {
		return certificate
	}
	if len(der) <= bound.MaxCertificate {
		if _, err := x509.ParseCertificateRequest(der); err == nil {
			return request
		}
	}
	if isList(first.Bytes) {
		return crl
	}
	_, inner, ok := opened(first.FullBytes)
	if ok && inner.Tag == asn1.TagOID && inner.Class == asn1.ClassUniversal {
		var second asn1.RawValue
		if _, err := asn1.Unmarshal(outer.Bytes[len(first.FullBytes):], &second); err == nil && second.Tag == asn1.TagOctetString {
			return encryptedKey
		}
		return publicKey
	}
	if ok && (inner.Class == asn1.ClassContextSpecific || inner.Tag == asn1.TagInteger) {
		return certificate // or was meant to be
	}
	return unknown
}

// isList reports whether what is signed is a revocation list: of what begins like a certificate it
// alone has a time behind the name of its issuer (RFC 5280 section 5.1).
func isList(signed []byte) bool {
	tags := []int{asn1.TagSequence, asn1.TagSequence, 0}
	for i, want := range tags {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(signed, &v)
		if err == nil && i == 0 && v.Tag == asn1.TagInteger && v.Class == asn1.ClassUniversal {
			rest, err = asn1.Unmarshal(rest, &v)
		}
		if err != nil || v.Class != asn1.ClassUniversal || want > 0 && v.Tag != want {
			return false
		}
		if want == 0 {
			return v.Tag == asn1.TagUTCTime || v.Tag == asn1.TagGeneralizedTime
		}
		signed = rest
	}
	return false
}

func opened(der []byte) (outer, first asn1.RawValue, ok bool) {
	if _, err := asn1.Unmarshal(der, &outer); err != nil || outer.Tag != asn1.TagSequence || !outer.IsCompound {
		return outer, first, false
	}
	_, err := asn1.Unmarshal(outer.Bytes, &first)
	return outer, first, err == nil
}

// values splits a file of DER values, one after the other.
func values(data []byte) (out [][]byte, err error) {
	for len(data) > 0 {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(data, &v)
		if err != nil {
			return out, broken(data, err)
		}
		if len(out) == maxCertificates {
			return out, errTooMany()
		}
		out = append(out, v.FullBytes)
		data = rest
	}
	return out, nil
}

// broken says of a DER value that cannot be read whether its end is missing.
func broken(data []byte, err error) error {
	if n, ok := declared(data); ok && n > len(data) {
		return fmt.Errorf("the file is cut off: it says that it has %d bytes, and %d are there; copy it again, in binary", n, len(data))
	}
	return fmt.Errorf("the der structure cannot be read: %w", err)
}

// declared returns how long a DER value says it is, its header included.
func declared(data []byte) (int, bool) {
	if len(data) < 2 || data[0] != 0x30 || data[1] < 0x80 {
		return 0, false
	}
	n := int(data[1] & 0x7f)
	if n == 0 || n > 4 || len(data) < 2+n {
		return 0, false
	}
	size := 0
	for _, b := range data[2 : 2+n] {
		size = size<<8 | int(b)
	}
	return 2 + n + size, true
}

func errTooMany() error {
	return fmt.Errorf("the file holds more than %d certificates, and that is no chain; take out the server's and its issuers", maxCertificates)
}
