package chain

import (
	"fmt"
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// A Rule is what a rule of the diagnosis says of itself. Each looks at one question only, and is
// asked once of each evidence.
type Rule struct {
	Name  string
	Doc   string         // the question, as a clause
	Finds []finding.Code // what it can find
	// After are the rules that go before it, whose answers it uses.
	After []string
}

// Rules returns the rules about a chain, in the order in which they are asked.
func Rules() []Rule {
	var out []Rule
	for _, r := range table {
		out = append(out, r.Rule)
	}
	return out
}

// Silenced reports whether without names the rule. A name of the form "rule<before" silences
// before for that rule alone.
func (r Rule) Silenced(without []string) bool { return slices.Contains(without, r.Name) }

// Hears reports whether the rule, which must have declared it, is to be told what before found.
func (r Rule) Hears(before string, without []string) bool {
	if !slices.Contains(r.After, before) {
		panic(fmt.Sprintf("chain: rule %s uses the answer of %s, which does not go before it", r.Name, before))
	}
	return !slices.Contains(without, before) && !slices.Contains(without, r.Name+"<"+before)
}

// A phase is when a rule is asked.
type phase int

const (
	whenRead    phase = iota // whenever there is a path to judge
	whenUnread               // when there is none, because the leaf cannot be read
	whenRefused              // when crypto/x509 still refuses with everything undone that was found: about its words
)

// A rule is a row of the table.
type rule struct {
	Rule
	find func(*evidence) []fault
	when phase
}

// askAll asks the rules of one phase, and notes what they find.
func (ev *evidence) askAll(when phase) []fault {
	var out []fault
	for _, r := range table {
		if r.when != when || r.Silenced(ev.judge.Without) {
			continue
		}
		ev.asked = r.Rule
		found := r.find(ev)
		if len(found) == 0 {
			continue
		}
		ev.found[r.Name] = found
		if ev.judge.Trace != nil {
			ev.judge.Trace(r.Name, finding.Codes(told(found)))
		}
		out = append(out, found...)
	}
	return out
}

// before returns what a rule found that goes before the one that is asked now.
func (ev *evidence) before(name string) []fault {
	if !ev.asked.Hears(name, ev.judge.Without) {
		return nil
	}
	return ev.found[name]
}
