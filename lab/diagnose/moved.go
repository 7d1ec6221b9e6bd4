package diagnose

import (
	"crypto/x509"

	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// What package chain has, under the names that it had here.
type (
	Knowledge  = chain.Knowledge
	Root       = chain.Root
	Distrusted = chain.Removal
	Usage      = chain.Usage
	Chain      = chain.Evidence
)

// NewKnowledge is chain.NewKnowledge.
func NewKnowledge(roots []Root, intermediates []*x509.Certificate) *Knowledge {
	return chain.NewKnowledge(roots, intermediates)
}

// ParseRoots is chain.ParseRoots.
func ParseRoots(ders [][]byte) []Root { return chain.ParseRoots(ders) }

// Chain is chain.Judge.Judge.
func (j Judge) Chain(c Chain) (findings []finding.Finding, accepted bool) {
	v := chain.Judge{Knowledge: j.Knowledge, Without: j.Without, Trace: j.Trace}.Judge(c)
	return v.Findings, v.Accepted
}
