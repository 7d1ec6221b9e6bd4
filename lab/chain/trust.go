package chain

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// trustAnchor judges where the path ends. "Unknown authority" is crypto/x509's one word for
// four causes; here they are told apart by what was sent and by what is known.
func trustAnchor(ev *evidence) []fault {
	p := ev.path
	if p.end == Trusted {
		return nil
	}
	f := endOf(ev)
	if f.Facts.About.IsZero() {
		f.Facts.About = ev.about(p.top())
	}
	f.Facts.Subject, f.Facts.Issuer = Name(p.top()), IssuerName(p.top())
	f.Facts.Certificate = p.top().Raw
	if f.Counterfactual == nil {
		f.Counterfactual = &finding.Counterfactual{Edit: finding.EditTrustRoot, Text: fmt.Sprintf("if %s were trusted, the chain would end where it should", Name(p.top()))}
	}
	return []fault{{f, func(w *world) { w.anchor = len(w.certs) - 1 }}}
}

// endOf says why the path does not end at a trusted root.
func endOf(ev *evidence) finding.Finding {
	if ev.path.end == Dangling {
		if f, is := unreadableIssuer(ev, ev.path.top()); is {
			return f
		}
		if f, is := unsentPublic(ev); is {
			return f
		}
	}
	return untrusted(ev)
}

func untrusted(ev *evidence) finding.Finding {
	p := ev.path
	top := p.top()
	switch namesake := ev.know.namesake(top); {
	case p.end == SelfIssued && len(p.certs) == 1:
		f := finding.New(finding.SelfSigned, fmt.Sprintf("the certificate for %s is signed by itself and by no CA", Name(top)))
		f.Evidence = []string{"it names itself as its issuer"}
		if selfSigned(top) {
			f.Evidence = []string{"its issuer is its own subject, and its signature fits its own key"}
		}
		return f
	case p.end == SelfIssued && namesake != nil:
		f := finding.New(finding.IssuerKeyMismatch, fmt.Sprintf("the chain ends at a root that calls itself %s, as a trusted one does, and has another key", Name(top)))
		f.Evidence = []string{"the trusted root of that name has another key"}
		return f
	case p.end == SelfIssued:
		f := finding.New(finding.IssuerNotTrusted, fmt.Sprintf("the chain is complete and ends at %s, a root that is not trusted", Name(top)))
		f.Evidence = []string{fmt.Sprintf("the root was %s, and is in no trust store of this run", whence(ev, top))}
		return f
	case len(p.certs) > 1:
		f := finding.New(finding.IssuerNotTrusted, fmt.Sprintf("the certificate comes from a CA that is not trusted: %s", IssuerName(top)))
		f.Evidence = []string{fmt.Sprintf("the intermediate %s was %s; its issuer %s is in no trust store, nor among the known intermediates", Name(top), whence(ev, top), IssuerName(top))}
		return f
	}
	f := finding.New(finding.IssuerUnknown, fmt.Sprintf("nobody here knows %s, the issuer of the certificate", IssuerName(top)))
	f.Evidence = []string{
		"the server sent no certificate of that name, no trust store has it, and it is not among the known intermediates",
		"either the server leaves out an intermediate, or the certificate comes from a private CA; the issuer's certificate would settle it",
	}
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditTrustRoot, Text: fmt.Sprintf("if %s were known and trusted, the certificate would be accepted", IssuerName(top))}
	return f
}

// unsentPublic is the finding for a path that ends for want of a public CA's intermediate, which is
// known by its name alone, or by what only public CAs put into a certificate. It is false for others.
func unsentPublic(ev *evidence) (finding.Finding, bool) {
	top := ev.path.top()
	evidence := fmt.Sprintf("%s has the name of a public CA's intermediate, which servers must send", IssuerName(top))
	if !ev.know.public(top.Issuer.String()) {
		if len(ev.path.certs) > 1 || !fromPublicCA(top) {
			return finding.Finding{}, false
		}
		evidence = "it carries timestamps of Certificate Transparency logs, as certificates of public CAs do"
	}
	f := finding.New(finding.MissingIntermediate, fmt.Sprintf("the server does not send %s, which issued the certificate for %s", IssuerName(top), Name(top)))
	f.Evidence = []string{evidence, "no certificate of that name was sent, and none is known here"}
	f.Facts.Detail = finding.DetailPublicCA
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditAddIntermediate, Text: fmt.Sprintf("if %s were sent as well, the chain would be complete", IssuerName(top))}
	return f, true
}

// fromPublicCA reports whether c carries SCTs (RFC 6962 section 3.3), which a private CA has no
// way to get.
func fromPublicCA(c *x509.Certificate) bool {
	return slices.ContainsFunc(c.Extensions, func(e pkix.Extension) bool {
		return e.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2})
	})
}

// whence says where a certificate of the path comes from.
func whence(ev *evidence, c *x509.Certificate) string {
	if containsCert(ev.sent, c) {
		return "sent"
	}
	return "not sent, but is known here"
}

// missingIntermediate finds the links of the path that the server should have sent.
func missingIntermediate(ev *evidence) []fault {
	var out []fault
	w := ev.world()
	for i, c := range ev.path.certs {
		if !w.absent[i] {
			continue
		}
		f := finding.New(finding.MissingIntermediate, fmt.Sprintf("the server does not send the intermediate %s", Name(c)))
		f.Evidence = []string{fmt.Sprintf("%s is issued by %s, which is known and was not sent", Name(ev.path.certs[i-1]), Name(c))}
		if from := ev.know.origins[string(c.Raw)]; from != "" {
			f.Facts.Detail = finding.DetailAIA
			f.Evidence = []string{
				fmt.Sprintf("%s is issued by %s, which was not sent", Name(ev.path.certs[i-1]), Name(c)),
				fmt.Sprintf("it was fetched from %s, as the certificate says; a program that fetches nothing cannot go on", finding.Clip(from)),
			}
		}
		f.Facts.About, f.Facts.Subject, f.Facts.Issuer, f.Facts.Certificate = ev.about(c), Name(c), IssuerName(c), c.Raw
		f.Counterfactual = &finding.Counterfactual{Edit: finding.EditAddIntermediate, Text: fmt.Sprintf("if %s were sent as well, the chain would be complete", Name(c))}
		out = append(out, fault{f, func(w *world) { w.absent[i] = false }})
	}
	return out
}

// signatures judges each link of the path. A trust anchor's own signature proves nothing and is
// not looked at.
func signatures(ev *evidence) []fault {
	var out []fault
	for i, state := range ev.path.links {
		child, parent := ev.path.certs[i], ev.path.certs[i+1]
		about := child
		var f finding.Finding
		switch state {
		case Sound:
			continue
		case Unusable:
			var told bool
			if f, about, told = ev.unjudged(child, parent); told {
				continue
			}
		case Foreign:
			f = foreignButSound(child)
		case Weak:
			f = finding.New(finding.WeakSignature, fmt.Sprintf("%s is signed with %s, which is broken", Name(child), signedWith(child)))
			f.Evidence = []string{"the signature itself fits; the hash is no longer accepted"}
			if s, _, _ := signingOf(child); s.hash == 0 && s.scheme == pkcs1v15 {
				f.Evidence = []string{"nobody computes that hash any more, so that it alone is judged"}
			}
			f.Counterfactual = &finding.Counterfactual{Edit: finding.EditSignAgain, Text: "signed with SHA-256 it would be accepted"}
		case WrongKey:
			f = finding.New(finding.IssuerKeyMismatch, fmt.Sprintf("%s was issued by another CA than the one known as %s", Name(child), Name(parent)))
			f.Evidence = []string{fmt.Sprintf("it asks for an issuer with key %x; %s has key %x", short(child.AuthorityKeyId), Name(parent), short(parent.SubjectKeyId))}
			f.Counterfactual = &finding.Counterfactual{Edit: finding.EditSignAgain, Text: fmt.Sprintf("signed with the key of %s that is known it would be accepted", Name(parent))}
		case Broken:
			f = finding.New(finding.BadSignature, fmt.Sprintf("the signature on %s is damaged: it does not fit the certificate", Name(child)))
			f.Evidence = []string{fmt.Sprintf("the key of %s, its issuer, does not verify it", Name(parent))}
			f.Counterfactual = &finding.Counterfactual{Edit: finding.EditSignAgain, Text: "with the signature that its issuer made it would be accepted"}
			if outdated(child) { // told where something else hides the damage
				out = append(out, fault{Finding: weakHash(ev, child, Name(parent), "the signature is damaged as well, so that only the hash is judged")})
			}
		}
		f.Facts.About, f.Facts.Subject, f.Facts.Issuer = ev.about(about), Name(child), Name(parent)
		out = append(out, fault{f, func(w *world) { w.resign[i] = true }})
	}
	return append(out, topSignature(ev)...)
}

// topSignature judges the signature of the last certificate, which crypto/x509 has no issuer for:
// by its hash, and by its own key where it signed itself. An untrusted root's proves nothing.
func topSignature(ev *evidence) []fault {
	top := ev.path.top()
	alone := ev.path.end == SelfIssued && len(ev.path.certs) == 1
	var f finding.Finding
	switch {
	case alone && !selfSigned(top):
		f = finding.New(finding.BadSignature, fmt.Sprintf("the signature on %s is damaged: its own key does not verify it", Name(top)))
		f.Evidence = []string{"it names itself as its issuer"}
		f.Counterfactual = &finding.Counterfactual{Edit: finding.EditSignAgain, Text: "with the signature that was made there would be one reason less to refuse it"}
	case (alone || ev.path.end == Dangling) && outdated(top):
		return []fault{{Finding: weakHash(ev, top, IssuerName(top), "no issuer is here that could verify the signature, so that only the hash is judged")}}
	default:
		return nil
	}
	f.Facts.About, f.Facts.Subject, f.Facts.Issuer = ev.about(top), Name(top), IssuerName(top)
	return []fault{{Finding: f}}
}

// weakHash is the finding for a signature that cannot be verified, and whose hash is bad enough.
func weakHash(ev *evidence, c *x509.Certificate, issuer, evidence string) finding.Finding {
	f := finding.New(finding.WeakSignature, fmt.Sprintf("%s is signed with %s, which is broken", Name(c), signedWith(c)))
	f.Evidence = []string{evidence}
	f.Facts.About, f.Facts.Subject, f.Facts.Issuer = ev.about(c), Name(c), issuer
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditSignAgain, Text: "signed with SHA-256 there would be one reason less to refuse it"}
	return f
}

func short(id []byte) []byte { return id[:min(len(id), 4)] }

// issuerIsACA finds certificates that signed another one and may not (RFC 5280 section 4.2.1.9).
func issuerIsACA(ev *evidence) []fault {
	var out []fault
	proxy := len(ev.before("proxy-certificate")) > 0
	for i, c := range ev.path.certs[1:] {
		if mayIssue(c, i+2 == len(ev.path.certs)) || proxy && i == 0 { // the top is trusted, or would be
			continue
		}
		f := finding.New(finding.IssuerNotACA, fmt.Sprintf("%s signed the certificate below it and is no CA", Name(c)))
		f.Evidence = []string{caEvidence(c)}
		f.Facts.About, f.Facts.Subject = ev.about(c), Name(c)
		f.Counterfactual = &finding.Counterfactual{Edit: finding.EditMakeCA, Text: fmt.Sprintf("if %s were a CA, what it signed would be accepted", Name(c))}
		out = append(out, fault{f, func(w *world) { makeCA(w.certs[i+1]) }})
	}
	return out
}

func makeCA(c *x509.Certificate) {
	if !c.BasicConstraintsValid || !c.IsCA {
		c.MaxPathLen = -1 // a copy without the extension has 0, which would be a limit
	}
	c.BasicConstraintsValid, c.IsCA = true, true
	c.KeyUsage |= x509.KeyUsageCertSign
}

func caEvidence(c *x509.Certificate) string {
	switch {
	case c.Version < 3:
		return "it is a version 1 certificate, which cannot say that it is a CA"
	case !c.BasicConstraintsValid:
		return "it has no basic constraints"
	case !c.IsCA:
		return "its basic constraints say CA:FALSE"
	}
	return "its key usage does not include signing certificates"
}

// pathLength finds CAs with more CAs below them than they allow (RFC 5280 section 4.2.1.9).
func pathLength(ev *evidence) []fault {
	var out []fault
	leaves := 1
	if len(ev.before("proxy-certificate")) > 0 {
		leaves = 2
	}
	for i, c := range ev.path.certs {
		if i == 0 || !c.BasicConstraintsValid || c.MaxPathLen < 0 || i-leaves <= c.MaxPathLen {
			continue
		}
		f := finding.New(finding.PathLengthExceeded, fmt.Sprintf("%s allows %d CAs below it, and the chain has %d", Name(c), c.MaxPathLen, i-1))
		f.Facts.About, f.Facts.Subject = ev.about(c), Name(c)
		f.Counterfactual = &finding.Counterfactual{Edit: finding.EditDropPathLength, Text: "without that limit the chain would be accepted"}
		out = append(out, fault{f, func(w *world) { w.certs[i].MaxPathLen = -1 }})
	}
	return out
}

// order finds a chain whose certificates are all there, and not each before its issuer.
func order(ev *evidence) []fault {
	last := -1
	for _, c := range ev.path.certs {
		at := position(ev.sent, c)
		if at < 0 {
			continue
		}
		if at < last {
			f := finding.New(finding.ChainOrder, "the certificates are not sent in the order of signing")
			f.Evidence = []string{fmt.Sprintf("%s is sent before a certificate that it issued", Name(c))}
			f.Facts.About = ev.about(c)
			return []fault{{Finding: f}}
		}
		last = at
	}
	return nil
}

// unrelated finds certificates that are no ancestor of the leaf, by name.
func unrelated(ev *evidence) []fault {
	related := map[string]bool{string(ev.sent[0].RawIssuer): true}
	for range ev.sent {
		for _, c := range ev.sent[1:] {
			if related[string(c.RawSubject)] {
				related[string(c.RawIssuer)] = true
			}
		}
	}
	var out []fault
	for _, c := range ev.sent[1:] {
		if related[string(c.RawSubject)] || containsCert(ev.path.certs, c) {
			continue
		}
		f := finding.New(finding.UnrelatedCertificate, fmt.Sprintf("%s is sent too, and has nothing to do with this chain", Name(c)))
		f.Facts.About, f.Facts.Subject = ev.about(c), Name(c)
		out = append(out, fault{Finding: f})
	}
	return out
}

// rootAlsoSent finds the root among the certificates sent. An intermediate that a device trusts
// directly is no root, and has to be sent for all the others.
func rootAlsoSent(ev *evidence) []fault {
	top := ev.path.top()
	if ev.path.end != Trusted || len(ev.path.certs) < 2 || !bytes.Equal(top.RawSubject, top.RawIssuer) || position(ev.sent, top) < 0 {
		return nil
	}
	f := finding.New(finding.RootAlsoSent, fmt.Sprintf("the root %s is sent too; a client that trusts it has it already", Name(top)))
	f.Facts.About, f.Facts.Subject = ev.about(top), Name(top)
	return []fault{{Finding: f}}
}

func position(list []*x509.Certificate, c *x509.Certificate) int {
	for i, x := range list {
		if x.Equal(c) {
			return i
		}
	}
	return -1
}
