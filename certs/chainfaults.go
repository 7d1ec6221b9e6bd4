package certs

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
)

func rootAlsoSent(p *plan, _ Fault) error {
	if p.root == nil {
		return errors.New("the chain has no root")
	}
	p.sent = append(p.sent, p.root)
	return nil
}

func selfSigned(p *plan, _ Fault) error {
	if p.trustsOwnRoot {
		return errors.New("an earlier fault is on the root that this one would remove")
	}
	if err := p.dropIntermediates(); err != nil {
		return err
	}
	p.leaf.issuer, p.root = nil, nil
	return nil
}

func issuedByRoot(p *plan, _ Fault) error {
	if p.root == nil {
		return errors.New("the chain has no root")
	}
	if err := p.dropIntermediates(); err != nil {
		return err
	}
	p.leaf.issuer = p.root
	return nil
}

func privateCA(p *plan, _ Fault) error { return p.distrustRoot(p.a.privateName()) }

func privateRootOnly(p *plan, f Fault) error {
	if err := issuedByRoot(p, f); err != nil {
		return err
	}
	return privateCA(p, f)
}

func omitIntermediate(p *plan, _ Fault) error {
	if p.intermediate == nil {
		return errors.New("the chain has no intermediate")
	}
	p.sent = p.rootsSent()
	return nil
}

func wrongIntermediate(p *plan, _ Fault) error {
	if p.intermediate == nil {
		return errors.New("the chain has no intermediate")
	}
	other, err := p.a.issuingCA(p.root)
	if err != nil {
		return err
	}
	p.sent = append([]*draft{other}, p.rootsSent()...)
	p.made = append(p.made, other)
	return nil
}

func reversed(p *plan, _ Fault) error {
	upper, err := p.ownIntermediate()
	if err != nil {
		return err
	}
	lower, err := p.a.issuingCA(upper)
	if err != nil {
		return err
	}
	elsewhere, err := p.newRoot(p.a.privateName())
	if err != nil {
		return err
	}
	stray, err := p.a.issuingCA(elsewhere)
	if err != nil {
		return err
	}
	p.leaf.issuer = lower
	p.sent = append(append([]*draft{upper, lower}, p.rootsSent()...), stray)
	p.made = append(p.made, lower, stray)
	return nil
}

func sameNameIssuer(p *plan, _ Fault) error { return p.distrustRoot(p.a.root.tmpl.Subject) }

func notCA(p *plan, _ Fault) error {
	d, err := p.ownIntermediate()
	if err != nil {
		return err
	}
	d.tmpl.IsCA = false
	d.tmpl.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign
	return nil
}

func defaultInstallation(p *plan, f Fault) error {
	p.leaf.setNames([]string{"localhost"})
	p.leaf.tmpl.Subject = pkix.Name{Organization: []string{"Default Company Ltd"}, CommonName: "localhost"}
	return selfSigned(p, f)
}
