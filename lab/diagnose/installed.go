package diagnose

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"

	"mailtlslab/lab/finding"
	"mailtlslab/lab/probe"
)

// renewedOnDisk finds servers that go on with a certificate after a newer one was put into their file.
// What the newer one would cure is told as its evidence; what it has as well stays as it is. A file
// with an older certificate, or with one for other names, says nothing about what is served.
func renewedOnDisk(c *connection, found []finding.Finding) []finding.Finding {
	if c.TLS.Resumed || slices.ContainsFunc(interceptionCodes(), func(code finding.Code) bool { return has(found, code) }) {
		return found // nobody saw what the server itself presents
	}
	installed := probe.Observation{Settings: c.Settings, At: c.At, TLS: &probe.TLS{
		Cipher: c.TLS.Cipher, Chain: c.survey.Installed, FromRecords: c.TLS.FromRecords,
	}}
	old, renewed := leafOf(&c.Observation), leafOf(&installed)
	if old == nil || renewed == nil || sameLeaf(&c.Observation, &installed) || !newer(renewed, old) || !successor(renewed, old, c.Settings.Host) {
		return found
	}
	then := c.chain(installed)
	f := finding.New(finding.RenewedNotLoaded, fmt.Sprintf("the file of the server has a newer certificate, and %s still presents the old one", c.target()))
	f.Severity = finding.Warning
	f.Evidence = []string{
		"presented: " + described(old),
		"in the file: " + described(renewed),
	}
	var stay []finding.Finding
	for _, old := range found {
		if remains(old, then) {
			stay = append(stay, old)
			continue
		}
		f.Evidence = append(f.Evidence, "gone with the one in the file: "+old.Summary)
		if old.Severity == finding.Error {
			f.Severity = finding.Error
		}
	}
	f.Counterfactual = &finding.Counterfactual{Edit: "another-certificate", Text: "with the certificate that is on the disk it would be accepted"}
	if at := slices.IndexFunc(then, func(f finding.Finding) bool { return f.Severity == finding.Error }); at >= 0 {
		f.Evidence = append(f.Evidence, "the one in the file would be refused too: "+then[at].Summary)
		f.Counterfactual.Text = "with the certificate that is on the disk this would be gone, and what else is wrong would not"
	}
	f.Facts.Host, f.Facts.Subject, f.Facts.At, f.Facts.Fingerprint = c.Settings.Host, commonName(old), old.NotAfter, sum(renewed.Raw)
	return append(stay, f)
}

// newer reports whether a was issued after b, or lasts longer.
func newer(a, b *x509.Certificate) bool {
	return a.NotBefore.After(b.NotBefore) || a.NotAfter.After(b.NotAfter)
}

// successor reports whether a can have been made to replace b: it is for the server's name, or for
// one that b has. A renewal may add names, and it may repair one.
func successor(a, b *x509.Certificate, host string) bool {
	if host != "" && a.VerifyHostname(host) == nil {
		return true
	}
	return slices.ContainsFunc(namesOf(a), func(n string) bool {
		return slices.ContainsFunc(namesOf(b), func(m string) bool { return strings.EqualFold(n, m) })
	})
}

// remains reports whether a finding would be there with another certificate as well: what was
// found of that one says so, and what is not about the certificate alone does not change with it.
func remains(f finding.Finding, then []finding.Finding) bool {
	info, _ := finding.Lookup(f.Code)
	switch {
	case f.Code == finding.ExceptionStale: // which speaks up where the certificate needs an exception
		return slices.ContainsFunc(then, func(g finding.Finding) bool { return finding.Hides(f.Code, g.Code) })
	case info.Family == finding.History, f.Code == finding.Unexplained:
		return true
	}
	return has(then, f.Code)
}

func described(c *x509.Certificate) string {
	return fmt.Sprintf("SHA-256 %s, valid from %s to %s", sum(c.Raw), day(c.NotBefore), day(c.NotAfter))
}
