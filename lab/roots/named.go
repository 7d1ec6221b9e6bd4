package roots

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"crypto/x509/pkix"
	"slices"
	"strings"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"github.com/mailtlslab/mailtlslab/lab/internal/dn"
)

// A Kind is what is publicly known of a CA.
type Kind string

// The kinds of public CAs.
const (
	Intermediate Kind = "intermediate" // below a root that devices have, or had: servers must send it
	Root         Kind = "root"         // devices come with it
	RetiredRoot  Kind = "retired-root" // devices came with it once
)

// Kinds returns all of them.
func Kinds() []Kind { return []Kind{Intermediate, Root, RetiredRoot} }

// Named says what is publicly known of a CA by the words of its name, in any of the notations that
// tools print. Whoever makes a certificate chooses its name: what is said here is likely, and proven
// by a signature only.
func Named(name string) (Kind, bool) {
	n := dn.Read(name)
	switch {
	case n == dn.Name{}:
		return "", false
	case amongRoots(n):
		return Root, true
	case amongRetired(n):
		return RetiredRoot, true
	case intermediateNamed(n):
		return Intermediate, true
	}
	return "", false
}

func amongRoots(n dn.Name) bool {
	for r := range bundle.Roots() {
		if isRoot(n, r.Certificate) {
			return true
		}
	}
	return false
}

func amongRetired(n dn.Name) bool {
	for _, der := range retired() {
		if isRoot(n, der) {
			return true
		}
	}
	return false
}

// isRoot reports whether the words are those of a root (DER): what it goes by, and its organisation
// and unit if they say one. Only a root that holds the words is parsed.
func isRoot(n dn.Name, der []byte) bool {
	own := cmp.Or(n.CommonName, n.Unit, n.Organization)
	if !bytes.Contains(der, []byte(own)) {
		return false
	}
	c, err := x509.ParseCertificate(der)
	if err != nil || own != goesBy(c.Subject) {
		return false
	}
	says := func(word string, all []string) bool { return word == "" || slices.Contains(all, word) }
	return says(n.Organization, c.Subject.Organization) && says(n.Unit, c.Subject.OrganizationalUnit)
}

// goesBy returns what a root is called: its Common Name, or else its unit, or else its organisation.
func goesBy(n pkix.Name) string {
	return cmp.Or(n.CommonName, strings.Join(n.OrganizationalUnit, ""), strings.Join(n.Organization, ""))
}

// plain returns words as they are compared: letter case, white space and the marks in which tools
// and CAs differ do not count.
func plain(s string) string {
	s = strings.NewReplacer("’", "'", ",", " ", ".", " ").Replace(strings.ToLower(s))
	return strings.Join(strings.Fields(s), " ")
}
