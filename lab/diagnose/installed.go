package diagnose

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// renewedOnDisk finds servers that go on with a certificate after a newer one was put into their file.
// What the newer one would cure is told as its evidence; what it has as well stays as it is. A file
// with an older certificate, or with one for other names, says nothing about what is served.
//
// There is one file and there are many ports, and which of them uses it nobody here knows: where
// the presented certificate is not at fault, more must speak for it than the dates.
func renewedOnDisk(c *connection, found []finding.Finding) []finding.Finding {
	if c.TLS.Resumed || slices.ContainsFunc(chain.Interceptions(), func(code finding.Code) bool { return has(found, code) }) {
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
	var stay, gone []finding.Finding
	for _, f := range found {
		if remains(f, then) {
			stay = append(stay, f)
		} else {
			gone = append(gone, f)
		}
	}
	f := finding.New(finding.RenewedNotLoaded, fmt.Sprintf("%s presents an older certificate than the file has: if this port uses this file, it has not loaded the new one", c.target()))
	f.Evidence = []string{
		"presented: " + described(old),
		"in the file: " + described(renewed),
	}
	if finding.Worst(gone) != finding.Error {
		if old.PublicKeyAlgorithm != renewed.PublicKeyAlgorithm {
			return found // a server may have one of each kind, and the client chooses
		}
		f.Severity = finding.Warning
		if c.Settings.Endpoint == account.Web && c.loadedForMail(&installed) {
			f.Severity = finding.Note
			f.Evidence = append(f.Evidence, "a mail port presents the one in the file: the web server mostly has a file of its own")
			stay, gone = found, nil
		}
	}
	for _, g := range gone {
		f.Evidence = append(f.Evidence, "gone with the one in the file: "+g.Summary)
	}
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditCertificate, Text: "with the certificate that is on the disk it would be accepted"}
	if at := slices.IndexFunc(then, func(f finding.Finding) bool { return f.Severity == finding.Error }); at >= 0 {
		f.Evidence = append(f.Evidence, "the one in the file would be refused too: "+then[at].Summary)
		f.Counterfactual.Text = "with the certificate that is on the disk this would be gone, and what else is wrong would not"
	}
	f.Facts.Host, f.Facts.About, f.Facts.Subject = c.Settings.Host, presentedLeaf(&c.Observation), chain.Name(old)
	f.Facts.At, f.Facts.Fingerprint = old.NotAfter, finding.Fingerprint(renewed.Raw)
	return append(stay, f)
}

// loadedForMail reports whether a mail port presents the certificate in the file.
func (c *connection) loadedForMail(installed *probe.Observation) bool {
	return slices.ContainsFunc(c.survey.Observations, func(o probe.Observation) bool {
		return o.Settings.Endpoint != account.Web && sameLeaf(&o, installed)
	})
}

// newer reports whether a was issued after b, or at the same time and lasts longer. Of two
// certificates at most one is newer.
func newer(a, b *x509.Certificate) bool {
	return a.NotBefore.After(b.NotBefore) || a.NotBefore.Equal(b.NotBefore) && a.NotAfter.After(b.NotAfter)
}

// successor reports whether a can have been made to replace b: it is for the server's name, or for
// one that b has. A renewal may add names, and it may repair one.
func successor(a, b *x509.Certificate, host string) bool {
	if host != "" && a.VerifyHostname(host) == nil {
		return true
	}
	return slices.ContainsFunc(chain.Names(a), func(n string) bool {
		return slices.ContainsFunc(chain.Names(b), func(m string) bool { return strings.EqualFold(n, m) })
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
	return fmt.Sprintf("SHA-256 %s, valid from %s to %s", finding.Fingerprint(c.Raw), finding.Day(c.NotBefore), finding.Day(c.NotAfter))
}
