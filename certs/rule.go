package certs

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// A rule is how one kind of fault is checked and applied. A new fault is a kind and a
// constructor in fault.go, a row below and one apply function.
type rule struct {
	apply func(*plan, Fault) error
	on    []Role // where it may be; none means that it concerns the whole chain
	takes string // its parameter: "days", "bits", "names", "status" or none

	least, most int      // of the days or bits
	words       []string // the only names or statuses that it takes; none means any names
	pattern     string   // of each name; empty means any but an empty one
	one         bool     // it takes one name
}

func ruleOf(k Kind) (rule, bool) {
	r, ok := rules()[k]
	return r, ok
}

func rules() map[Kind]rule {
	leaf, anywhere := []Role{Leaf}, []Role{Leaf, Intermediate, Root}
	answers := []string{string(StatusGood), string(StatusRevoked), string(StatusExpired), string(StatusNone)}
	return map[Kind]rule{
		kindNames:               {apply: names, takes: "names"},
		kindCommonName:          {apply: commonName, takes: "names", one: true},
		kindNoSAN:               {apply: noSAN},
		kindRootAlsoSent:        {apply: rootAlsoSent},
		kindSelfSigned:          {apply: selfSigned},
		kindCALeaf:              {apply: caLeaf},
		kindIssuedByRoot:        {apply: issuedByRoot},
		kindPrivateCA:           {apply: privateCA},
		kindPrivateRootOnly:     {apply: privateRootOnly},
		kindOmitIntermediate:    {apply: omitIntermediate},
		kindWrongIntermediate:   {apply: wrongIntermediate},
		kindReversed:            {apply: reversed},
		kindSameNameIssuer:      {apply: sameNameIssuer},
		kindNotCA:               {apply: notCA, on: []Role{Intermediate}},
		kindDefaultInstallation: {apply: defaultInstallation},
		kindExpired:             {apply: expired, on: anywhere, takes: "days", least: 1, most: mostExpired},
		kindNotYetValid:         {apply: notYetValid, on: anywhere, takes: "days", least: 1, most: mostNotYetValid},
		kindExpiresIn:           {apply: expiresIn, on: leaf, takes: "days", least: 1, most: mostExpiresIn},
		kindSmallRSA:            {apply: smallRSA, on: leaf, takes: "bits", least: leastBits, most: mostBits},
		kindSHA1:                {apply: sha1, on: []Role{Leaf, Intermediate}},
		kindCorruptSignature:    {apply: corruptSignature, on: leaf},
		kindWrongKey:            {apply: wrongKey, on: leaf},
		kindExtKeyUsage:         {apply: extKeyUsage, on: leaf, takes: "names", words: slices.Sorted(maps.Keys(extKeyUsages()))},
		kindCRL:                 {apply: crl, on: leaf, takes: "status", words: answers},
		kindOCSP:                {apply: responder, on: leaf, takes: "status", words: answers},
		kindMustStaple:          {apply: mustStaple, on: leaf},
		kindStaple:              {apply: staple, on: leaf, takes: "status", words: answers[:3]},

		kindFetchable:         {apply: fetchable},
		kindExpiredCrossSign:  {apply: expiredCrossSign},
		kindDistrustedRoot:    {apply: distrustedRoot},
		kindNameConstraint:    {apply: nameConstraint, on: []Role{Intermediate}, takes: "names"},
		kindLeafIssuer:        {apply: leafIssuer},
		kindULabel:            {apply: uLabel, on: leaf, takes: "names", pattern: beyondASCII},
		kindValidFor:          {apply: validFor, on: leaf, takes: "days", least: 1, most: mostValid},
		kindMD5:               {apply: md5, on: leaf},
		kindKeyUsage:          {apply: keyUsage, on: leaf, takes: "names", words: slices.Sorted(maps.Keys(keyUsages()))},
		kindCriticalExtension: {apply: criticalExtension, on: leaf},
	}
}

// check refuses a fault that says what its kind does not use: an ignored word would leave
// something healthier than it claims to be.
func (r rule) check(f Fault) error {
	if !slices.Contains(r.on, f.On) && (f.On != "" || len(r.on) > 0) {
		return fmt.Errorf("it cannot be on %q", f.On)
	}
	for _, p := range []struct {
		name  string
		given bool
	}{{"days", f.Days != 0}, {"bits", f.Bits != 0}, {"names", len(f.Names) > 0}, {"status", f.Status != ""}} {
		if p.given && r.takes != p.name {
			return fmt.Errorf("it takes no %s", p.name)
		}
		if !p.given && r.takes == p.name {
			return fmt.Errorf("it needs %s", p.name)
		}
	}
	return r.bounds(f)
}

// bounds holds the parameter of a fault to what its kind takes.
func (r rule) bounds(f Fault) error {
	said := f.Names
	if f.Status != "" {
		said = []string{string(f.Status)}
	}
	if r.one && len(f.Names) != 1 {
		return fmt.Errorf("one name is needed, not %d", len(f.Names))
	}
	if n := f.Days + f.Bits; r.most > 0 && (n < r.least || n > r.most) {
		return fmt.Errorf("the %s must be from %d to %d, not %d", r.takes, r.least, r.most, n)
	}
	for _, word := range said {
		switch {
		case word == "":
			return errors.New("one of its names is empty")
		case len(r.words) > 0 && !slices.Contains(r.words, word):
			return fmt.Errorf("it takes the %s %s, not %q", r.takes, strings.Join(r.words, ", "), word)
		case r.pattern != "" && !regexp.MustCompile(r.pattern).MatchString(word):
			return fmt.Errorf("%q is in ASCII already", word)
		}
	}
	return nil
}

// A Form says what a kind of fault takes, for whoever describes faults or lets people write them.
type Form struct {
	Kind Kind
	On   []Role // where it may be, and must be said to be; none means that it concerns the whole chain
	// Takes is its parameter by its name in JSON, which must be there, and no other: "days", "bits",
	// "names", "status"; empty where it takes none.
	Takes       string
	Least, Most int      // of the days or bits
	Words       []string // the only names or statuses; none means any
	Pattern     string   // of each name, as a regular expression; empty means any but an empty one
	One         bool     // exactly one name
}

// Forms returns what each kind of fault takes, in the order of the kinds. CheckFaults holds a fault
// to it.
func Forms() []Form {
	var out []Form
	for _, k := range slices.Sorted(maps.Keys(rules())) {
		r, _ := ruleOf(k)
		out = append(out, Form{k, r.on, r.takes, r.least, r.most, r.words, r.pattern, r.one})
	}
	return out
}
