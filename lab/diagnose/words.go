package diagnose

import (
	"crypto/x509"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

func commonName(c *x509.Certificate) string { return chain.Name(c) }

func issuerName(c *x509.Certificate) string { return chain.IssuerName(c) }

func namesOf(c *x509.Certificate) []string { return chain.Names(c) }

func quoted(s string) string { return finding.Quoted(s) }

func clip(s string) string { return finding.Clip(s) }

func listed(names []string) string { return finding.Listed(names) }

func day(t time.Time) string { return finding.Day(t) }

func span(d time.Duration) string { return finding.Span(d) }
