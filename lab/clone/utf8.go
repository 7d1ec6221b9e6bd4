package clone

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/internal/bound"
)

// readUTF8 reads a certificate that crypto/x509 refuses because a DNS name of it is not in ASCII, and
// returns the names as they are written. It returns nil where that is not the reason.
func readUTF8(der []byte) (*x509.Certificate, []string) {
	masked := bytes.Clone(der)
	var names []string
	for _, name := range sanNames(masked) {
		names = append(names, string(name))
		for i, b := range name {
			if b >= 0x80 {
				name[i] = 'x'
			}
		}
	}
	c, err := bound.Certificate(masked)
	if err != nil || len(names) == 0 || len(c.IPAddresses)+len(c.EmailAddresses)+len(c.URIs) > 0 || slices.Contains(names, "") {
		return nil, nil
	}
	return c, names
}

// sanNames returns the DNS names of a certificate's SAN, as parts of its bytes.
func sanNames(der []byte) [][]byte {
	san := append([]byte{asn1.TagOID, 3}, 0x55, 0x1d, 0x11)
	at := bytes.Index(der, san)
	if at < 0 {
		return nil
	}
	var value, list asn1.RawValue
	rest := der[at+len(san):]
	if len(rest) > 0 && rest[0] == asn1.TagBoolean {
		var critical asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &critical); err != nil {
			return nil
		}
	}
	if _, err := asn1.Unmarshal(rest, &value); err != nil || value.Tag != asn1.TagOctetString {
		return nil
	}
	if _, err := asn1.Unmarshal(value.Bytes, &list); err != nil {
		return nil
	}
	const dNSName, most = 2, 1000
	var out [][]byte
	for rest := list.Bytes; len(rest) > 0 && len(out) < most; {
		var name asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &name); err != nil {
			return nil
		}
		if name.Class == asn1.ClassContextSpecific && name.Tag == dNSName {
			out = append(out, name.Bytes)
		}
	}
	return out
}
