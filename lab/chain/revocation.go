package chain

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ocsp"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/internal/status"
)

// Revocation is policy: crypto/x509 knows nothing of it, and clients differ in how they look.
// It is judged for the leaf alone.

// revocation is what was heard about the leaf.
type revocation struct {
	staple  *status.Word  // nil when none came, or nobody can say whose word it is
	fetched []status.Word // in the order of asking
	unasked []string      // sources that were not asked (yet)
}

// hearsay is what a connection adds to a chain: the staple, and that the CA can be asked.
type hearsay struct {
	staple   []byte
	stapling bool // a staple would have been seen
	asking   bool // somebody can ask the CA
	heard    *revocation
}

// issuer returns the issuer of the leaf, nil when no signature proves it.
func (ev *evidence) issuer() *x509.Certificate {
	if len(ev.path.links) == 0 || ev.path.links[0] == Broken || ev.path.links[0] == WrongKey {
		return nil
	}
	return ev.path.certs[1]
}

// revocation asks, once for all rules. The CA is asked only where its word matters and its
// address can be trusted: for a certificate within its dates, below a trusted root, without a
// staple that decides.
func (ev *evidence) revocation() *revocation {
	if ev.heard != nil {
		return ev.heard
	}
	ev.heard = &revocation{}
	r, leaf, issuer := ev.heard, ev.path.leaf(), ev.issuer()
	if issuer == nil {
		return r
	}
	if len(ev.staple) > 0 {
		w := status.OCSP("the stapled OCSP response", ev.staple, leaf, issuer, ev.at)
		r.staple = &w
	}
	if !ev.asking || ev.path.end != Trusted || ev.outdated() || r.decided() {
		return r
	}
	if all := slices.Concat(leaf.OCSPServer, leaf.CRLDistributionPoints); len(all) > 0 && overHTTP(all) == "" {
		r.unasked = append(r.unasked, finding.Clip(all[0])+", which is not plain http,")
	}
	if url := overHTTP(leaf.OCSPServer); url != "" {
		ev.askResponder(url, leaf, issuer)
	}
	if url := overHTTP(leaf.CRLDistributionPoints); url != "" && !r.decided() && len(r.unasked) == 0 {
		source := "the CRL at " + finding.Clip(url)
		ev.hear(source, Ask{Kind: FetchCRL, URL: url}, func(der []byte) status.Word {
			return status.CRL(source, url, der, leaf, issuer, ev.at)
		})
	}
	return r
}

func (ev *evidence) askResponder(url string, leaf, issuer *x509.Certificate) {
	request, err := ocsp.CreateRequest(leaf, issuer, nil)
	if err != nil {
		return // the issuer's key cannot be read, which other rules tell
	}
	source := "the OCSP responder at " + finding.Clip(url)
	ev.hear(source, Ask{Kind: FetchOCSP, URL: url, Request: request}, func(der []byte) status.Word {
		return status.OCSP("the response of "+source, der, leaf, issuer, ev.at)
	})
}

// hear notes the answer to one ask, or that there is none yet.
func (ev *evidence) hear(source string, a Ask, judge func([]byte) status.Word) {
	switch f := ev.ask(a); {
	case f == nil || f.NotTried:
		ev.heard.unasked = append(ev.heard.unasked, source)
	case f.Refused:
		ev.heard.unasked = append(ev.heard.unasked, source+" ("+finding.Clip(f.Error)+")")
	case f.Error != "":
		ev.heard.fetched = append(ev.heard.fetched, status.Word{Source: source}.Useless(finding.DetailUnreachable, "gives no answer: %s", finding.Clip(f.Error)))
	default:
		ev.heard.fetched = append(ev.heard.fetched, judge(f.Response))
	}
}

func (r *revocation) words() []status.Word {
	if r.staple == nil {
		return r.fetched
	}
	return append([]status.Word{*r.staple}, r.fetched...)
}

func (r *revocation) decided() bool { return slices.ContainsFunc(r.words(), status.Word.Decides) }

// outdated reports whether the leaf is outside its dates. Its CA need not speak of it any more.
func (ev *evidence) outdated() bool {
	leaf := ev.path.leaf()
	return ev.at.After(leaf.NotAfter) || ev.at.Before(leaf.NotBefore)
}

func overHTTP(urls []string) string {
	for _, url := range urls {
		if strings.HasPrefix(url, "http://") {
			return url
		}
	}
	return ""
}

// revoked finds a certificate that its CA has withdrawn. An old word counts too: what was
// revoked yesterday still is, but for one reason, which is told.
func revoked(ev *evidence) []fault {
	leaf := ev.path.leaf()
	var f finding.Finding
	for _, w := range ev.revocation().words() {
		if !w.Revoked {
			continue
		}
		reason, words := reasonWords(w.Reason)
		if f.Code == "" {
			f = finding.New(finding.Revoked, fmt.Sprintf("the CA revoked the certificate for %s on %s: %s", Name(leaf), finding.Day(w.Since), words))
			f.Facts.About, f.Facts.Subject, f.Facts.Issuer, f.Facts.At, f.Facts.Reason = ev.about(leaf), Name(leaf), IssuerName(leaf), w.Since, reason
		}
		f.Evidence = append(f.Evidence, w.Source+" says so, and is signed by the CA")
		if w.Why != "" {
			f.Evidence = append(f.Evidence, w.Why)
		}
	}
	if f.Code == "" {
		return nil
	}
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditCertificate, Text: "with a certificate that the CA has not revoked every client would go on"}
	return []fault{{Finding: f}}
}

// stapleRequired finds a broken promise: the certificate says that a staple comes along (RFC
// 7633), the client asked for one, and none came.
func stapleRequired(ev *evidence) []fault {
	leaf := ev.path.leaf()
	if !ev.stapling || len(ev.staple) > 0 || !mustStaple(leaf) {
		return nil
	}
	f := finding.New(finding.StapleRequired, fmt.Sprintf("the certificate for %s promises a stapled OCSP response, and the server sends none", Name(leaf)))
	f.Evidence = []string{"its TLS feature extension (1.3.6.1.5.5.7.1.24) names status_request; the handshake asked for a staple and had none"}
	f.Facts.About, f.Facts.Subject = ev.about(leaf), Name(leaf)
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditStaple, Text: "with a fresh OCSP response in the handshake, or without that extension, every client would go on"}
	return []fault{{Finding: f}}
}

func mustStaple(c *x509.Certificate) bool {
	const statusRequest, statusRequestV2 = 5, 17
	for _, e := range c.Extensions {
		var features []int
		if !e.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}) {
			continue
		}
		if _, err := asn1.Unmarshal(e.Value, &features); err == nil {
			return slices.Contains(features, statusRequest) || slices.Contains(features, statusRequestV2)
		}
	}
	return false
}

// staleStaple finds a staple that proves nothing: out of date mostly, or about another
// certificate, by another signer, or no answer at all. Detail says which.
func staleStaple(ev *evidence) []fault {
	w := ev.revocation().staple
	if w == nil || w.Detail == "" || ev.outdated() {
		return nil
	}
	leaf := ev.path.leaf()
	f := finding.New(finding.StaleStaple, fmt.Sprintf("the server staples an OCSP response that proves nothing about the certificate for %s", Name(leaf)))
	if w.Detail == finding.DetailOutOfDate {
		f.Summary = fmt.Sprintf("the server staples an OCSP response that is out of date to the certificate for %s", Name(leaf))
	}
	f.Evidence = []string{w.Why}
	f.Facts.About, f.Facts.Subject, f.Facts.Detail = ev.about(leaf), Name(leaf), w.Detail
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditStaple, Text: "with a fresh OCSP response of the CA in the handshake, or with none, clients would go on"}
	if mustStaple(leaf) {
		f.Counterfactual.Text = "with a fresh OCSP response of the CA in the handshake clients would go on"
	}
	return []fault{{Finding: f}}
}

// revocationUnknown tells that the CA could not be heard, instead of passing over it as most
// clients do. That nobody has asked is worth a note.
func revocationUnknown(ev *evidence) []fault {
	r, leaf := ev.revocation(), ev.path.leaf()
	if r.decided() || len(r.fetched)+len(r.unasked) == 0 {
		return nil
	}
	f := finding.New(finding.RevocationUnknown, fmt.Sprintf("whether the certificate for %s was revoked cannot be found out", Name(leaf)))
	for _, w := range r.fetched {
		f.Evidence, f.Facts.Detail = append(f.Evidence, w.Why), w.Detail
	}
	for _, source := range r.unasked {
		f.Evidence = append(f.Evidence, source+" was not asked")
	}
	if len(r.fetched) == 0 {
		f.Severity, f.Facts.Detail = finding.Note, finding.DetailNotAsked
		f.Summary = fmt.Sprintf("whether the certificate for %s was revoked was not looked up", Name(leaf))
	}
	f.Facts.About, f.Facts.Subject, f.Facts.Issuer = ev.about(leaf), Name(leaf), IssuerName(leaf)
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditRevocationAnswer, Text: "a current answer of the CA about the certificate would settle the question"}
	return []fault{{Finding: f}}
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
