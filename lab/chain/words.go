package chain

import (
	"crypto/x509"
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// says returns the words of crypto/x509, which quote the certificate.
func says(err error) string {
	return "the library (crypto/x509) says: " + finding.Clip(err.Error())
}

// Name returns what to call a certificate: its Common Name, or else its whole subject, cut where
// it is long. It comes from a stranger: escape it before printing.
func Name(c *x509.Certificate) string { return finding.CertificateName(c) }

// IssuerName returns what to call the issuer of a certificate, likewise.
func IssuerName(c *x509.Certificate) string {
	if cn := c.Issuer.CommonName; cn != "" {
		return finding.Clip(cn)
	}
	return finding.Clip(c.Issuer.String())
}

// Names returns the names that a certificate is valid for: its SAN entries that can name a server.
func Names(c *x509.Certificate) []string {
	names := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	return names
}
