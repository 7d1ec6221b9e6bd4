package lesson

import (
	"slices"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// Cures returns what the remedies offer for what must be found in a scenario, each action
// once. That they cure is what verify proves; here they are only named.
func Cures(s scenarios.Scenario) []action.Action {
	var out []action.Action
	for _, e := range s.On() {
		for _, code := range s.Expected(e) {
			out = add(out, offered(s, e, code))
		}
	}
	return out
}

// offered returns what the remedies offer for one code that must be found on an endpoint.
func offered(s scenarios.Scenario, e account.Endpoint, code finding.Code) []action.Action {
	return remedy.Actions(expected(s, e, code), account.For(e, s.AccountHost()))
}

// add appends the actions that are not there yet.
func add(to, actions []action.Action) []action.Action {
	for _, a := range actions {
		if !slices.ContainsFunc(to, func(b action.Action) bool { return a.String() == b.String() }) {
			to = append(to, a)
		}
	}
	return to
}

// expected returns a finding as it would be, as far as its remedies need it.
func expected(s scenarios.Scenario, e account.Endpoint, code finding.Code) finding.Finding {
	f := finding.New(code, "")
	f.Facts = expectedFacts(s, e, code)
	return f
}

// expectedFacts returns the parameters that a finding would have: the names of the certificate as
// it is really made, and the setting that fits the port.
func expectedFacts(s scenarios.Scenario, e account.Endpoint, code finding.Code) finding.Facts {
	f := finding.Facts{Host: s.AccountHost(), Port: e.Port(), Mode: e.Mode()}
	if other, ok := e.Sibling(); ok && code == finding.SiblingPortOpen {
		f.Port, f.Mode = other.Port(), other.Mode()
	}
	service := s.Service(e)
	if info, _ := finding.Lookup(code); info.Family != finding.Names || len(service.Chain) == 0 && service.Outline.IsZero() {
		return f
	}
	a, err := certs.NewAuthority(certs.Options{Permit: s.Hosts()})
	if err != nil {
		return f
	}
	b, err := a.Build(certs.Spec{Host: s.Host, Faults: service.Chain, Outline: service.Outline})
	if err != nil {
		return f
	}
	f.Names = slices.Clone(b.Leaf().DNSNames)
	for _, ip := range b.Leaf().IPAddresses {
		f.Names = append(f.Names, ip.String())
	}
	return f
}
