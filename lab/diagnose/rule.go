package diagnose

import (
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// A connectionRule finds one kind of fault in how a connection went.
type connectionRule struct {
	chain.Rule
	find  func(*connection) []finding.Finding
	aside bool // what it finds ends no connection, so that an ending is still to be explained
}

// A comparison sees what one chain cannot show: it is given what was found of the chain of c, by
// the rules about chains and by the comparisons before it, and returns what is to be said when
// everything else that is known of the account is taken together.
type comparison struct {
	chain.Rule
	find func(c *connection, found []finding.Finding) []finding.Finding
}

// Rules returns all rules in the order in which they are asked: those about a connection, those
// about its chain, and those that compare.
func Rules() []chain.Rule {
	var out []chain.Rule
	for _, r := range connectionRules {
		out = append(out, r.Rule)
	}
	out = append(out, chain.Rules()...)
	for _, r := range comparisons {
		out = append(out, r.Rule)
	}
	return out
}

// connection is one observation, with access to what else was seen.
type connection struct {
	*session
	probe.Observation
	asked chain.Rule                   // the rule that is asked now
	found map[string][]finding.Finding // what those asked before found
}

// connection returns the work on one observation.
func (s *session) connection(o probe.Observation) *connection {
	return &connection{session: s, Observation: o, found: map[string][]finding.Finding{}}
}

// ask has a rule look at c, unless it is silenced.
func (r connectionRule) ask(c *connection) []finding.Finding {
	if r.Silenced(c.judge.Without) {
		return nil
	}
	c.asked = r.Rule
	found := r.find(c)
	if len(found) > 0 {
		c.found[r.Name] = found
		c.judge.trace(r.Name, found)
	}
	return found
}

// before returns what a rule found that goes before the one that is asked now.
func (c *connection) before(name string) []finding.Finding {
	if !c.asked.Hears(name, c.judge.Without) {
		return nil
	}
	return c.found[name]
}

// says reports whether a rule found something that goes before the one that is asked now.
func (c *connection) says(name string) bool { return len(c.before(name)) > 0 }

// ask has a comparison look at c, unless it is silenced.
func (r comparison) ask(c *connection, found []finding.Finding) []finding.Finding {
	if r.Silenced(c.judge.Without) {
		return found
	}
	out := r.find(c, slices.Clone(found))
	if c.judge.Trace != nil { // what it adds, also where it looked behind what was shown
		c.judge.trace(r.Name, withoutCodes(out, finding.Codes(slices.Concat(found, c.chain(c.Observation)))))
	}
	return out
}

func (j Judge) trace(rule string, found []finding.Finding) {
	if j.Trace != nil {
		j.Trace(rule, finding.Codes(found))
	}
}
