package main

import (
	"crypto/x509"
	"fmt"

	"mailtlslab/lab/capture"
	"mailtlslab/lab/finding"
)

// deployment checks certificate and key before a server gets them.
func (e *exam) deployment() error {
	if e.f.key == "" || e.f.host == "" {
		return usage("--cert needs --key FILE and --host NAME; 'mailtlslab diagnose --cert fullchain.pem --key privkey.pem --host mail.example.com' is an example")
	}
	data, err := readEvidence("cert", e.f.cert, e.cmd.InOrStdin())
	if err != nil {
		return err
	}
	keyData, err := readEvidence("key", e.f.key, nil)
	if err != nil {
		return err
	}
	e.title = fileTitle(e.f.cert)
	c, err := capture.Read(data, "")
	if err != nil {
		e.problems = append(e.problems, fmt.Sprintf("%s cannot be used: %s", e.f.cert, err))
	} else {
		e.read, e.notRead = []string{c.Sentence()}, c.NotRead
	}
	if err == nil && c.Form != "PEM" {
		e.problems = append(e.problems, fmt.Sprintf("%s is in %s form, and mail servers want PEM: 'openssl' converts it", e.f.cert, c.Form))
	}
	key, keyErr := capture.ReadKey(keyData)
	if keyErr != nil {
		e.problems = append(e.problems, fmt.Sprintf("%s cannot be used: %s", e.f.key, keyErr))
	} else {
		e.read = append(e.read, fmt.Sprintf("the private key in %s", fileTitle(e.f.key)))
	}
	if err != nil {
		return nil
	}
	chain := c.Certificates
	if keyErr != nil {
		e.judgeChain(e.inOrder(chain))
		return nil
	}
	fits := -1
	for i, der := range chain {
		if capture.Fits(der, key) {
			fits = i
			break
		}
	}
	switch {
	case fits < 0:
		e.keyFitsNothing(chain[0])
		chain = e.inOrder(chain)
	case fits > 0:
		first, _ := x509.ParseCertificate(chain[0])
		leaf, _ := x509.ParseCertificate(chain[fits])
		if first != nil && leaf != nil {
			e.leafNotFirst(first, leaf)
		}
		rest := append(append([][]byte{}, chain[:fits]...), chain[fits+1:]...)
		chain = capture.LeafFirst(append([][]byte{chain[fits]}, rest...))
	}
	e.judgeChain(chain)
	return nil
}

func (e *exam) keyFitsNothing(leaf []byte) {
	name := "the certificate"
	if c, err := x509.ParseCertificate(leaf); err == nil {
		name = "the certificate for " + certName(c)
	}
	f := finding.New(finding.KeyDoesNotMatch, fmt.Sprintf("the private key in %s belongs to none of the certificates in %s", fileTitle(e.f.key), fileTitle(e.f.cert)))
	f.Evidence = []string{name + " names another public key: a server either does not start with the two, or breaks off every handshake"}
	f.Facts.Host = e.f.host
	f.Counterfactual = &finding.Counterfactual{Edit: "another-key", Text: "with the key that was made for this certificate, the pair could be installed"}
	e.add(f)
}
