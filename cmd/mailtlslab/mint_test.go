package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// minted is the chain that a scenario presents on imaps, and what clients trust.
type minted struct {
	bundle *certs.Bundle
	roots  []*x509.Certificate
}

func mint(id string) (minted, error) {
	s, ok := scenarios.Lookup(id)
	if !ok {
		return minted{}, fmt.Errorf("there is no scenario %s", id)
	}
	a, err := certs.NewAuthority(certs.Options{})
	if err != nil {
		return minted{}, err
	}
	b, err := a.Build(certs.Spec{Host: s.AccountHost(), Faults: s.Service(account.IMAPS).Chain})
	return minted{b, a.Roots()}, err
}

func mustMint(t testing.TB, id string) minted {
	t.Helper()
	m, err := mint(id)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// files returns what the scripts find in the folder that they name.
func (m minted) files() (map[string][]byte, error) {
	chain, key, err := m.bundle.PEM()
	if err != nil {
		return nil, err
	}
	var root []byte
	for _, c := range m.roots {
		root = append(root, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	signer := m.bundle.TLS().PrivateKey
	bag, err := pkcs12.Modern.Encode(signer, m.bundle.Leaf(), m.bundle.Chain[1:], "secret")
	if err != nil {
		bag = nil // a key that does not match has none
	}
	return map[string][]byte{
		"chain.pem": chain, "key.pem": key, "root.pem": root, "chain.der": slices.Concat(m.bundle.Raw...), "chain.p12": bag,
		"fullchain.pem": slices.Concat(key, chain),
	}, nil
}

func scriptMint(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mint DIR ID")
	}
	m, err := mint(args[1])
	ts.Check(err)
	files, err := m.files()
	ts.Check(err)
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	for name, data := range files {
		ts.Check(os.WriteFile(filepath.Join(dir, name), data, 0o644))
	}
}
