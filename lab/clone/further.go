package clone

import (
	"bytes"
	"crypto/x509"
	"math"
	"slices"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/internal/bound"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// pathOf returns the path of a chain: the one that was judged, if it is of this chain, and else what
// signatures say, as far as other connections have shown what leads where.
func (b *builder) pathOf(sent [][]byte, judged *chain.Path) *chain.Path {
	if judged != nil && len(judged.Certificates) > 0 && bytes.Equal(judged.Certificates[0].DER, sent[0]) || judged != nil && len(judged.Certificates) == 0 {
		return judged
	}
	var known []chain.Certificate
	for i := range b.ports {
		if path := b.ports[i].Path; path != nil {
			known = append(known, path.Certificates[min(1, len(path.Certificates)):]...)
		}
	}
	for _, der := range sent[1:] {
		known = append(known, chain.Certificate{DER: der, Sent: true})
	}
	out := &chain.Path{End: chain.Dangling, Certificates: []chain.Certificate{{DER: sent[0], Sent: true}}}
	top, err := bound.Certificate(sent[0])
	for steps := 0; err == nil && steps < mostDrawn; steps++ {
		next := slices.IndexFunc(known, func(c chain.Certificate) bool {
			issuer, err := bound.Certificate(c.DER)
			return err == nil && !bytes.Equal(c.DER, top.Raw) && bytes.Equal(issuer.RawSubject, top.RawIssuer) && top.CheckSignature(top.SignatureAlgorithm, top.RawTBSCertificate, top.Signature) != nil &&
				issuer.CheckSignature(top.SignatureAlgorithm, top.RawTBSCertificate, top.Signature) == nil
		})
		if next < 0 {
			break
		}
		out.Certificates, out.Links = append(out.Certificates, known[next]), append(out.Links, chain.Sound)
		if known[next].Anchor {
			out.End = chain.Trusted
			break
		}
		top, err = bound.Certificate(known[next].DER)
	}
	return out
}

// withName returns the look at a port in which the server was asked for by its name, nil where nobody
// looked.
func (b *builder) withName(p *port) *probe.Observation {
	return b.look(p, func(f probe.Further) bool { return f.Ask.Kind == probe.Look && !f.Ask.Settings.NoSNI })
}

// freshly returns the look at a port in which no session was resumed.
func (b *builder) freshly(p *port) *probe.Observation {
	return b.look(p, func(f probe.Further) bool { return !f.Observation.TLS.Resumed })
}

func (b *builder) look(p *port, which func(probe.Further) bool) *probe.Observation {
	for _, f := range b.survey.Further {
		if o := f.Observation; o != nil && f.Ask.Settings.Target() == p.Settings.Target() && o.TLS != nil && len(o.TLS.Chain) > 0 && which(f) {
			return o
		}
	}
	return nil
}

// machines clones a service behind which there are several machines: it returns the chain of the one
// that has what the others have not wrong, and says by faults what is wrong with them.
func (b *builder) machines(p *port, sent [][]byte, path *chain.Path) ([][]byte, *chain.Path) {
	var others [][][]byte
	for _, f := range b.survey.Further {
		if f.Ask.Settings.Target() != p.Settings.Target() || f.Ask.Kind != probe.Repeat && f.Ask.Kind != probe.LookAgain {
			continue
		}
		looks := f.Repeats
		if f.Observation != nil {
			looks = append(slices.Clone(looks), *f.Observation)
		}
		for _, o := range looks {
			if o.TLS == nil || len(o.TLS.Chain) == 0 || bytes.Equal(o.TLS.Chain[0], sent[0]) {
				continue
			}
			if !slices.ContainsFunc(others, func(c [][]byte) bool { return bytes.Equal(c[0], o.TLS.Chain[0]) }) {
				others = append(others, o.TLS.Chain)
			}
		}
	}
	if len(others) == 0 {
		b.note("%s: what comes and goes there is no other certificate, and the clone has what was met first.", quoted(p.Settings.Target()))
		return sent, path
	}
	base := sent
	if c, err := bound.Certificate(sent[0]); err == nil && b.seen.After(c.NotAfter) { // what is good is written out, what is bad is a fault of it
		base, path = others[0], nil
		others[0] = sent
		p.service.FirstBackend = 1
	}
	for _, other := range others[:min(len(others), 5)] {
		p.service.Backends = append(p.service.Backends, b.difference(p, base[0], other[0]))
	}
	return base, path
}

// difference says by faults how a leaf differs from another one, and notes where it differs in more.
func (b *builder) difference(p *port, from, to []byte) []certs.Fault {
	a, err := bound.Certificate(from)
	other, err2 := bound.Certificate(to)
	if err != nil || err2 != nil {
		b.note("%s: a second certificate there cannot be read, and is left out.", quoted(p.Settings.Target()))
		return nil
	}
	var out []certs.Fault
	x, _ := certs.Describe(a, b.dates())
	y, _ := certs.Describe(other, b.dates())
	if !slices.Equal(x.Names, y.Names) && len(y.Names) > 0 {
		out = append(out, certs.Names(y.Names...))
	}
	x.Names, y.Names = nil, nil
	if days := int(math.Ceil(b.seen.Sub(other.NotAfter).Hours() / 24)); days >= 1 && !b.seen.After(a.NotAfter) {
		out = append(out, certs.Expired(certs.Leaf, min(days, 1000)))
	}
	if !bytes.Equal(a.RawIssuer, other.RawIssuer) || x.BasicConstraints != y.BasicConstraints || !slices.Equal(x.ExtKeyUsage, y.ExtKeyUsage) || kindOf(a) != kindOf(other) {
		b.note("%s: a second certificate there differs from the first in more than its names and its end, and the clone has no more of it.", quoted(p.Settings.Target()))
	}
	return out
}

func kindOf(c *x509.Certificate) x509.PublicKeyAlgorithm { return c.PublicKeyAlgorithm }
