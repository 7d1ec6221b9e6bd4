package remedy

import (
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// Advise returns what is to be done about a finding for which the diagnosis chose these actions:
// the sentences and the steps that go with them, filled with the facts. The steps for the product
// that runs the service come first, where the facts or the caller know it ("" where not, see
// ProductIn). False when the code is not of the vocabulary.
//
// Advice about one finding never contradicts itself: "set the server name" and "change nothing on
// the device" go with different actions.
func (b *Book) Advise(f finding.Finding, chosen []action.Action, product finding.Product) (Advice, bool) {
	a, ok := b.entry(f.Code)
	if !ok {
		return Advice{}, false
	}
	hidden := func(s Steps) bool { return !s.shown(chosen) }
	a.User, a.Admin = slices.DeleteFunc(a.User, hidden), slices.DeleteFunc(a.Admin, hidden)
	if own := f.Facts.Product; own != "" { // the words of its log: no other product is meant
		product = own
		a.Admin = slices.DeleteFunc(a.Admin, func(s Steps) bool { return !s.isFor(own) && slices.ContainsFunc(finding.Products(), s.isFor) })
	}
	a.Admin = productFirst(a.Admin, product)
	a.Short = a.forms.pick(chosen)
	return a.besides(f, chosen).fill(f.Facts, chosen), true
}

// ProductIn returns the product that a greeting speaks of, and "" where it names none or more than
// one. A host name proves nothing: dovecot.example.com may run anything.
func ProductIn(greeting string) finding.Product {
	var named []finding.Product
	for w := range strings.FieldsFuncSeq(greeting, func(r rune) bool { return strings.ContainsRune(" \t\r\n()[]/,;:", r) }) {
		for _, p := range finding.Products() {
			if strings.EqualFold(strings.TrimRight(w, ".!"), string(p)) && !slices.Contains(named, p) {
				named = append(named, p)
			}
		}
	}
	if len(named) != 1 {
		return ""
	}
	return named[0]
}

// isFor reports whether steps are for a product, by the words that say for whom they are.
func (s Steps) isFor(p finding.Product) bool {
	words := strings.FieldsFunc(s.For, func(r rune) bool { return r == ' ' || r == ',' })
	return slices.Contains(words, string(p))
}

// productFirst puts the steps for one product before all others, and those for other products last.
func productFirst(all []Steps, product finding.Product) []Steps {
	if product == "" {
		return all
	}
	rank := func(s Steps) int {
		switch {
		case s.isFor(product):
			return 0
		case slices.ContainsFunc(finding.Products(), s.isFor):
			return 2
		}
		return 1
	}
	slices.SortStableFunc(all, func(a, b Steps) int { return rank(a) - rank(b) })
	return all
}
