package chain

import (
	"crypto/x509"
	"fmt"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// unjudged says why nobody here can tell what the signature of child by parent is worth, and which
// of the two it is about. It is told where another rule says so already.
func (ev *evidence) unjudged(child, parent *x509.Certificate) (f finding.Finding, about *x509.Certificate, told bool) {
	s, _, _ := signingOf(child)
	kind := keyKind(parent.RawSubjectPublicKeyInfo)
	switch {
	case keyOf(parent) != nil && kind == "" && !usable(parent):
		return f, nil, true // too small: keyStrength says so
	case ev.misread[parent] != nil && ev.misread[parent].key != nil:
		return f, nil, true // the certificate is not written as it must be, and this is undone with it
	case outdated(child):
		f = weakHash(ev, child, Name(parent), "nobody here can verify the signature, so that only the hash is judged")
		return f, child, false
	case unreadableSigning(child):
		f = finding.New(finding.MalformedCertificate, fmt.Sprintf("%s does not say how it was signed: the parameters of %s are none that it has", Name(child), s.name))
		f.Evidence = []string{"so nobody can tell whether its signature is sound"}
		f.Counterfactual = &finding.Counterfactual{Edit: finding.EditCertificate, Text: "with parameters that can be read its signature could be judged"}
		return f, child, false
	case kind != "":
		return unsupportedKey(parent, kind), parent, false
	case parent.PublicKey == nil && keyOf(parent) == nil:
		f = finding.New(finding.MalformedCertificate, fmt.Sprintf("the public key of %s cannot be read", Name(parent)))
		f.Evidence = []string{"so nobody can tell whether what it signed is sound"}
		f.Counterfactual = &finding.Counterfactual{Edit: finding.EditCertificate, Text: "with a key that can be read its signatures could be judged"}
		return f, parent, false
	}
	f = finding.New(finding.UnsupportedAlgorithm, fmt.Sprintf("%s is signed with %s, which clients do not verify", Name(child), s.name))
	f.Evidence = []string{"this program does not either, so that nobody here can tell whether the signature is sound"}
	f.Counterfactual = commonAlgorithm()
	return f, child, false
}

func commonAlgorithm() *finding.Counterfactual {
	return &finding.Counterfactual{Edit: finding.EditSignAgain, Text: "signed with SHA-256 and a key of RSA or ECDSA it would be accepted"}
}

// unsupportedKey is the finding for a key of a kind that is known, and that mail clients do not use.
func unsupportedKey(c *x509.Certificate, kind string) finding.Finding {
	f := finding.New(finding.UnsupportedAlgorithm, fmt.Sprintf("%s has a key of a kind that mail clients do not know: %s", Name(c), kind))
	f.Evidence = []string{"it may be sound; this program cannot judge it either"}
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditKey, Text: "with a key of RSA or ECDSA every client would take it"}
	return f
}

// foreignButSound is the finding for a signature that fits, and that crypto/x509 does not verify.
func foreignButSound(c *x509.Certificate) finding.Finding {
	f := finding.New(finding.UnsupportedAlgorithm, fmt.Sprintf("%s is signed with %s, which programs in Go do not verify", Name(c), signedWith(c)))
	f.Severity = finding.Warning
	f.Evidence = []string{"the signature itself fits"}
	f.Counterfactual = commonAlgorithm()
	return f
}

// leafKey finds a leaf whose key is of a kind that clients have no handshake for.
func leafKey(ev *evidence) []fault {
	leaf := ev.path.leaf()
	kind := keyKind(leaf.RawSubjectPublicKeyInfo)
	if kind == "" || ev.misread[leaf] != nil && ev.misread[leaf].key != nil {
		return nil
	}
	f := unsupportedKey(leaf, kind)
	if onlyPSS(leaf) {
		f.Severity = finding.Warning
		f.Evidence = []string{"OpenSSL takes such keys; programs in Go do not"}
	}
	f.Facts.About, f.Facts.Subject = ev.about(leaf), Name(leaf)
	return []fault{{Finding: f}}
}

// writing finds the certificates of the path that crypto/x509 refuses to read, and that were read
// without the parts for which it does.
func writing(ev *evidence) []fault {
	var out []fault
	for i, c := range ev.path.certs {
		r := ev.misread[c]
		if r == nil || len(r.parts) == 0 {
			continue
		}
		whose := "the server's certificate"
		if i > 0 {
			whose = "the certificate of " + Name(c)
		}
		f := r.malformed(whose, ev.about(c))
		f.Facts.Subject = Name(c)
		out = append(out, fault{f, func(w *world) {
			w.misread[i] = nil
			if r.key != nil && i > 0 && ev.path.links[i-1] == Unusable {
				w.resign[i-1] = true
			}
		}})
	}
	return out
}
