package certs

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"
)

// mostValid is the longest window, in days, that still lies within that of the CAs.
const mostValid = 1100

func uLabel(p *plan, f Fault) error {
	for _, n := range f.Names {
		if !slices.ContainsFunc([]byte(n), func(b byte) bool { return b >= 0x80 }) {
			return fmt.Errorf("%q is in ASCII already", n)
		}
	}
	p.leaf.uLabels = f.Names
	return nil
}

func validFor(p *plan, f Fault) error {
	if err := within(f.Days, mostValid); err != nil {
		return err
	}
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

func keyUsage(p *plan, f Fault) error {
	known := map[string]x509.KeyUsage{
		"digitalSignature": x509.KeyUsageDigitalSignature,
		"keyEncipherment":  x509.KeyUsageKeyEncipherment,
		"keyAgreement":     x509.KeyUsageKeyAgreement,
	}
	usage := p.leaf.tmpl.KeyUsage & x509.KeyUsageCertSign // of a leaf that is a CA on purpose
	for _, n := range f.Names {
		bit, ok := known[n]
		if !ok {
			return fmt.Errorf("there is no key usage %q here", n)
		}
		usage |= bit
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
