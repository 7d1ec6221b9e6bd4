// Package roots holds trust stores as data: the roots that devices come with, and those that the
// root programmes have removed. What a judge knows is made here, and nowhere else.
//
// A [Store] is a set of roots with what is known besides, and makes the Knowledge that judges take:
// [Public] is the one of the root programmes, [Of] one of any roots.
package roots

import (
	"crypto/x509"
	"fmt"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"github.com/mailtlslab/mailtlslab/lab/chain"
)

// A Store is what somebody trusts, and what he has heard of beside it.
type Store struct {
	Roots []chain.Root
	// Intermediates are known without being sent. They are not trusted: they explain what is missing.
	Intermediates []*x509.Certificate
	// Removed roots were trusted once.
	Removed []chain.Removal
}

// Public returns the store of a device as it is sold, by the Mozilla roots of x/crypto, and which
// roots were removed from the stores.
func Public() (Store, error) {
	out := Store{Removed: Removals()}
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

// Knowledge returns what a judge knows who has this store.
func (s Store) Knowledge() *chain.Knowledge {
	return chain.NewKnowledge(s.Roots, s.Intermediates).Distrusting(s.Removed)
}
