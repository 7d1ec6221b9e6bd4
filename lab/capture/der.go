package capture

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"

	"github.com/smallstep/pkcs7"
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
	if bytes.HasPrefix(der, []byte{0x30, 0x80}) {
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
	if _, err := x509.ParseCertificate(der); err == nil {
		return certificate
	}
	if _, err := x509.ParseCertificateRequest(der); err == nil {
		return request
	}
	if _, err := x509.ParseRevocationList(der); err == nil {
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

// inBag7 returns the certificates of a PKCS #7 bag. The parser is somebody else's and takes BER
// apart by hand, so a panic of its is an error here.
func inBag7(der []byte) (out [][]byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("the pkcs #7 bag cannot be read: its structure is broken")
		}
	}()
	bag, err := pkcs7.Parse(der)
	if err != nil {
		return nil, fmt.Errorf("the pkcs #7 bag cannot be read: %w", err)
	}
	for _, c := range bag.Certificates {
		out = append(out, c.Raw)
	}
	return out, nil
}

func errTooMany() error {
	return fmt.Errorf("the file holds more than %d certificates, and that is no chain; take out the server's and its issuers", maxCertificates)
}
