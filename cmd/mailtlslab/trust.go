package main

import (
	"mailtlslab/lab/diagnose"
	"mailtlslab/lab/finding"
)

// A trust judges the chains of a batch by one set of roots, and by nothing else that is known.
type trust struct{ judge diagnose.Judge }

func newTrust(roots []diagnose.Root) *trust {
	return &trust{diagnose.Judge{Knowledge: diagnose.NewKnowledge(roots, nil)}}
}

// chain judges a chain, and says whether crypto/x509 accepts it together with the name.
func (t *trust) chain(c diagnose.Chain) (found []finding.Finding, accepted bool) {
	return t.judge.Chain(c)
}
