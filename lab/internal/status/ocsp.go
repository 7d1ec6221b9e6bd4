// Package status reads what a CA says about the revocation of a certificate, in an OCSP response or in
// a revocation list, and whether that is to be relied on. It is pure, and bounded: what it reads comes
// from strangers.
package status

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/internal/bound"
)

const (
	// slack is how far the clocks of a CA and a device may be apart, as in OpenSSL's ocsp program.
	slack = 5 * time.Minute
	// openEnded is how long a word holds that does not say until when: a day, as in mozilla::pkix.
	openEnded = 24 * time.Hour
	// maxResponse bounds an OCSP response, in bytes, which has some hundred and a few certificates.
	maxResponse = 64 << 10
)

// A Word is what one source says about the revocation of a certificate.
type Word struct {
	Source  string         // "the stapled OCSP response", "the CRL at http://…"
	Good    bool           // not revoked
	Revoked bool           // withdrawn
	Since   time.Time      // when revoked
	Reason  int            // RFC 5280 section 5.3.1
	Detail  finding.Detail // why it is not to be relied on; empty when it is
	Why     string         // the same as a sentence
}

// Decides reports whether a client that asks may stop asking.
func (w Word) Decides() bool { return w.Revoked || w.Good && w.Detail == "" }

// Useless returns the word as one that is not to be relied on, for a reason that begins with what its
// source does.
func (w Word) Useless(detail finding.Detail, why string, args ...any) Word {
	w.Detail, w.Why = detail, w.Source+" "+fmt.Sprintf(why, args...)
	return w
}

// current notes when the word does not hold at the time of the device.
func (w Word) current(from, until, at time.Time) Word {
	if until.IsZero() {
		until = from.Add(openEnded)
	}
	switch {
	case at.Add(slack).Before(from):
		return w.Useless(finding.DetailTooEarly, "holds only from %s; the device's clock says %s", finding.Day(from), finding.Day(at))
	case at.Add(-slack).After(until):
		return w.Useless(finding.DetailOutOfDate, "held until %s; the device's clock says %s", finding.Day(until), finding.Day(at))
	}
	return w
}

// OCSP judges an OCSP response by RFC 6960 section 3.2. The nonce is left out: none was sent.
func OCSP(source string, der []byte, leaf, issuer *x509.Certificate, at time.Time) Word {
	w := Word{Source: source}
	if err := withinBounds(der); err != nil {
		return w.Useless(finding.DetailUnreadable, "cannot be read: %s", finding.Clip(err.Error()))
	}
	r, err := ocsp.ParseResponseForCert(der, leaf, nil)
	if refusal, ok := errors.AsType[ocsp.ResponseError](err); ok {
		return w.Useless(finding.DetailErrorStatus, "is no answer but the error %q", refusal.Status)
	}
	if err != nil {
		if other, _ := ocsp.ParseResponse(der, nil); other != nil && other.SerialNumber.Cmp(leaf.SerialNumber) != 0 {
			return w.Useless(finding.DetailOtherCertificate, "is about the certificate with the serial number %s, not about this one", finding.Clip(fmt.Sprintf("%x", other.SerialNumber)))
		}
		return w.Useless(finding.DetailUnreadable, "cannot be read: %s", finding.Clip(err.Error()))
	}
	if why := signer(r, issuer, at); why != "" {
		return w.Useless(finding.DetailOtherSigner, "%s", why)
	}
	switch r.Status {
	case ocsp.Good:
		w.Good = true
	case ocsp.Revoked:
		w.Revoked, w.Since, w.Reason = true, r.RevokedAt, r.RevocationReason
	default:
		return w.Useless(finding.DetailUnknownStatus, "says that the CA does not know this certificate")
	}
	return w.current(r.ThisUpdate, r.NextUpdate, at)
}

// withinBounds says why a response is not even parsed: the parser computes with the key of a
// certificate that comes with it.
func withinBounds(der []byte) error {
	if len(der) > maxResponse {
		return fmt.Errorf("it has %d kB, and no response has more than %d", len(der)>>10, maxResponse>>10)
	}
	var outer struct {
		Status   asn1.Enumerated
		Response struct {
			Type     asn1.ObjectIdentifier
			Response []byte
		} `asn1:"explicit,tag:0,optional"`
	}
	var basic struct {
		Data, Algorithm asn1.RawValue
		Signature       asn1.BitString
		Certificates    []asn1.RawValue `asn1:"explicit,tag:0,optional"`
	}
	if _, err := asn1.Unmarshal(der, &outer); err != nil || len(outer.Response.Response) == 0 {
		return nil // which the parser says better
	}
	if _, err := asn1.Unmarshal(outer.Response.Response, &basic); err != nil {
		return err
	}
	for _, c := range basic.Certificates {
		if _, err := bound.Certificate(c.FullBytes); err != nil {
			return fmt.Errorf("of a certificate that comes with it: %w", err)
		}
	}
	return nil
}

// signer says why nobody whom the issuer has authorised signed the response (RFC 6960 section
// 4.2.2.2): the issuer itself, or a certificate it issued for this purpose. The parser has
// checked the response against a certificate that comes with it, and nothing else.
func signer(r *ocsp.Response, issuer *x509.Certificate, at time.Time) string {
	c := r.Certificate
	switch {
	case c == nil || bytes.Equal(c.RawSubjectPublicKeyInfo, issuer.RawSubjectPublicKeyInfo):
		if r.CheckSignatureFrom(issuer) != nil {
			return fmt.Sprintf("is not signed by the issuer, %s", finding.CertificateName(issuer))
		}
	case !bytes.Equal(c.RawIssuer, issuer.RawSubject) || issuer.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) != nil:
		return fmt.Sprintf("is signed by %s, which the issuer, %s, did not certify", finding.CertificateName(c), finding.CertificateName(issuer))
	case !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning):
		return fmt.Sprintf("is signed by %s, whose certificate does not allow it (id-kp-OCSPSigning)", finding.CertificateName(c))
	case at.Before(c.NotBefore) || at.After(c.NotAfter):
		return fmt.Sprintf("is signed by %s, whose certificate was valid from %s to %s", finding.CertificateName(c), finding.Day(c.NotBefore), finding.Day(c.NotAfter))
	}
	return ""
}
