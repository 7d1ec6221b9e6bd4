package certs

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
)

// mostValid is the longest window, in days, that still lies within that of the CAs.
const mostValid = 1100

// beyondASCII is the pattern of a name that has another form in ASCII.
const beyondASCII = `[^\x00-\x7f]`

func uLabel(p *plan, f Fault) error {
	p.leaf.uLabels = f.Names
	return nil
}

func validFor(p *plan, f Fault) error {
	p.leaf.tmpl.NotAfter = p.a.now.Add(60 * day)
	p.leaf.tmpl.NotBefore = p.leaf.tmpl.NotAfter.Add(-days(f.Days))
	return nil
}

func md5(p *plan, _ Fault) error {
	if _, err := p.ownIntermediate(); err != nil {
		return err
	}
	p.leaf.md5 = true
	return nil
}

func keyUsages() map[string]x509.KeyUsage {
	return map[string]x509.KeyUsage{
		"digitalSignature": x509.KeyUsageDigitalSignature,
		"keyEncipherment":  x509.KeyUsageKeyEncipherment,
		"keyAgreement":     x509.KeyUsageKeyAgreement,
	}
}

func keyUsage(p *plan, f Fault) error {
	usage := p.leaf.tmpl.KeyUsage & x509.KeyUsageCertSign // of a leaf that is a CA on purpose
	for _, n := range f.Names {
		usage |= keyUsages()[n]
	}
	p.leaf.tmpl.KeyUsage = usage
	return nil
}

// unheardOf is the number of the extension that no client knows.
func unheardOf() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 32473, 1} }

func criticalExtension(p *plan, _ Fault) error {
	null := []byte{asn1.TagNull, 0}
	p.leaf.tmpl.ExtraExtensions = append(slices.Clone(p.leaf.tmpl.ExtraExtensions), pkix.Extension{Id: unheardOf(), Critical: true, Value: null})
	return nil
}
