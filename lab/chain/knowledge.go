package chain

import (
	"bytes"
	"crypto/x509"
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/internal/bound"
)

// Knowledge is what the diagnosis knows beside the evidence: the same for every connection of a
// run. It is read-only once made, and safe for concurrent use.
type Knowledge struct {
	roots         []*x509.Certificate
	intermediates []*x509.Certificate
	pool          *x509.CertPool
	bySubject     map[string][]*x509.Certificate
	anchors       map[string]bool // raw bytes of the roots
	unreadable    []unreadable    // roots that cannot be parsed
	constraints   map[string]func([]*x509.Certificate) error
	stores
}

// A Root is a trust anchor, with the constraint that its root programme puts on it, if any.
type Root struct {
	Certificate *x509.Certificate
	// Raw is set instead of Certificate (DER) when the root cannot be read: it anchors nothing, and
	// explains why a chain that should end there does not.
	Raw []byte
	// Constraint refuses a chain (leaf first, without the root) that the programme does not
	// accept under this root; nil accepts all. See x509.CertPool.AddCertWithConstraint.
	Constraint func([]*x509.Certificate) error
	// Preinstalled says that devices come with this root: it is in the public stores. What a
	// company adds on its own devices is bound by fewer rules.
	Preinstalled bool
}

// NewKnowledge returns the knowledge of the given trust anchors and of intermediates that are
// known without being sent. The intermediates are not trusted: they explain what is missing.
func NewKnowledge(roots []Root, intermediates []*x509.Certificate) *Knowledge {
	k := &Knowledge{
		intermediates: slices.DeleteFunc(slices.Clone(intermediates), func(c *x509.Certificate) bool { return bound.Key(c) != nil }),
		pool:          x509.NewCertPool(),
		bySubject:     map[string][]*x509.Certificate{},
		anchors:       map[string]bool{},
		constraints:   map[string]func([]*x509.Certificate) error{},
		stores:        stores{preinstalled: map[string]bool{}},
	}
	for _, r := range roots {
		if r.Certificate == nil {
			k.unreadable = append(k.unreadable, unreadables([][]byte{r.Raw})...)
			continue
		}
		if why := bound.Key(r.Certificate); why != nil {
			k.unreadable = append(k.unreadable, skim(r.Certificate.Raw, why))
			continue
		}
		if k.anchors[string(r.Certificate.Raw)] {
			continue
		}
		k.roots = append(k.roots, r.Certificate)
		k.anchors[string(r.Certificate.Raw)] = true
		k.preinstalled[string(r.Certificate.Raw)] = r.Preinstalled
		if r.Constraint != nil {
			k.constraints[string(r.Certificate.Raw)] = r.Constraint
		}
		addTo(k.pool, r.Certificate, r.Constraint)
	}
	for _, c := range k.roots {
		k.bySubject[string(c.RawSubject)] = append(k.bySubject[string(c.RawSubject)], c)
	}
	for _, c := range k.intermediates {
		if !k.anchors[string(c.Raw)] {
			k.bySubject[string(c.RawSubject)] = append(k.bySubject[string(c.RawSubject)], c)
		}
	}
	return k
}

// with returns k extended by what one device trusts on its own and by what was fetched.
func (k *Knowledge) with(roots, intermediates []*x509.Certificate) *Knowledge {
	if len(roots) == 0 && len(intermediates) == 0 {
		return k
	}
	all := k.rootsBut(nil)
	for _, c := range roots {
		all = append(all, Root{Certificate: c})
	}
	more := NewKnowledge(all, append(append([]*x509.Certificate(nil), k.intermediates...), intermediates...)).like(k)
	more.unreadable = k.unreadable
	return more
}

// trusts reports whether c itself, byte for byte, is a trust anchor.
func (k *Knowledge) trusts(c *x509.Certificate) bool { return k.anchors[string(c.Raw)] }

// issuers returns the known certificates that carry the issuer name of c. Names are compared
// byte for byte, as crypto/x509 does.
func (k *Knowledge) issuers(c *x509.Certificate) []*x509.Certificate {
	return k.bySubject[string(c.RawIssuer)]
}

// namesake returns a trust anchor with the subject of c and other bytes, or nil.
func (k *Knowledge) namesake(c *x509.Certificate) *x509.Certificate {
	for _, r := range k.bySubject[string(c.RawSubject)] {
		if k.trusts(r) && !bytes.Equal(r.Raw, c.Raw) {
			return r
		}
	}
	return nil
}

func addTo(pool *x509.CertPool, c *x509.Certificate, constraint func([]*x509.Certificate) error) {
	if constraint != nil {
		pool.AddCertWithConstraint(c, constraint)
		return
	}
	pool.AddCert(c)
}

// parseAll returns those of ders that can be read.
func parseAll(ders [][]byte) []*x509.Certificate {
	var out []*x509.Certificate
	for _, der := range ders {
		if c, err := bound.Certificate(der); err == nil {
			out = append(out, c)
		}
	}
	return out
}

// maxRootNames is how many names of its own a root keeps. Nobody asks for them, and each takes many
// times the bytes that it was written with.
const maxRootNames = 100

// ParseRoots returns the trust anchors in ders. Those that cannot be read are kept as such.
func ParseRoots(ders [][]byte) []Root {
	var out []Root
	for _, der := range ders {
		if c, err := bound.Certificate(der); err == nil {
			if len(c.DNSNames)+len(c.URIs)+len(c.EmailAddresses) > maxRootNames {
				c.DNSNames, c.URIs, c.EmailAddresses = nil, nil, nil
			}
			out = append(out, Root{Certificate: c})
		} else {
			out = append(out, Root{Raw: der})
		}
	}
	return out
}
