package main

import (
	"crypto/x509"
	"encoding/pem"

	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/roots"
)

// knowledge returns the Mozilla roots of x/crypto, and those of the file when there is one.
func knowledge(file string) (*chain.Knowledge, error) {
	trusted, err := trustedRoots(file)
	if err != nil {
		return nil, err
	}
	return informed(trusted, nil), nil
}

// informed returns what is known beside some roots: intermediates, and which roots were removed
// from the stores.
func informed(trusted []chain.Root, intermediates []*x509.Certificate) *chain.Knowledge {
	return roots.Store{Roots: trusted, Intermediates: intermediates, Removed: roots.Removals()}.Knowledge()
}

func trustedRoots(file string) ([]chain.Root, error) {
	public, err := roots.Public()
	if err != nil {
		return nil, environment(err)
	}
	if file == "" {
		return public.Roots, nil
	}
	more, err := readRoots(file)
	return append(public.Roots, more...), err
}

func readRoots(file string) ([]chain.Root, error) {
	data, err := readBounded(file, nil)
	if err != nil {
		return nil, usage("cannot read --ca: %w", err)
	}
	var out []chain.Root
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil || block.Type != "CERTIFICATE" {
			return nil, usage("--ca %s: the PEM block %q is no certificate that can be read", file, clip(block.Type))
		}
		out = append(out, chain.Root{Certificate: c})
	}
	if len(out) == 0 {
		return nil, usage("--ca %s holds no certificate in PEM form; 'openssl x509 -inform der -in FILE' converts one", file)
	}
	return out, nil
}
