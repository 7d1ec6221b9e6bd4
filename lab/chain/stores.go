package chain

import (
	"bytes"
	"crypto/x509"
	"encoding/hex"
	"maps"
	"slices"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/internal/bound"
)

// stores are what is known of the trust stores of others: those that devices come with, those
// that have removed a root, those that have one which this device lacks.
type stores struct {
	preinstalled map[string]bool // raw bytes of roots
	distrusted   []Removal
	sold         bool              // the roots are those that devices are sold with: at another time they were others
	named        func(string) bool // whether an issuer's name is that of a public CA's intermediate
	elsewhere    map[string]bool   // raw bytes of roots that others have, and this device does not
	origins      map[string]string // raw bytes of certificates that were fetched: the address
	fetched      []unreadable      // those of them that cannot be read
}

// A Removal is a root that was trusted once, and was removed from the stores. It is known by its
// certificate, or else by its name and key, since servers do not send it.
type Removal struct {
	Name        string // Common Name of its subject, or what it has instead
	KeyID       string // its subject key identifier, lower-case hex, where there is no Certificate
	Certificate []byte // DER
	Since       time.Time
	// Expired says that nobody took it away: it was trusted until its own last day, which is Since.
	Expired bool
	Source  string // who removed it, and where that is written
}

// Distrusting returns k extended by roots that were removed from the trust stores.
func (k *Knowledge) Distrusting(list []Removal) *Knowledge {
	if len(list) == 0 {
		return k
	}
	c := *k
	c.distrusted = slices.Concat(k.distrusted, list)
	return &c
}

// like gives a new Knowledge what k knows of other stores.
func (n *Knowledge) like(k *Knowledge) *Knowledge {
	n.distrusted, n.elsewhere, n.origins, n.fetched = k.distrusted, k.elsewhere, k.origins, k.fetched
	n.sold, n.named = k.sold, k.named
	return n
}

// Sold returns k as that of a device as it is sold: it trusts a removed root too, at a time when it
// was not removed yet.
func (k *Knowledge) Sold() *Knowledge {
	c := *k
	c.sold = true
	return &c
}

// Naming returns k with what is known of public intermediates: public says of a name (RFC 4514)
// whether it is one's.
func (k *Knowledge) Naming(public func(name string) bool) *Knowledge {
	c := *k
	c.named = public
	return &c
}

func (k *Knowledge) public(name string) bool { return k.named != nil && k.named(name) }

// Elsewhere returns k extended by roots that others have, and that this device does not.
func (k *Knowledge) Elsewhere(roots []Root) *Knowledge {
	gone := maps.Clone(k.elsewhere)
	var known []*x509.Certificate
	for _, r := range roots {
		if r.Certificate == nil || k.trusts(r.Certificate) {
			continue
		}
		if gone == nil {
			gone = map[string]bool{}
		}
		gone[string(r.Certificate.Raw)] = true
		known = append(known, r.Certificate)
	}
	if known == nil {
		return k
	}
	n := *k.with(nil, known)
	n.elsewhere = gone
	return &n
}

// asOf returns k as it was at a time, as far as that concerns what was sent: with the removed roots
// that stand above it. Those are trusted that were not removed yet, and that were trusted as long as
// they were valid; of the others it is known what they were.
func (k *Knowledge) asOf(at time.Time, sent []*x509.Certificate, missing []string) *Knowledge {
	below := slices.Concat(sent, k.intermediates)
	var names [][]byte
	for _, c := range below {
		names = append(names, c.RawIssuer)
	}
	var trusted, known []Root
	for i := range k.distrusted {
		d := &k.distrusted[i]
		c := d.root(names...)
		if c == nil || k.trusts(c) || slices.Contains(missing, finding.Fingerprint(c.Raw)) || !slices.ContainsFunc(below, func(b *x509.Certificate) bool { return signedBy(b, c) }) {
			continue
		}
		switch r := (Root{Certificate: c, Preinstalled: true}); {
		case k.sold && (d.Expired || at.Before(d.Since)):
			trusted = append(trusted, r)
		default:
			known = append(known, r)
		}
	}
	if len(trusted)+len(known) == 0 {
		return k
	}
	n := k.with(nil, certificates(known))
	if len(trusted) > 0 {
		n = NewKnowledge(append(n.rootsBut(nil), trusted...), n.intermediates).like(n)
		n.unreadable = k.unreadable
	}
	var others []Root
	for _, r := range known {
		if d := n.removal(r.Certificate, at); d == nil {
			others = append(others, r)
		}
	}
	return n.Elsewhere(others)
}

func certificates(roots []Root) (out []*x509.Certificate) {
	for _, r := range roots {
		out = append(out, r.Certificate)
	}
	return out
}

// rootsBut returns the roots but those of omit (raw bytes), as they were given.
func (k *Knowledge) rootsBut(omit map[string]bool) []Root {
	var out []Root
	for _, c := range k.roots {
		if !omit[string(c.Raw)] {
			out = append(out, Root{Certificate: c, Constraint: k.constraints[string(c.Raw)], Preinstalled: k.preinstalled[string(c.Raw)]})
		}
	}
	return out
}

// lacking returns k as a device has it that does not trust the roots with these fingerprints.
// They stay known: others trust them.
func (k *Knowledge) lacking(fingerprints []string) *Knowledge {
	gone := map[string]bool{}
	known := slices.Clone(k.intermediates)
	for _, c := range k.roots {
		if slices.Contains(fingerprints, finding.Fingerprint(c.Raw)) {
			gone[string(c.Raw)] = true
			known = append(known, c)
		}
	}
	if len(gone) == 0 {
		return k
	}
	n := NewKnowledge(k.rootsBut(gone), known).like(k)
	n.elsewhere = gone
	return n
}

// A Fetched certificate is one that was fetched from where another said that its issuer is.
type Fetched struct {
	URL         string
	Certificate []byte // DER
}

// Fetching returns k extended by what was fetched, and from where.
func (k *Knowledge) Fetching(list []Fetched) *Knowledge {
	if len(list) == 0 {
		return k
	}
	origins := map[string]string{}
	var ders [][]byte
	for _, f := range list {
		origins[string(f.Certificate)] = f.URL
		ders = append(ders, f.Certificate)
	}
	n := *k.with(nil, parseAll(ders))
	n.origins, n.fetched = origins, unreadables(ders)
	return &n
}

// removal returns why c, or the issuer it names, is no longer trusted at a time, nil when nothing is
// known of that.
func (k *Knowledge) removal(c *x509.Certificate, at time.Time) *Removal {
	for i := range k.distrusted {
		if d := &k.distrusted[i]; !at.Before(d.Since) && d.is(c) {
			return &k.distrusted[i]
		}
	}
	return nil
}

// is reports whether c is the root that was removed, another certificate of that name and key, or
// one that it issued.
func (d *Removal) is(c *x509.Certificate) bool {
	if d.Certificate == nil {
		itself := c.Subject.CommonName == d.Name && hex.EncodeToString(c.SubjectKeyId) == d.KeyID
		issuer := c.Issuer.CommonName == d.Name && hex.EncodeToString(c.AuthorityKeyId) == d.KeyID
		return itself || issuer
	}
	root := d.root(c.RawIssuer, c.RawSubject)
	switch {
	case root == nil:
		return false
	case bytes.Equal(root.RawSubject, c.RawSubject):
		return bytes.Equal(root.RawSubjectPublicKeyInfo, c.RawSubjectPublicKeyInfo)
	}
	return signedBy(c, root)
}

// signedBy reports whether root issued c: the name is its own, and so is the signature.
func signedBy(c, root *x509.Certificate) bool {
	if !bytes.Equal(c.RawIssuer, root.RawSubject) {
		return false
	}
	switch link(c, root) {
	case Sound, Weak, Foreign:
		return true
	}
	return false
}

// root returns the certificate of d if its subject is among the names (DER), nil otherwise. Only
// then it is parsed.
func (d *Removal) root(names ...[]byte) *x509.Certificate {
	if !slices.ContainsFunc(names, func(n []byte) bool { return bytes.Contains(d.Certificate, n) }) {
		return nil
	}
	c, err := bound.Certificate(d.Certificate)
	if err != nil || !slices.ContainsFunc(names, func(n []byte) bool { return bytes.Equal(c.RawSubject, n) }) {
		return nil
	}
	return c
}
