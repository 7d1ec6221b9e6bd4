package clone

import (
	"bytes"
	"crypto/x509"
	"slices"

	"golang.org/x/crypto/ocsp"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/internal/bound"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// mustStaple is the extension of RFC 7633, and what it holds.
const mustStaple, mustStapleValue = "1.3.6.1.5.5.7.1.24", "\x30\x03\x02\x01\x05"

// revocation clones what the CA says of a leaf, as far as it was asked: its own addresses are nobody's
// in the lab.
func (b *builder) revocation(p *port, leaf *x509.Certificate) {
	s := &p.service
	one := &s.Outline.Certificates[0]
	add := func(f certs.Fault) {
		if _, err := certs.CheckChain(s.Outline, append(slices.Clone(s.Chain), f)); err == nil {
			s.Chain = append(s.Chain, f)
		}
	}
	one.Extensions = slices.DeleteFunc(slices.Clone(one.Extensions), func(e certs.Extension) bool {
		if e.ID != mustStaple || string(e.Value) != mustStapleValue || one.Issuer == "" {
			return false
		}
		add(certs.MustStaple())
		return true
	})
	if len(one.Extensions) == 0 {
		one.Extensions = nil
	}
	if one.Issuer == "" {
		if len(p.TLS.Staple) > 0 || p.has(finding.Revoked, finding.RevocationUnknown) {
			b.note("Of a certificate that signs itself no CA says anything in the clone.")
		}
		return
	}
	revoked := p.has(finding.Revoked)
	if len(p.TLS.Staple) > 0 {
		add(certs.Staple(b.staple(p, leaf)))
	}
	if len(leaf.OCSPServer) > 0 {
		add(certs.OCSP(b.word(p, leaf, probe.FetchOCSP, revoked)))
	}
	issuer := slices.IndexFunc(s.Outline.Certificates, func(c certs.Certificate) bool { return c.ID == one.Issuer })
	switch usage := s.Outline.Certificates[issuer].KeyUsage; {
	case len(leaf.CRLDistributionPoints) == 0:
	case len(usage) > 0 && !slices.Contains(usage, "cRLSign"):
		b.note("%s names a revocation list, and its issuer may sign none: the clone names none.", quoted(chain.Name(leaf)))
	default:
		add(certs.CRL(b.word(p, leaf, probe.FetchCRL, revoked)))
	}
}

// staple returns what a stapled response says.
func (b *builder) staple(p *port, leaf *x509.Certificate) certs.Status {
	status := responseStatus(p.TLS.Staple, leaf, b)
	switch {
	case p.has(finding.StaleStaple):
		return certs.StatusExpired
	case status == certs.StatusRevoked && !p.has(finding.Revoked): // of another, or by nobody who may say so
		return certs.StatusGood
	case status == certs.StatusNone:
		b.note("%s: the response that is stapled there cannot be read; the clone has one in order.", quoted(p.Settings.Target()))
		return certs.StatusGood
	}
	return status
}

func responseStatus(der []byte, leaf *x509.Certificate, b *builder) certs.Status {
	const most = 64 << 10
	if len(der) > most {
		return certs.StatusNone
	}
	r, err := ocsp.ParseResponse(der, nil)
	switch {
	case err != nil:
		return certs.StatusNone
	case r.Status == ocsp.Revoked && (r.SerialNumber == nil || r.SerialNumber.Cmp(leaf.SerialNumber) == 0):
		return certs.StatusRevoked
	case !r.NextUpdate.IsZero() && b.seen.After(r.NextUpdate):
		return certs.StatusExpired
	}
	return certs.StatusGood
}

// word returns what the CA said when it was asked: good where nobody did.
func (b *builder) word(p *port, leaf *x509.Certificate, kind probe.AskKind, revoked bool) certs.Status {
	addresses := leaf.OCSPServer
	if kind == probe.FetchCRL {
		addresses = leaf.CRLDistributionPoints
	}
	for _, f := range b.survey.Further {
		if f.Ask.Kind != kind || !slices.Contains(addresses, f.Ask.URL) {
			continue
		}
		status := certs.StatusNone
		if kind == probe.FetchOCSP {
			status = responseStatus(f.Response, leaf, b)
		} else if len(f.Response) > 0 && len(f.Response) <= bound.MaxCertificate*8 {
			status = b.listStatus(f.Response, leaf)
		}
		if status == certs.StatusRevoked && !revoked {
			return certs.StatusGood
		}
		return status
	}
	if p.has(finding.RevocationUnknown) {
		return certs.StatusNone
	}
	return certs.StatusGood
}

func (b *builder) listStatus(der []byte, leaf *x509.Certificate) certs.Status {
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		return certs.StatusNone
	}
	for _, e := range list.RevokedCertificateEntries {
		if e.SerialNumber.Cmp(leaf.SerialNumber) == 0 {
			return certs.StatusRevoked
		}
	}
	if !list.NextUpdate.IsZero() && b.seen.After(list.NextUpdate) {
		return certs.StatusExpired
	}
	return certs.StatusGood
}

// fetched says that the issuer can be fetched where it was.
func (b *builder) fetched(p *port) {
	if p.Path == nil || len(p.Path.Certificates) < 2 || p.Path.Certificates[1].Sent || p.Path.Certificates[1].Anchor {
		return
	}
	for _, f := range b.survey.Further {
		if f.Ask.Kind == probe.FetchIssuer && bytes.Equal(f.Certificate, p.Path.Certificates[1].DER) {
			p.service.Chain = append(p.service.Chain, certs.FetchableIntermediate())
			return
		}
	}
}
