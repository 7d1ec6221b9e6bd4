package chain

import (
	"crypto/x509"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// says returns the words of crypto/x509, which quote the certificate.
func says(err error) string { return "the library (crypto/x509) says: " + clip(err.Error()) }

// Name returns what to call a certificate: its Common Name, or else its whole subject, cut where
// it is long. It comes from a stranger: escape it before printing.
func Name(c *x509.Certificate) string { return commonName(c) }

// IssuerName returns what to call the issuer of a certificate, likewise.
func IssuerName(c *x509.Certificate) string { return issuerName(c) }

// Names returns the names that a certificate is valid for: its SAN entries that can name a server.
func Names(c *x509.Certificate) []string { return namesOf(c) }

// commonName returns what to call a certificate: its Common Name, or else its whole subject.
func commonName(c *x509.Certificate) string {
	if cn := c.Subject.CommonName; cn != "" {
		return clip(cn)
	}
	if s := c.Subject.String(); s != "" {
		return clip(s)
	}
	return "a certificate without a name"
}

func issuerName(c *x509.Certificate) string {
	if cn := c.Issuer.CommonName; cn != "" {
		return clip(cn)
	}
	return clip(c.Issuer.String())
}

func clip(s string) string { return finding.Clip(s) }

func listed(names []string) string { return finding.Listed(names) }

func day(t time.Time) string { return finding.Day(t) }

func span(d time.Duration) string { return finding.Span(d) }
