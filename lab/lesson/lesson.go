package lesson

import (
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// A Telling is one scenario, told.
type Telling struct {
	Scenario scenarios.Scenario
	// Found is what must be found, each code once.
	Found []Found
	// Chains are drawings of the chains that have a fault, and of the controls', each once.
	Chains []Drawing
	// Cures are what the remedies offer for what must be found, each action once. That they cure is
	// what lab/verify proves.
	Cures []action.Action
}

// A Found is one code that must be found.
type Found struct {
	finding.Info
	On     []account.Endpoint // where; empty means on all of the scenario's endpoints
	Advice remedy.Advice      // what goes with the scenario's cures
}

// Tell tells a scenario. A chain that cannot be made is an error.
func Tell(s scenarios.Scenario, book *remedy.Book) (Telling, error) {
	t := Telling{Scenario: s, Cures: Cures(s)}
	var advice []remedy.Advice
	for _, code := range s.Codes() {
		found := Found{}
		found.Info, _ = finding.Lookup(code)
		var cures []action.Action
		for _, e := range s.On() {
			if slices.Contains(s.Expected(e), code) {
				found.On = append(found.On, e)
				cures = add(cures, offered(s, e, code))
			}
		}
		a, _ := book.Advise(expected(s, found.On[0], code), cures, "")
		advice = append(advice, a)
		if len(found.On) == len(s.On()) {
			found.On = nil
		}
		t.Found = append(t.Found, found)
	}
	for i, a := range remedy.Together(advice) {
		t.Found[i].Advice = a
	}
	var err error
	t.Chains, err = drawings(s)
	return t, err
}
