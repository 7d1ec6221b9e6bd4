package chain

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/internal/bound"
)

// An unreadable is a certificate that crypto/x509 cannot parse, as far as it can be skimmed.
type unreadable struct {
	der     []byte
	subject []byte // DER of the name, nil when not even that could be read
	bits    int    // size of a curve that is too small for crypto/x509, 0 for any other reason
	foreign string // the kind of key that is known, and that crypto/x509 does not use
	why     error
}

// skimmed is as much of a certificate (RFC 5280 section 4.1) as is needed to know whose it is.
type skimmed struct {
	TBS struct {
		Version  int `asn1:"optional,explicit,default:0,tag:0"`
		Serial   asn1.RawValue
		SigAlg   asn1.RawValue
		Issuer   asn1.RawValue
		Validity asn1.RawValue
		Subject  asn1.RawValue
		SPKI     struct {
			Raw       asn1.RawContent
			Algorithm pkix.AlgorithmIdentifier
			Key       asn1.BitString
		}
	}
}

// smallCurves are the named curves below leastEC that crypto/x509 does not know: RFC 3279
// section 2.3.5 and SEC 2.
func smallCurve(oid asn1.ObjectIdentifier) int {
	return map[string]int{
		"1.2.840.10045.3.1.1": 192, // P-192
		"1.3.132.0.31":        192, // secp192k1
		"1.3.132.0.8":         160, // secp160r1
		"1.3.132.0.9":         160, // secp160k1
		"1.3.132.0.30":        160, // secp160r2
		"1.3.132.0.32":        224, // secp224k1

		"1.3.36.3.3.2.8.1.1.1": 160, "1.3.36.3.3.2.8.1.1.2": 160, // Brainpool, RFC 5639
		"1.3.36.3.3.2.8.1.1.3": 192, "1.3.36.3.3.2.8.1.1.4": 192,
		"1.3.36.3.3.2.8.1.1.5": 224, "1.3.36.3.3.2.8.1.1.6": 224,
	}[oid.String()]
}

// skim reads what it can of a certificate that was refused for why.
func skim(der []byte, why error) unreadable {
	u := unreadable{der: der, why: why}
	if len(der) > bound.MaxCertificate {
		return u
	}
	var s skimmed
	if _, err := asn1.Unmarshal(der, &s); err != nil {
		return u
	}
	u.subject = s.TBS.Subject.FullBytes
	var curve asn1.ObjectIdentifier
	if _, err := asn1.Unmarshal(s.TBS.SPKI.Algorithm.Parameters.FullBytes, &curve); err == nil {
		u.bits = smallCurve(curve)
	}
	u.foreign = keyKind(s.TBS.SPKI.Raw)
	return u
}

// unreadables returns those of ders that cannot be parsed.
func unreadables(ders [][]byte) []unreadable {
	var out []unreadable
	for _, der := range ders {
		if _, err := bound.Certificate(der); err != nil {
			out = append(out, skim(der, err))
		}
	}
	return out
}

// fault says what is wrong with an unreadable certificate: a key that is too small, or its form.
func (u unreadable) fault(whose string, about finding.Pointer) finding.Finding {
	if u.bits > 0 {
		f := finding.New(finding.WeakKey, fmt.Sprintf("%s has an EC key of %d bits; %d is the least that is accepted", whose, u.bits, leastEC))
		f.Evidence = []string{says(u.why)}
		f.Facts.About = about
		f.Counterfactual = &finding.Counterfactual{Edit: finding.EditKey, Text: fmt.Sprintf("with a key of %d bits every client would take it", leastEC)}
		return f
	}
	if u.foreign != "" {
		f := finding.New(finding.UnsupportedAlgorithm, fmt.Sprintf("%s has a key of a kind that mail clients do not know: %s", whose, u.foreign))
		f.Evidence = []string{says(u.why)}
		f.Facts.About = about
		f.Counterfactual = &finding.Counterfactual{Edit: finding.EditKey, Text: "with a key of RSA or ECDSA every client would take it"}
		return f
	}
	f := finding.New(finding.MalformedCertificate, whose+" cannot be read")
	f.Evidence = []string{says(u.why)}
	f.Facts.About = about
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditCertificate, Text: "with a certificate that follows RFC 5280 there would be something to judge"}
	if large, is := errors.AsType[*bound.TooLargeError](u.why); is {
		f.Summary = fmt.Sprintf("%s cannot be used: %s", whose, large.What)
		f.Evidence = []string{large.Refused + ", so that nothing was computed with it"}
		f.Counterfactual.Text = "with a certificate and a key of a usual size there would be something to judge"
	}
	return f
}

// illegible judges a leaf that cannot be read at all: beside that, nothing can be said of it.
func illegible(ev *evidence) []fault {
	u := unreadable{der: ev.raw[0], why: ev.illegible}
	return []fault{{Finding: u.fault("the server's certificate", finding.PointAt(ev.raw[0], ev.raw, finding.RoleLeaf))}}
}

// unreadableIssuer returns the fault of an issuer of c that was sent, or is trusted, and cannot
// be read.
func unreadableIssuer(ev *evidence, c *x509.Certificate) (finding.Finding, bool) {
	for _, u := range ev.unreadable {
		if bytes.Equal(u.subject, c.RawIssuer) {
			return u.fault(IssuerName(c)+", which the server sent,", finding.PointAt(u.der, ev.raw, finding.RoleIntermediate)), true
		}
	}
	for _, u := range ev.know.fetched {
		if bytes.Equal(u.subject, c.RawIssuer) {
			return u.fault(IssuerName(c)+", which was fetched,", finding.PointAt(u.der, ev.raw, finding.RoleIntermediate)), true
		}
	}
	for _, u := range ev.know.unreadable {
		if bytes.Equal(u.subject, c.RawIssuer) {
			return u.fault("the root "+IssuerName(c), finding.PointAt(u.der, ev.raw, finding.RoleRoot)), true
		}
	}
	return finding.Finding{}, false
}
