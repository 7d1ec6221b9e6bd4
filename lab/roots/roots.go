// Package roots holds trust stores as data: the roots that devices come with, and those that the
// root programmes have removed. What a judge knows is made here, and nowhere else.
//
// A [Store] is a set of roots with what is known besides, and makes the Knowledge that judges take:
// [Public] is the one of the root programmes, [Of] one of any roots.
package roots

import (
	"crypto/x509"
	"fmt"
	"slices"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"github.com/mailtlslab/mailtlslab/lab/chain"
)

// A Store is what somebody trusts, and what he has heard of beside it.
type Store struct {
	Roots []chain.Root
	// Intermediates are known without being sent. They are not trusted: they explain what is missing.
	Intermediates []*x509.Certificate
	// Elsewhere are roots that others trust.
	Elsewhere []chain.Root
	// Removed roots were trusted once.
	Removed []chain.Removal
	// Sold says that this is the store of a device as it is sold: what it trusted at another time
	// is known.
	Sold bool
}

// Public returns the store of a device as it is sold, by the Mozilla roots of x/crypto, and which
// roots were removed from the stores.
func Public() (Store, error) {
	out := Store{Removed: Removals(), Sold: true}
	for r := range bundle.Roots() {
		c, err := x509.ParseCertificate(r.Certificate)
		if err != nil {
			return Store{}, fmt.Errorf("the built-in root bundle cannot be read: %w", err)
		}
		out.Roots = append(out.Roots, chain.Root{Certificate: c, Constraint: r.Constraint, Preinstalled: true})
	}
	return out, nil
}

// Of returns the store of one who trusts these certificates and nobody else, and has heard of the
// roots that were removed.
func Of(trusted, intermediates []*x509.Certificate) Store {
	out := Store{Intermediates: intermediates, Removed: Removals()}
	for _, c := range trusted {
		out.Roots = append(out.Roots, chain.Root{Certificate: c})
	}
	return out
}

// Only returns the store of one who trusts these roots and no others, and knows that devices are sold
// with the ones of s.
func (s Store) Only(trusted []chain.Root) Store {
	s.Elsewhere = append(slices.Clone(s.Elsewhere), s.Roots...)
	s.Roots, s.Sold = trusted, false
	return s
}

// Knowledge returns what a judge knows who has this store.
func (s Store) Knowledge() *chain.Knowledge {
	k := chain.NewKnowledge(s.Roots, s.Intermediates).Distrusting(s.Removed).Elsewhere(s.Elsewhere).Naming(publicIntermediate)
	if s.Sold {
		k = k.Sold()
	}
	return k
}

func publicIntermediate(name string) bool {
	kind, ok := Named(name)
	return ok && kind == Intermediate
}
