package chain

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// nameConstraints recognises the one refusal that only crypto/x509 can find: RFC 5280 section
// 4.2.1.10 is path validation, which is not written a second time here. Names that it cannot even
// compare with the constraints are set aside first: they break nothing, they are not names.
func nameConstraints(ev *evidence) []fault {
	if !refusedName(ev.refusal) {
		return nil
	}
	if len(ev.before("complexity")) > 0 {
		for i := range ev.faults {
			if ev.faults[i].Code == finding.TooComplex { // told already; what undoes it undoes this
				ev.faults[i].edit = unconstrainAll
				return nil
			}
		}
	}
	bad, refusal := ev.incomparable()
	var out []fault
	if len(bad) > 0 {
		out = append(out, ev.incomparableFault(bad))
	}
	if !refusedName(refusal) {
		return out
	}
	certs := ev.path.certs
	f := finding.New(finding.CANotAllowedForName, fmt.Sprintf("the CA may not issue certificates for %s", finding.Listed(Names(certs[0]))))
	f.Evidence = []string{says(refusal)}
	f.Facts.Names = Names(certs[0])
	for _, c := range certs[1:] {
		if constrained(c) > 0 {
			f.Facts.About, f.Facts.Subject = ev.about(c), Name(c)
			break
		}
	}
	f.Counterfactual = withoutConstraints()
	return append(out, fault{f, unconstrainAll})
}

func withoutConstraints() *finding.Counterfactual {
	return &finding.Counterfactual{Edit: finding.EditDropNameConstraints, Text: "without the name constraints of its CA the certificate would be accepted"}
}

func refusedName(err error) bool {
	invalid, ok := err.(x509.CertificateInvalidError)
	return ok && invalid.Reason == x509.CANotAuthorizedForThisName
}

func unconstrainAll(w *world) {
	for _, c := range w.certs[1:] {
		unconstrain(c)
	}
}

// constrained returns how many name constraints crypto/x509 read from c.
func constrained(c *x509.Certificate) int {
	return len(c.PermittedDNSDomains) + len(c.ExcludedDNSDomains) + len(c.PermittedIPRanges) + len(c.ExcludedIPRanges) +
		len(c.PermittedEmailAddresses) + len(c.ExcludedEmailAddresses) + len(c.PermittedURIDomains) + len(c.ExcludedURIDomains)
}

func unconstrain(c *x509.Certificate) {
	c.PermittedDNSDomains, c.ExcludedDNSDomains = nil, nil
	c.PermittedIPRanges, c.ExcludedIPRanges = nil, nil
	c.PermittedEmailAddresses, c.ExcludedEmailAddresses = nil, nil
	c.PermittedURIDomains, c.ExcludedURIDomains = nil, nil
}

// mostChecks is how many comparisons of a name with a constraint OpenSSL makes at most
// (NAME_CHECK_MAX in crypto/x509/v3_ncons.c); BoringSSL has the same bound.
const mostChecks = 1 << 20

// tooComplex finds chains that clients refuse for the work they would make. crypto/x509 sorts the
// constraints first and has no such bound.
func tooComplex(ev *evidence) []fault {
	var out []fault
	for i, c := range ev.path.certs {
		names := 0
		for _, below := range ev.path.certs[:i] {
			names += len(generalNames(below)) + len(below.Subject.Names)
		}
		if names*subtrees(c) <= mostChecks {
			continue
		}
		f := finding.New(finding.TooComplex, fmt.Sprintf("%s has so many name constraints, and the certificates below it so many names, that clients refuse to compare them", Name(c)))
		f.Evidence = []string{fmt.Sprintf("%d names and %d constraints; OpenSSL makes at most %d comparisons", names, subtrees(c), mostChecks)}
		f.Facts.About, f.Facts.Subject = ev.about(c), Name(c)
		f.Counterfactual = &finding.Counterfactual{Edit: finding.EditDropNameConstraints, Text: "with fewer names or constraints it would be judged"}
		out = append(out, fault{Finding: f})
	}
	return out
}

// mostIncomparable is how many names are set aside at most.
const mostIncomparable = 20

// incomparable returns the names that crypto/x509 cannot compare with constraints, and what it says
// of the chain without them.
func (ev *evidence) incomparable() (bad []string, refusal error) {
	refusal = ev.refusal
	edits := editsOf(ev.faults)
	for len(bad) < mostIncomparable && refusedName(refusal) {
		words := refusal.Error()
		if !strings.Contains(words, "cannot parse") && !strings.Contains(words, "cannot be matched") {
			return bad, refusal
		}
		name := ev.quoted(words)
		if name == "" {
			return bad, refusal
		}
		bad = append(bad, name)
		refusal = with(ev.world(), append(edits[:len(edits):len(edits)], without(bad)), -1).refusal()
	}
	return bad, refusal
}

// quoted returns the name of a certificate of the path that words quote, "" where there is none.
func (ev *evidence) quoted(words string) string {
	for _, c := range ev.path.certs {
		for _, n := range c.DNSNames {
			if strings.Contains(words, "dnsName "+strconv.Quote(n)) {
				return n
			}
		}
		for _, n := range c.EmailAddresses {
			local, domain, _ := strings.Cut(n, "@")
			if strings.Contains(words, "rfc822Name "+strconv.Quote(n)) || strings.Contains(words, fmt.Sprintf("rfc822Name {%q %q}", local, strings.ToLower(domain))) {
				return n
			}
		}
		for _, u := range c.URIs {
			if strings.Contains(words, strconv.Quote(u.String())) || u.Host != "" && strings.Contains(words, "URI host "+strconv.Quote(u.Host)) {
				return u.String()
			}
		}
	}
	return ""
}

// without returns the edit that takes names from every certificate.
func without(names []string) func(*world) {
	among := func(n string) bool { return slices.Contains(names, n) }
	return func(w *world) {
		for _, c := range w.certs {
			c.DNSNames = slices.DeleteFunc(slices.Clone(c.DNSNames), among)
			c.EmailAddresses = slices.DeleteFunc(slices.Clone(c.EmailAddresses), among)
			c.URIs = slices.DeleteFunc(slices.Clone(c.URIs), func(u *url.URL) bool { return among(u.String()) })
		}
	}
}

// incomparableFault is the finding for names that are none.
func (ev *evidence) incomparableFault(bad []string) fault {
	about := ev.path.leaf()
	for _, c := range ev.path.certs {
		if slices.Contains(c.DNSNames, bad[0]) || slices.Contains(c.EmailAddresses, bad[0]) || slices.ContainsFunc(c.URIs, func(u *url.URL) bool { return u.String() == bad[0] }) {
			about = c
			break
		}
	}
	f := finding.New(finding.MalformedCertificate, fmt.Sprintf("the certificate for %s holds what is no name: %s", Name(about), finding.Listed(bad)))
	f.Evidence = []string{
		"a CA above it has name constraints, and clients refuse what they cannot compare with them",
		says(ev.refusal),
	}
	f.Facts.About, f.Facts.Subject = ev.about(about), Name(about)
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditCertificate, Text: "without that entry the certificate could be compared with the constraints"}
	return fault{f, without(bad)}
}

// subjectEmail finds addresses in a subject that the constraints of a CA forbid: RFC 5280 section
// 4.2.1.10 has them applied there too. OpenSSL does that (v3_ncons.c), crypto/x509 does not.
func subjectEmail(ev *evidence) []fault {
	for i, ca := range ev.path.certs {
		if len(ca.PermittedEmailAddresses)+len(ca.ExcludedEmailAddresses) == 0 {
			continue
		}
		for _, c := range ev.path.certs[:i] {
			for _, address := range subjectAddresses(c) {
				within := func(constraint string) bool { return addressWithin(address, constraint) }
				permitted := len(ca.PermittedEmailAddresses) == 0 || slices.ContainsFunc(ca.PermittedEmailAddresses, within)
				if permitted && !slices.ContainsFunc(ca.ExcludedEmailAddresses, within) {
					continue
				}
				f := finding.New(finding.CANotAllowedForName, fmt.Sprintf("%s may not issue for the address %s in the subject of %s", Name(ca), finding.Clip(address), Name(c)))
				f.Evidence = []string{"its name constraints do not allow that address; OpenSSL refuses, programs in Go do not look there"}
				f.Facts.About, f.Facts.Subject, f.Facts.Names = ev.about(ca), Name(ca), []string{finding.Clip(address)}
				f.Counterfactual = withoutConstraints()
				return []fault{{Finding: f}}
			}
		}
	}
	return nil
}

// addressWithin reports whether an address lies within a constraint: an address, a host, or, after
// a dot, the hosts of a domain (RFC 5280 section 4.2.1.10).
func addressWithin(address, constraint string) bool {
	local, host, _ := strings.Cut(address, "@")
	wantLocal, wantHost, whole := strings.Cut(constraint, "@")
	if whole {
		return local == wantLocal && strings.EqualFold(host, wantHost)
	}
	if strings.HasPrefix(constraint, ".") {
		return len(host) > len(constraint) && strings.EqualFold(host[len(host)-len(constraint):], constraint)
	}
	return strings.EqualFold(host, constraint)
}
