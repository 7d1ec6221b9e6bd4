package chain

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// canonical returns what two names (DER) have in common that are equal by RFC 5280 section 7.1: the
// type of a string, letter case and the amount of white space do not count. It returns "" for what
// is not built as a name.
func canonical(name []byte) string {
	var out strings.Builder
	for _, set := range inside(name, mostNames) {
		if set.Tag != asn1.TagSet {
			return ""
		}
		var attributes []string
		for _, a := range inside(enclosed(asn1.TagSequence|0x20, set.Bytes), mostNames) {
			parts := inside(a.FullBytes, 3)
			if len(parts) != 2 {
				return ""
			}
			attributes = append(attributes, string(parts[0].FullBytes)+compared(parts[1]))
		}
		slices.Sort(attributes)
		fmt.Fprintf(&out, "%d%q", len(attributes), attributes)
	}
	return out.String()
}

// compared returns the value of an attribute as it is compared.
func compared(v asn1.RawValue) string {
	const universalString = 28
	switch v.Tag {
	case asn1.TagUTF8String, asn1.TagPrintableString, asn1.TagT61String, asn1.TagIA5String, asn1.TagBMPString, universalString:
		return "=" + strings.Join(strings.Fields(strings.ToLower(text(v))), " ")
	}
	return "#" + string(v.FullBytes)
}

// sameName reports whether two names (DER) are equal by RFC 5280 section 7.1.
func sameName(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	c := canonical(a)
	return c != "" && c == canonical(b)
}

// issuerName finds certificates that write the name of their issuer otherwise than the issuer does.
// The names are equal, and programs that compare their bytes do not see that.
func issuerName(ev *evidence) []fault {
	var out []fault
	for i, c := range ev.path.certs[:len(ev.path.certs)-1] {
		issuer := ev.path.certs[i+1]
		if bytes.Equal(c.RawIssuer, issuer.RawSubject) {
			continue
		}
		f := finding.New(finding.IssuerNameEncoding, fmt.Sprintf("%s writes the name of its issuer %s otherwise than the issuer does, so that programs in Go find no issuer", Name(c), Name(issuer)))
		f.Evidence = []string{"the two names are equal by RFC 5280 section 7.1, and their bytes are not: another type of string, letter case or white space"}
		f.Facts.About, f.Facts.Subject, f.Facts.Issuer = ev.about(c), Name(c), Name(issuer)
		f.Counterfactual = &finding.Counterfactual{Edit: finding.EditEncoding, Text: "with the issuer's name as the issuer writes it every program would find it"}
		out = append(out, fault{f, func(w *world) { w.certs[i].RawIssuer = issuer.RawSubject }})
	}
	return out
}

// sameCA reports whether crypto/x509 takes two certificates for one CA, which it does not have twice
// in a path: they have the same name, key and alternative names.
func sameCA(a, b *x509.Certificate) bool {
	return bytes.Equal(a.RawSubject, b.RawSubject) && bytes.Equal(a.RawSubjectPublicKeyInfo, b.RawSubjectPublicKeyInfo) &&
		bytes.Equal(alternativeNames(a), alternativeNames(b))
}

func alternativeNames(c *x509.Certificate) []byte {
	for _, e := range c.Extensions {
		if e.Id.Equal(oidSAN) {
			return e.Value
		}
	}
	return nil
}
