package certs

import (
	"errors"
	"fmt"
	"slices"
)

// A rule is how one kind of fault is checked and applied. A new fault is a kind and a
// constructor in fault.go, a row below and one apply function.
type rule struct {
	apply func(*plan, Fault) error
	on    []Role // where it may be; none means that it concerns the whole chain
	takes string // its parameter: "days", "bits", "names", "status" or none
}

func ruleOf(k Kind) (rule, bool) {
	r, ok := rules()[k]
	return r, ok
}

func rules() map[Kind]rule {
	leaf, anywhere := []Role{Leaf}, []Role{Leaf, Intermediate, Root}
	return map[Kind]rule{
		kindNames:               {apply: names, takes: "names"},
		kindCommonName:          {apply: commonName, takes: "names"},
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
		kindExpired:             {apply: expired, on: anywhere, takes: "days"},
		kindNotYetValid:         {apply: notYetValid, on: anywhere, takes: "days"},
		kindExpiresIn:           {apply: expiresIn, on: leaf, takes: "days"},
		kindSmallRSA:            {apply: smallRSA, on: leaf, takes: "bits"},
		kindSHA1:                {apply: sha1, on: []Role{Leaf, Intermediate}},
		kindCorruptSignature:    {apply: corruptSignature, on: leaf},
		kindWrongKey:            {apply: wrongKey, on: leaf},
		kindExtKeyUsage:         {apply: extKeyUsage, on: leaf, takes: "names"},
		kindCRL:                 {apply: crl, on: leaf, takes: "status"},
		kindOCSP:                {apply: responder, on: leaf, takes: "status"},
		kindMustStaple:          {apply: mustStaple, on: leaf},
		kindStaple:              {apply: staple, on: leaf, takes: "status"},

		kindFetchable:         {apply: fetchable},
		kindExpiredCrossSign:  {apply: expiredCrossSign},
		kindDistrustedRoot:    {apply: distrustedRoot},
		kindNameConstraint:    {apply: nameConstraint, on: []Role{Intermediate}, takes: "names"},
		kindLeafIssuer:        {apply: leafIssuer},
		kindULabel:            {apply: uLabel, on: leaf, takes: "names"},
		kindValidFor:          {apply: validFor, on: leaf, takes: "days"},
		kindMD5:               {apply: md5, on: leaf},
		kindKeyUsage:          {apply: keyUsage, on: leaf, takes: "names"},
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
	if slices.Contains(f.Names, "") {
		return errors.New("one of its names is empty")
	}
	return nil
}
