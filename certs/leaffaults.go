package certs

import (
	"crypto/x509"
	"errors"
	"fmt"
)

// at returns the certificate of a role for editing.
func (p *plan) at(role Role) (*draft, error) {
	switch role {
	case Leaf:
		return p.leaf, nil
	case Intermediate:
		return p.ownIntermediate()
	case Root:
		return p.ownRoot()
	}
	return nil, fmt.Errorf("there is no role %q", role)
}

func names(p *plan, f Fault) error {
	p.leaf.setNames(f.Names)
	return nil
}

func commonName(p *plan, f Fault) error {
	p.leaf.setCommonName(f.Names[0])
	return nil
}

func noSAN(p *plan, _ Fault) error {
	p.leaf.tmpl.DNSNames, p.leaf.tmpl.IPAddresses = nil, nil
	return nil
}

func caLeaf(p *plan, _ Fault) error {
	p.leaf.tmpl.IsCA = true
	p.leaf.tmpl.MaxPathLen = -1
	p.leaf.tmpl.KeyUsage |= x509.KeyUsageCertSign
	return nil
}

// Bounds of the days: within them a window still overlaps those of the certificates around it.
const (
	mostExpired     = 1000
	mostNotYetValid = 59
	mostExpiresIn   = 89
)

// Bounds of a key that is too short: crypto/rsa makes no shorter one, and clients take a longer one.
const (
	leastBits = 1024
	mostBits  = 2047
)

// contradicts reports two faults on one window of which the later would undo the earlier.
func contradicts() error { return errors.New("it contradicts an earlier fault on the same window") }

func expired(p *plan, f Fault) error {
	d, err := p.at(f.On)
	if err != nil {
		return err
	}
	if d.tmpl.NotBefore.After(p.a.now) {
		return contradicts()
	}
	d.tmpl.NotAfter = p.a.now.Add(-days(f.Days))
	leaf := &p.leaf.tmpl
	switch {
	case f.On == Leaf:
		leaf.NotBefore = earlier(leaf.NotBefore, leaf.NotAfter.Add(-90*day))
	case leaf.NotBefore.After(p.a.now):
		// Not yet valid on purpose.
	default:
		// The leaf was issued while its issuer was still good.
		leaf.NotBefore = earlier(leaf.NotBefore, d.tmpl.NotAfter.Add(-30*day))
	}
	return nil
}

func notYetValid(p *plan, f Fault) error {
	d, err := p.at(f.On)
	if err != nil {
		return err
	}
	d.tmpl.NotBefore = p.a.now.Add(days(f.Days))
	if !d.tmpl.NotBefore.Before(d.tmpl.NotAfter) {
		return contradicts()
	}
	return nil
}

func expiresIn(p *plan, f Fault) error {
	leaf := &p.leaf.tmpl
	if leaf.NotBefore.After(p.a.now) || leaf.NotAfter.Before(p.a.now) {
		return contradicts()
	}
	leaf.NotBefore = earlier(leaf.NotBefore, p.a.now.Add(-80*day))
	leaf.NotAfter = p.a.now.Add(days(f.Days))
	return nil
}

func smallRSA(p *plan, f Fault) error {
	key, err := p.a.rsaKey(f.Bits)
	if err != nil {
		return err
	}
	p.leaf.key = key
	p.leaf.tmpl.KeyUsage |= x509.KeyUsageKeyEncipherment
	return nil
}

func sha1(p *plan, f Fault) error {
	d, err := p.at(f.On)
	if err != nil {
		return err
	}
	d.sha1 = true
	return nil
}

func corruptSignature(p *plan, _ Fault) error {
	p.leaf.corrupt = true
	return nil
}

func wrongKey(p *plan, _ Fault) error {
	key, err := newKey()
	p.key = key
	return err
}

func extKeyUsages() map[string]x509.ExtKeyUsage {
	return map[string]x509.ExtKeyUsage{
		"serverAuth":      x509.ExtKeyUsageServerAuth,
		"clientAuth":      x509.ExtKeyUsageClientAuth,
		"emailProtection": x509.ExtKeyUsageEmailProtection,
	}
}

func extKeyUsage(p *plan, f Fault) error {
	p.leaf.tmpl.ExtKeyUsage = nil
	for _, n := range f.Names {
		p.leaf.tmpl.ExtKeyUsage = append(p.leaf.tmpl.ExtKeyUsage, extKeyUsages()[n])
	}
	return nil
}
