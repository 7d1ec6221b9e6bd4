package chain

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

// A word is what one source says about the revocation of a certificate.
type word struct {
	source  string // "the stapled OCSP response", "the CRL at http://…"
	good    bool
	revoked bool
	since   time.Time      // when revoked
	reason  int            // RFC 5280 section 5.3.1
	detail  finding.Detail // why it is not to be relied on; empty when it is
	why     string         // the same as a sentence
}

// decides reports whether a client that asks may stop asking.
func (w word) decides() bool { return w.revoked || w.good && w.detail == "" }

func (w word) useless(detail finding.Detail, why string, args ...any) word {
	w.detail, w.why = detail, w.source+" "+fmt.Sprintf(why, args...)
	return w
}

// current notes when the word does not hold at the time of the device.
func (w word) current(from, until, at time.Time) word {
	if until.IsZero() {
		until = from.Add(openEnded)
	}
	switch {
	case at.Add(slack).Before(from):
		return w.useless(finding.DetailTooEarly, "holds only from %s; the device's clock says %s", finding.Day(from), finding.Day(at))
	case at.Add(-slack).After(until):
		return w.useless(finding.DetailOutOfDate, "held until %s; the device's clock says %s", finding.Day(until), finding.Day(at))
	}
	return w
}

// ocspWord judges an OCSP response by RFC 6960 section 3.2. The nonce is left out: none was sent.
func ocspWord(source string, der []byte, leaf, issuer *x509.Certificate, at time.Time) word {
	w := word{source: source}
	if err := withinBounds(der); err != nil {
		return w.useless(finding.DetailUnreadable, "cannot be read: %s", finding.Clip(err.Error()))
	}
	r, err := ocsp.ParseResponseForCert(der, leaf, nil)
	if refusal, ok := errors.AsType[ocsp.ResponseError](err); ok {
		return w.useless(finding.DetailErrorStatus, "is no answer but the error %q", refusal.Status)
	}
	if err != nil {
		if other, _ := ocsp.ParseResponse(der, nil); other != nil && other.SerialNumber.Cmp(leaf.SerialNumber) != 0 {
			return w.useless(finding.DetailOtherCertificate, "is about the certificate with the serial number %s, not about this one", finding.Clip(fmt.Sprintf("%x", other.SerialNumber)))
		}
		return w.useless(finding.DetailUnreadable, "cannot be read: %s", finding.Clip(err.Error()))
	}
	if why := signer(r, issuer, at); why != "" {
		return w.useless(finding.DetailOtherSigner, "%s", why)
	}
	switch r.Status {
	case ocsp.Good:
		w.good = true
	case ocsp.Revoked:
		w.revoked, w.since, w.reason = true, r.RevokedAt, r.RevocationReason
	default:
		return w.useless(finding.DetailUnknownStatus, "says that the CA does not know this certificate")
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
			return fmt.Sprintf("is not signed by the issuer, %s", Name(issuer))
		}
	case !bytes.Equal(c.RawIssuer, issuer.RawSubject) || issuer.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) != nil:
		return fmt.Sprintf("is signed by %s, which the issuer, %s, did not certify", Name(c), Name(issuer))
	case !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning):
		return fmt.Sprintf("is signed by %s, whose certificate does not allow it (id-kp-OCSPSigning)", Name(c))
	case at.Before(c.NotBefore) || at.After(c.NotAfter):
		return fmt.Sprintf("is signed by %s, whose certificate was valid from %s to %s", Name(c), finding.Day(c.NotBefore), finding.Day(c.NotAfter))
	}
	return ""
}

// reasonWords returns a reason to revoke as the standard names it, and in plain words.
func reasonWords(reason int) (name finding.Reason, words string) {
	switch reason {
	case 1:
		return finding.ReasonKeyCompromise, "its key fell into other hands (keyCompromise)"
	case 2:
		return finding.ReasonCACompromise, "the CA's own key fell into other hands (cACompromise)"
	case 3:
		return finding.ReasonAffiliationChanged, "its owner or names have changed (affiliationChanged)"
	case 4:
		return finding.ReasonSuperseded, "another certificate has replaced it (superseded)"
	case 5:
		return finding.ReasonCessationOfOperation, "the server was given up (cessationOfOperation)"
	case 6:
		return finding.ReasonCertificateHold, "it is on hold, and may be released again (certificateHold)"
	case 9:
		return finding.ReasonPrivilegeWithdrawn, "its owner has lost the right to it (privilegeWithdrawn)"
	case 10:
		return finding.ReasonAACompromise, "the attribute authority's key fell into other hands (aACompromise)"
	}
	return finding.ReasonUnspecified, "no reason is given"
}
