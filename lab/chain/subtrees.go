package chain

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

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
	f.Counterfactual = withoutConstraints()
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

// subjectAddresses returns the addresses in the subject of c (emailAddress of PKCS #9).
func subjectAddresses(c *x509.Certificate) (out []string) {
	for _, a := range c.Subject.Names {
		if s, is := a.Value.(string); is && a.Type.String() == "1.2.840.113549.1.9.1" && strings.Contains(s, "@") {
			out = append(out, s)
		}
	}
	return out
}

func beginsWith(name, prefix []asn1.RawValue) bool {
	if len(name) < len(prefix) {
		return false
	}
	for i, r := range prefix {
		if !sameName(sequence(name[i].FullBytes), sequence(r.FullBytes)) {
			return false
		}
	}
	return true
}
