package certs

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ocsp"
)

// A Status is what a word on a certificate's revocation is worth.
type Status string

// The statuses.
const (
	StatusGood    Status = "good"
	StatusRevoked Status = "revoked" // since a few hours, because the key was compromised
	StatusExpired Status = "expired" // a good word, and out of date for days
	StatusNone    Status = "none"    // nobody answers
)

// How old a fresh word is, how long it holds, and what an expired one had. An expired one ended
// days ago, since clients forgive a day; the leaf is old enough to have had it.
const (
	ocspAge, ocspLife = time.Hour, 7 * day
	crlAge, crlLife   = time.Hour, 30 * day
	staleSince        = 3 * day
	staleAge          = 10 * day
	revokedAge        = 3 * time.Hour
)

// nobody is an address at which a connection is refused: TCPMUX, which nothing serves any more.
const nobody = "http://127.0.0.1:1"

// status is what the CA and the server say of a leaf. Who revokes is the CA, and it does so for
// the key: a certificate that is issued anew with a compromised key is revoked as well, as the
// CA/Browser Forum's Baseline Requirements, section 4.9.1.1, have it.
type status struct {
	now       time.Time
	base      string
	crl, ocsp Status // at the address in the leaf: good, expired or none; empty when it names none
	staple    Status // good or expired; empty when none is sent
	must      bool   // the leaf promises a staple
	revoked   bool
}

// A Document is something a CA publishes over plain HTTP.
type Document struct {
	Path string // below Spec.Publisher
	Type string // media type
	Body []byte
}

// NeedsPublisher reports whether a chain with these faults names addresses of its CA.
func NeedsPublisher(faults []Fault) bool {
	return slices.ContainsFunc(faults, func(f Fault) bool {
		return f.Kind == kindFetchable || f.Kind == kindCRL || f.Kind == kindOCSP // also where nobody answers: it may be repaired
	})
}

// Documents returns what the CA of b publishes about its leaf. An OCSP responder answers every
// request at its path, or below it, with the same body.
func (b *Bundle) Documents() []Document { return b.leaf.documents }

// Stapling returns b with what the CA's responder says now for the server to staple, where the
// certificate names a responder, promises a staple, or came with one. Where the responder does
// not answer there is nothing to staple, and b stays as it is.
func (b *Bundle) Stapling() (*Bundle, error) {
	d := *b.leaf
	if d.status.ocsp == StatusNone || d.status.ocsp == "" && d.status.staple == "" && !d.status.must {
		return b, nil
	}
	d.status.staple = StatusGood
	if d.status.ocsp != "" {
		d.status.staple = d.status.ocsp
	}
	if err := d.speak(); err != nil {
		return nil, err
	}
	return newBundle(&d, b.key, b.Chain[1:]), nil
}

// address writes into a leaf where its status is to be found. The serial number tells apart the
// documents of two leaves, so each is published once and never changes.
func (s status) address(leaf *x509.Certificate) {
	if s.crl != "" {
		leaf.CRLDistributionPoints = []string{s.url(s.crl, crlPath(leaf.SerialNumber))}
	}
	if s.ocsp != "" {
		leaf.OCSPServer = []string{s.url(s.ocsp, ocspPath(leaf.SerialNumber))}
	}
	if s.must {
		// RFC 7633: a sequence of the one TLS extension status_request (5).
		leaf.ExtraExtensions = append(slices.Clone(leaf.ExtraExtensions),
			pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}, Value: []byte{0x30, 3, 2, 1, 5}})
	}
}

func (s status) url(st Status, path string) string {
	if st == StatusNone || s.base == "" {
		return nobody + path
	}
	return strings.TrimSuffix(s.base, "/") + path
}

func crlPath(serial *big.Int) string  { return fmt.Sprintf("/crl/%x.crl", serial) }
func ocspPath(serial *big.Int) string { return fmt.Sprintf("/ocsp/%x", serial) }

// repaired is s with everything the CA publishes in order.
func (s status) repaired() status {
	if s.crl != "" {
		s.crl = StatusGood
	}
	if s.ocsp != "" {
		s.ocsp = StatusGood
	}
	return s
}

// speak makes what the CA publishes about a signed draft, and what the server staples.
func (d *draft) speak() error {
	s := d.status
	if s.crl == "" && s.ocsp == "" && s.staple == "" {
		return nil
	}
	if d.issuer == nil {
		return errors.New("a certificate that signs itself has no CA that could revoke it")
	}
	if s.crl != "" && s.crl != StatusNone {
		list, err := d.list(s.crl)
		if err != nil {
			return err
		}
		d.documents = append(d.documents, Document{crlPath(d.cert.SerialNumber), "application/pkix-crl", list})
	}
	if s.ocsp != "" && s.ocsp != StatusNone {
		answer, err := d.answer(s.ocsp)
		if err != nil {
			return err
		}
		d.documents = append(d.documents, Document{ocspPath(d.cert.SerialNumber), "application/ocsp-response", answer})
	}
	if s.staple == "" {
		return nil
	}
	var err error
	d.staple, err = d.answer(s.staple)
	return err
}

// window returns when a word of this status was given, and until when it holds.
func (s status) window(st Status, age, life time.Duration) (from, until time.Time) {
	if st == StatusExpired {
		return s.now.Add(-staleAge), s.now.Add(-staleSince)
	}
	return s.now.Add(-age), s.now.Add(life)
}

// list returns the CA's CRL. It revokes this leaf or nothing.
func (d *draft) list(st Status) ([]byte, error) {
	from, until := d.status.window(st, crlAge, crlLife)
	list := &x509.RevocationList{Number: big.NewInt(from.Unix()), ThisUpdate: from, NextUpdate: until}
	if d.status.revoked {
		list.RevokedCertificateEntries = []x509.RevocationListEntry{
			{SerialNumber: d.cert.SerialNumber, RevocationTime: d.status.now.Add(-revokedAge), ReasonCode: ocsp.KeyCompromise},
		}
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, d.issuer.cert, d.issuer.key)
	if err != nil {
		return nil, fmt.Errorf("cannot sign the CRL of %s: %w", d.issuer.tmpl.Subject.CommonName, err)
	}
	return der, nil
}

// answer returns an OCSP response about this leaf, signed by its issuer.
func (d *draft) answer(st Status) ([]byte, error) {
	from, until := d.status.window(st, ocspAge, ocspLife)
	r := ocsp.Response{Status: ocsp.Good, SerialNumber: d.cert.SerialNumber, ThisUpdate: from, NextUpdate: until}
	if d.status.revoked {
		r.Status, r.RevokedAt, r.RevocationReason = ocsp.Revoked, d.status.now.Add(-revokedAge), ocsp.KeyCompromise
	}
	der, err := ocsp.CreateResponse(d.issuer.cert, d.issuer.cert, r, d.issuer.key)
	if err != nil {
		return nil, fmt.Errorf("cannot sign the OCSP response of %s: %w", d.issuer.tmpl.Subject.CommonName, err)
	}
	return der, nil
}

func crl(p *plan, f Fault) (err error) {
	p.leaf.status.crl, err = p.word(f)
	return err
}

func responder(p *plan, f Fault) (err error) {
	p.leaf.status.ocsp, err = p.word(f)
	return err
}

func staple(p *plan, f Fault) (err error) {
	if f.Status == StatusNone {
		return errors.New("a server that staples nothing needs no fault")
	}
	p.leaf.status.staple, err = p.word(f)
	return err
}

func mustStaple(p *plan, _ Fault) error {
	p.leaf.status.must = true
	return nil
}

// word notes what a fault says of the leaf, and returns how it is published. A CA contradicts
// itself neither between its services nor on one of them.
func (p *plan) word(f Fault) (Status, error) {
	s := &p.leaf.status
	clean := slices.ContainsFunc([]Status{s.crl, s.ocsp, s.staple}, func(st Status) bool { return st == StatusGood || st == StatusExpired })
	switch f.Status {
	case StatusRevoked:
		if clean && !s.revoked {
			return "", errors.New("it contradicts an earlier fault, by which the certificate is good")
		}
		s.revoked = true
		return StatusGood, nil
	case StatusGood:
		if s.revoked {
			return "", errors.New("it contradicts an earlier fault, by which the certificate is revoked")
		}
		return StatusGood, nil
	case StatusExpired:
		if s.revoked {
			return "", errors.New("it contradicts an earlier fault, by which the certificate is revoked")
		}
		// Somebody asked about the leaf while the word was fresh.
		if leaf := &p.leaf.tmpl; !leaf.NotBefore.After(s.now) {
			leaf.NotBefore = earlier(leaf.NotBefore, s.now.Add(-30*day))
		}
		return StatusExpired, nil
	case StatusNone:
		return StatusNone, nil
	}
	return "", fmt.Errorf("there is no status %q", f.Status)
}
