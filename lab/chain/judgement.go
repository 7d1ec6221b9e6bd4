package chain

import (
	"bytes"
	"crypto/x509"
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// A Judgement is what was found of a chain. It is a plain value.
type Judgement struct {
	// Findings are in the vocabulary's order. Unexplained is among them unless the others
	// explain everything.
	Findings []finding.Finding `json:"findings"`
	Path     Path              `json:"path"` // the way that was judged
	// Accepted is crypto/x509's own verdict, for the name as well: a finding about a policy of
	// certain clients does not change it.
	Accepted bool `json:"accepted"`
	// Asks would settle what is left open.
	Asks []Ask `json:"asks,omitempty"`
}

// A Path is the way from the leaf to its trust anchor that was judged: crypto/x509's own where it
// accepts, and otherwise the one that needs the least to be forgiven, as far as certificates are
// known. Where the leaf cannot be read there is none, and all that was sent is Beside.
type Path struct {
	Certificates []Certificate `json:"certificates,omitempty"` // the leaf first
	// Links[i] is the signature on Certificates[i] by the key of Certificates[i+1].
	Links []Link `json:"links,omitempty"`
	End   End    `json:"end,omitempty"`
	// Issuer is the name of the issuer that nobody here has, where the path is Dangling.
	Issuer string `json:"issuer,omitempty"`
	// Beside are certificates that were sent too, and are no part of the path.
	Beside []Certificate `json:"beside,omitempty"`
}

// A Certificate is one of a path, or beside it. One that is neither Sent nor Anchor is known to
// the judge, and was not sent.
type Certificate struct {
	Name        string `json:"name"`             // as findings call it; empty for one that cannot be read
	Fingerprint string `json:"fingerprint"`      // SHA-256, lower-case hex
	DER         []byte `json:"der"`              // the certificate itself
	Sent        bool   `json:"sent,omitempty"`   // by the server
	Anchor      bool   `json:"anchor,omitempty"` // trusted
}

// Missing reports whether the i-th certificate of the path should have been sent, and was not.
func (p Path) Missing(i int) bool {
	c := p.Certificates[i]
	return !c.Sent && !c.Anchor
}

// judged returns the path of ev as a plain value.
func (ev *evidence) judged() Path {
	out := Path{End: ev.path.end}
	if len(ev.path.links) > 0 { // none and empty are the same, in JSON too
		out.Links = ev.path.links
	}
	for _, c := range ev.path.certs {
		out.Certificates = append(out.Certificates, ev.certificate(c.Raw, c))
	}
	if out.End == Dangling {
		out.Issuer = IssuerName(ev.path.top())
	}
	var seen [][]byte
	for _, der := range ev.raw[:min(len(ev.raw), maxSent)] {
		part := func(c *x509.Certificate) bool { return bytes.Equal(c.Raw, der) }
		if slices.ContainsFunc(ev.path.certs, part) || slices.ContainsFunc(seen, func(s []byte) bool { return bytes.Equal(s, der) }) {
			continue
		}
		seen = append(seen, der)
		var read *x509.Certificate
		for _, c := range ev.sent {
			if part(c) {
				read = c
			}
		}
		out.Beside = append(out.Beside, ev.certificate(der, read))
	}
	return out
}

// certificate describes one that was sent or is known; c is nil where it cannot be read.
func (ev *evidence) certificate(der []byte, c *x509.Certificate) Certificate {
	out := Certificate{Fingerprint: finding.Fingerprint(der), DER: der}
	out.Sent = slices.ContainsFunc(ev.raw, func(sent []byte) bool { return bytes.Equal(sent, der) })
	if c != nil {
		out.Name, out.Anchor = Name(c), ev.know.trusts(c)
	}
	return out
}
