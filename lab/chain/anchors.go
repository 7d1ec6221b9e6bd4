package chain

import (
	"bytes"
	"crypto/x509"
	"fmt"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// rootMissing finds a chain that ends at a root which others have, and this device does not.
func rootMissing(ev *evidence) []fault {
	top := ev.path.top()
	if ev.path.end == Trusted || !ev.know.elsewhere[string(top.Raw)] {
		return nil
	}
	f := finding.New(finding.RootMissingOnDevice, fmt.Sprintf("the chain is complete and ends at %s, which this device does not have", Name(top)))
	f.Evidence = []string{"others have that root, and accept the same chain; the store of this device lacks it"}
	f.Facts.About, f.Facts.Subject, f.Facts.Issuer, f.Facts.Certificate = ev.about(top), Name(top), IssuerName(top), top.Raw
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditTrustRoot, Text: fmt.Sprintf("with %s in its store, the device would accept the chain", Name(top))}
	return []fault{{f, func(w *world) { w.anchor = len(w.certs) - 1 }}}
}

// rootDistrusted finds a chain that ends at a root which was removed from the stores, or whose
// root programme no longer accepts what was issued so late.
func rootDistrusted(ev *evidence) []fault {
	top := ev.path.top()
	if ev.path.end == Trusted {
		confine := ev.know.constraints[string(top.Raw)]
		if ev.verified || confine == nil {
			return nil
		}
		err := confine(ev.path.certs[:len(ev.path.certs)-1])
		if err == nil {
			return nil
		}
		f := finding.New(finding.RootDistrusted, fmt.Sprintf("%s is trusted for older certificates only, and not for this one", Name(top)))
		f.Evidence = []string{"its root programme refuses the chain: " + finding.Clip(err.Error())}
		f.Facts.About, f.Facts.Subject, f.Facts.Issuer = ev.about(top), Name(top), Name(top)
		f.Facts.Detail = finding.DetailForOlderCertificates
		f.Counterfactual = reissuedElsewhere()
		return []fault{{f, func(w *world) { w.confine = nil }}}
	}
	d := ev.know.removal(top, ev.at)
	if d == nil {
		return nil
	}
	f := finding.New(finding.RootDistrusted, fmt.Sprintf("the certificate comes from %s, which the trust stores no longer have", finding.Clip(d.Name)))
	f.Evidence = []string{fmt.Sprintf("name and key are those of a root that is gone since %s at the latest: %s", d.Since.UTC().Format("2 January 2006"), finding.Clip(d.Source))}
	f.Facts.About, f.Facts.Subject, f.Facts.Issuer, f.Facts.At = ev.about(top), Name(top), finding.Clip(d.Name), d.Since
	f.Counterfactual = reissuedElsewhere()
	return []fault{{f, func(w *world) { w.anchor = len(w.certs) - 1 }}}
}

func reissuedElsewhere() *finding.Counterfactual {
	return &finding.Counterfactual{Edit: finding.EditTrustRoot, Text: "from a CA that the stores still trust, the same certificate would be accepted"}
}

// expiredCrossSign finds certificates for the name and key of a CA on the path that another CA
// issued, and that lead only to something expired: some clients follow them and give up.
func expiredCrossSign(ev *evidence) []fault {
	if ev.path.end != Trusted {
		return nil
	}
	var out []fault
	for _, c := range ev.sent[1:] {
		twin := twinOf(c, ev.path.certs[1:])
		if twin == nil || bytes.Equal(c.RawSubject, c.RawIssuer) || ev.at.After(twin.NotAfter) {
			continue
		}
		end := c.NotAfter
		if issuer := ev.issuerOf(c); issuer != nil && issuer.NotAfter.Before(end) {
			end = issuer.NotAfter
		}
		if !ev.at.After(end) {
			continue
		}
		f := finding.New(finding.ExpiredCrossSign, fmt.Sprintf("a second certificate for %s is sent, by %s, and that way ended on %s", Name(c), IssuerName(c), finding.Day(end)))
		f.Evidence = []string{fmt.Sprintf("the chain is good without it; a client that prefers it ends at %s, and refuses", IssuerName(c))}
		f.Facts.About, f.Facts.Subject, f.Facts.Issuer = ev.about(c), Name(c), IssuerName(c)
		f.Facts.At, f.Facts.Certificate = end, c.Raw
		f.Counterfactual = &finding.Counterfactual{Edit: finding.EditDropCertificate, Text: "without that certificate every client would take the good way"}
		out = append(out, fault{Finding: f})
	}
	return out
}

// twinOf returns the certificate of path with the name and key of c and other bytes, or nil.
func twinOf(c *x509.Certificate, path []*x509.Certificate) *x509.Certificate {
	for _, p := range path {
		if bytes.Equal(c.RawSubject, p.RawSubject) && bytes.Equal(c.RawSubjectPublicKeyInfo, p.RawSubjectPublicKeyInfo) {
			if bytes.Equal(c.Raw, p.Raw) {
				return nil
			}
			return p
		}
	}
	return nil
}

// issuerOf returns the certificate, sent or known, whose key signed c, or nil.
func (ev *evidence) issuerOf(c *x509.Certificate) *x509.Certificate {
	for _, list := range [][]*x509.Certificate{ev.sent[1:], ev.know.issuers(c)} {
		for _, p := range list {
			if bytes.Equal(p.RawSubject, c.RawIssuer) && signature(c, p) != Broken {
				return p
			}
		}
	}
	return nil
}
