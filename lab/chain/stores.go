package chain

import (
	"bytes"
	"crypto/x509"
	"encoding/hex"
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
	return n
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

// removal returns why c, or the issuer it names, is no longer trusted, nil when nothing is known.
func (k *Knowledge) removal(c *x509.Certificate) *Removal {
	for i := range k.distrusted {
		if k.distrusted[i].is(c) {
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
	return link(c, root) == Sound || link(c, root) == Weak
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
