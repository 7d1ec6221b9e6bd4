package chain

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// nameConstraints recognises the one refusal that only crypto/x509 can find: RFC 5280 section
// 4.2.1.10 is path validation, which is not written a second time here.
func nameConstraints(ev *evidence) []fault {
	invalid, ok := ev.refusal.(x509.CertificateInvalidError)
	if !ok || invalid.Reason != x509.CANotAuthorizedForThisName {
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
	certs := ev.path.certs
	f := finding.New(finding.CANotAllowedForName, fmt.Sprintf("the CA may not issue certificates for %s", finding.Listed(Names(certs[0]))))
	f.Evidence = []string{says(ev.refusal)}
	f.Facts.Names = Names(certs[0])
	for _, c := range certs[1:] {
		if constrained(c) > 0 {
			f.Facts.About, f.Facts.Subject = ev.about(c), Name(c)
			break
		}
	}
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditDropNameConstraints, Text: "without the name constraints of its CA the certificate would be accepted"}
	return []fault{{f, unconstrainAll}}
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

// Forms of names: the tags of GeneralName, RFC 5280 section 4.2.1.6.
const (
	formEmail     = 1
	formDNS       = 2
	formDirectory = 4
	formURI       = 6
	formIP        = 7
)

var (
	oidNameConstraints = asn1.ObjectIdentifier{2, 5, 29, 30}
	oidSAN             = asn1.ObjectIdentifier{2, 5, 29, 17}
)

type generalSubtree struct {
	Base    asn1.RawValue
	Minimum int `asn1:"optional,tag:0"`
	Maximum int `asn1:"optional,tag:1"`
}

type constraintLists struct {
	Permitted []generalSubtree `asn1:"optional,tag:0"`
	Excluded  []generalSubtree `asn1:"optional,tag:1"`
}

// listsOf reads the name constraints of c, with the forms that crypto/x509 does not judge.
func listsOf(c *x509.Certificate) (lists constraintLists) {
	for _, e := range c.Extensions {
		if e.Id.Equal(oidNameConstraints) {
			// What cannot be read has no lists; crypto/x509 has refused it already.
			_, _ = asn1.Unmarshal(e.Value, &lists)
		}
	}
	return lists
}

func subtrees(c *x509.Certificate) int {
	lists := listsOf(c)
	return len(lists.Permitted) + len(lists.Excluded)
}

// otherForms judges critical constraints on forms of names that crypto/x509 leaves unhandled.
// RFC 5280 section 4.2.1.10: when such a name appears below, the constraint is processed or the
// certificate rejected. It returns the name that breaks one, and false when none does.
func otherForms(ca *x509.Certificate, below []*x509.Certificate) (what string, broken bool) {
	lists := listsOf(ca)
	permitted, excluded := directories(lists.Permitted), directories(lists.Excluded)
	left := mostChecks
	for _, c := range below {
		for _, n := range generalNames(c) {
			if left -= len(lists.Permitted) + len(lists.Excluded); left < 0 {
				return "so many names, which nobody compares with so many constraints", true
			}
			switch n.Tag {
			case formEmail, formDNS, formURI, formIP:
				continue
			case formDirectory:
				if !directoryAllowed(relativeNames(n.Bytes), permitted, excluded) {
					return "the directory name of " + Name(c), true
				}
			default:
				if mentions(lists.Permitted, n.Tag) || mentions(lists.Excluded, n.Tag) {
					return fmt.Sprintf("a name of form %d in %s", n.Tag, Name(c)), true
				}
			}
		}
	}
	return "", false
}

// otherFormFault is the finding for what otherForms returned about the i-th certificate.
func otherFormFault(ev *evidence, i int, what string) fault {
	ca := ev.path.certs[i]
	f := finding.New(finding.CANotAllowedForName, fmt.Sprintf("%s may not issue for %s", Name(ca), what))
	f.Evidence = []string{"its name constraints are critical, and do not allow that name"}
	f.Facts.About, f.Facts.Subject = ev.about(ca), Name(ca)
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditDropNameConstraints, Text: "without those constraints the certificate would be accepted"}
	return fault{f, func(w *world) {
		w.certs[i].UnhandledCriticalExtensions = nil
		unconstrain(w.certs[i])
	}}
}

func mentions(list []generalSubtree, form int) bool {
	return slices.ContainsFunc(list, func(s generalSubtree) bool { return s.Base.Tag == form })
}

// generalNames returns the names of c: those of its SAN, and its subject as a directory name.
func generalNames(c *x509.Certificate) []asn1.RawValue {
	var names []asn1.RawValue
	for _, e := range c.Extensions {
		if e.Id.Equal(oidSAN) {
			_, _ = asn1.Unmarshal(e.Value, &names)
		}
	}
	if len(c.Subject.Names) > 0 {
		names = append(names, asn1.RawValue{Tag: formDirectory, Bytes: c.RawSubject})
	}
	return names
}

// directories returns the directory names among some subtrees, taken apart.
func directories(list []generalSubtree) (out [][]asn1.RawValue) {
	for _, s := range list {
		if s.Base.Tag == formDirectory {
			out = append(out, relativeNames(s.Base.Bytes))
		}
	}
	return out
}

// directoryAllowed reports whether a name lies within one of the permitted subtrees, if there are
// any, and in none of the excluded. A name lies below another that it begins with.
func directoryAllowed(name []asn1.RawValue, permitted, excluded [][]asn1.RawValue) bool {
	within := func(base []asn1.RawValue) bool { return beginsWith(name, base) }
	if slices.ContainsFunc(excluded, within) {
		return false
	}
	return len(permitted) == 0 || slices.ContainsFunc(permitted, within)
}

func relativeNames(name []byte) []asn1.RawValue {
	var out []asn1.RawValue
	_, _ = asn1.Unmarshal(name, &out)
	return out
}

func beginsWith(name, prefix []asn1.RawValue) bool {
	if len(name) < len(prefix) {
		return false
	}
	for i, r := range prefix {
		if !bytes.Equal(name[i].FullBytes, r.FullBytes) {
			return false
		}
	}
	return true
}
