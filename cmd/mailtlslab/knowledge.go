package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"github.com/mailtlslab/mailtlslab/lab/diagnose"
)

// knowledge returns the Mozilla roots of x/crypto, and those of the file when there is one.
func knowledge(file string) (*diagnose.Knowledge, error) {
	roots, err := trustedRoots(file)
	if err != nil {
		return nil, err
	}
	return informed(roots, nil), nil
}

// informed returns what is known beside some roots: intermediates, and which roots were removed
// from the stores.
func informed(roots []diagnose.Root, intermediates []*x509.Certificate) *diagnose.Knowledge {
	return diagnose.NewKnowledge(roots, intermediates).Distrusting(removals())
}

func trustedRoots(file string) ([]diagnose.Root, error) {
	var roots []diagnose.Root
	for r := range bundle.Roots() {
		c, err := x509.ParseCertificate(r.Certificate)
		if err != nil {
			return nil, environment(fmt.Errorf("the built-in root bundle cannot be read: %w", err))
		}
		roots = append(roots, diagnose.Root{Certificate: c, Constraint: r.Constraint, Preinstalled: true})
	}
	if file != "" {
		more, err := readRoots(file)
		if err != nil {
			return nil, err
		}
		roots = append(roots, more...)
	}
	return roots, nil
}

func readRoots(file string) ([]diagnose.Root, error) {
	data, err := readBounded(file, nil)
	if err != nil {
		return nil, usage("cannot read --ca: %w", err)
	}
	var roots []diagnose.Root
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil || block.Type != "CERTIFICATE" {
			return nil, usage("--ca %s: the PEM block %q is no certificate that can be read", file, clip(block.Type))
		}
		roots = append(roots, diagnose.Root{Certificate: c})
	}
	if len(roots) == 0 {
		return nil, usage("--ca %s holds no certificate in PEM form; 'openssl x509 -inform der -in FILE' converts one", file)
	}
	return roots, nil
}
