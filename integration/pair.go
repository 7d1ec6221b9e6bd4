package integration

import (
	"encoding/pem"
	"fmt"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// A Pair is a chain and a key as a CA delivers them, or as somebody has mixed them up: two files
// in PEM form.
type Pair struct {
	Chain []byte // fullchain.pem: the leaf, then its issuers
	Key   []byte // privkey.pem

	// Bundle is what the CA issued, whatever became of the files.
	Bundle *certs.Bundle
}

// PairOf returns a bundle as files.
func PairOf(b *certs.Bundle) (Pair, error) {
	chain, key, err := b.PEM()
	if err != nil {
		return Pair{}, fmt.Errorf("cannot write the pair: %w", err)
	}
	return Pair{Chain: chain, Key: key, Bundle: b}, nil
}

// Fingerprint returns the SHA-256 of the first certificate in the file, lower-case hex.
func (p Pair) Fingerprint() string {
	block, _ := pem.Decode(p.Chain)
	if block == nil {
		return ""
	}
	return finding.Fingerprint(block.Bytes)
}
