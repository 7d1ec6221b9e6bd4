package certs

import (
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// unpublished is an address that leads nowhere: RFC 6761 keeps .test out of DNS.
const unpublished = "http://nowhere.lab.test"

// crossEnded is how many days ago an expired cross-certificate and its root ended.
const crossEnded = 30

func fetchable(p *plan, _ Fault) error {
	if _, err := p.ownIntermediate(); err != nil {
		return err
	}
	p.fetchable = true
	p.sent = p.rootsSent()
	return nil
}

func expiredCrossSign(p *plan, _ Fault) error {
	if p.root == nil {
		return errors.New("the chain has no root")
	}
	p.crossSign = true
	return nil
}

// A root that was removed is recognised by name and key identifier, as Mozilla lists this one:
// https://blog.mozilla.org/security/2011/08/29/fraudulent-google-com-certificate/
const (
	removedRoot  = "DigiNotar Root CA"
	removedKeyID = "\x88\x68\xbf\xe0\x8e\x35\xc4\x3b\x38\x6b\x62\xf7\x28\x3b\x84\x81\xc8\x0c\xd7\x4d"
)

func distrustedRoot(p *plan, _ Fault) error {
	err := p.distrustRoot(pkix.Name{Organization: []string{"DigiNotar"}, CommonName: removedRoot})
	if p.distrusted = err == nil; p.distrusted {
		p.root.tmpl.SubjectKeyId = []byte(removedKeyID)
	}
	return err
}

func nameConstraint(p *plan, f Fault) error {
	d, err := p.ownIntermediate()
	if err != nil {
		return err
	}
	d.tmpl.PermittedDNSDomains, d.tmpl.PermittedDNSDomainsCritical = f.Names, true
	return nil
}

func leafIssuer(p *plan, _ Fault) error {
	if p.leaf.issuer == nil {
		return errors.New("the leaf has no issuer")
	}
	key, err := newKey()
	if err != nil {
		return err
	}
	ordinary := p.a.leafDraft("www.lab.test", nil, key, p.leaf.issuer)
	// It is older than what it issued, and outlives it.
	ordinary.tmpl.NotBefore, ordinary.tmpl.NotAfter = p.a.now.Add(-365*day), p.a.now.Add(80*day)
	p.leaf.issuer = ordinary
	p.sent = append([]*draft{ordinary}, p.sent...)
	p.made = append(p.made, ordinary)
	p.edited = true
	return nil
}

// finish does what has to wait until all faults are applied, because it depends on who the
// issuers are in the end.
func (p *plan) finish() error {
	if p.leaf.md5 && p.leaf.issuer != nil && !p.fromOutline {
		key, err := p.a.rsaKey(2048)
		if err != nil {
			return err
		}
		p.leaf.issuer.key = key
	}
	if p.fetchable {
		if err := p.publish(p.leaf.issuer); err != nil {
			return err
		}
	}
	if p.crossSign {
		return p.cross()
	}
	return nil
}

// publish puts the issuer's address into the leaf.
func (p *plan) publish(issuer *draft) error {
	if err := issuer.sign(); err != nil {
		return err
	}
	// RFC 2585 section 4.1 has the media type.
	d := Document{Path: "/issuer/" + hex.EncodeToString(issuer.cert.SubjectKeyId) + ".cer", Type: "application/pkix-cert", Body: issuer.raw}
	base := p.publisher
	if base == "" {
		base = unpublished
	}
	p.leaf.tmpl.IssuingCertificateURL = []string{strings.TrimSuffix(base, "/") + d.Path}
	p.leaf.documents = append(p.leaf.documents, d)
	return nil
}

// cross appends the expired certificate for the root's name and key.
func (p *plan) cross() error {
	old, err := p.newRoot(pkix.Name{Organization: []string{"Bygone Trust"}, CommonName: fmt.Sprintf("Bygone Trust Root %d", p.a.next())})
	if err != nil {
		return err
	}
	old.tmpl.NotAfter = p.a.now.Add(-days(crossEnded))
	cross := caDraft(p.root.tmpl.Subject, p.root.key, old, p.a.now)
	cross.tmpl.NotAfter = old.tmpl.NotAfter
	p.sent = append(p.sent, cross)
	return nil
}
