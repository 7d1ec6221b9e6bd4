package verify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// A Count says how much a report is about.
type Count struct {
	Scenarios, Endpoints, Cures int
	Bad                         int // scenarios that are not as expected
	Unjudged                    int // scenarios that this machine could not judge
	Unexpecting                 int // scenarios that say nothing of what must be found
}

// Count counts.
func (r Report) Count() Count {
	out := Count{Scenarios: len(r.Rows)}
	for _, row := range r.Rows {
		out.Endpoints += len(row.Cells)
		for _, c := range row.Cells {
			out.Cures += len(c.Cures)
		}
		switch {
		case row.Environment != "":
			out.Unjudged++
		case !row.OK():
			out.Bad++
		}
		if row.Unexpecting {
			out.Unexpecting++
		}
	}
	return out
}

// Found returns what was found on any endpoint, each code once.
func (r Row) Found() []finding.Code {
	var out []finding.Code
	for _, c := range r.Cells {
		for _, code := range c.Found {
			if !slices.Contains(out, code) {
				out = append(out, code)
			}
		}
	}
	return out
}

// CuredBy says what cured the scenario, each kind of action once, with what it left where it left
// anything.
func (r Row) CuredBy() []string {
	var out []string
	for _, c := range r.Cells {
		for _, cure := range c.Cures {
			words := string(cure.Action.Kind)
			if len(cure.Left) > 0 {
				left := make([]string, len(cure.Left))
				for i, code := range cure.Left {
					left[i] = string(code)
				}
				words += " (leaves " + strings.Join(left, ", ") + ")"
			}
			if !slices.Contains(out, words) {
				out = append(out, words)
			}
		}
	}
	return out
}

// Problems returns what was not as expected, each as the end of a sentence that the scenario's id
// begins.
func (r Row) Problems() []string {
	var out []string
	if r.Environment != "" {
		return []string{" could not be judged: " + r.Environment}
	}
	if r.Problem != "" {
		out = append(out, ": "+r.Problem)
	}
	for _, c := range r.Cells {
		for _, problem := range c.Problems {
			out = append(out, fmt.Sprintf(" on %s: %s", c.Endpoint, problem))
		}
	}
	return out
}

// Expectations returns what was found as the scenario would have to say it. Unexplained cannot be
// expected, and is left out.
func (r Row) Expectations() []scenarios.Expectation {
	var out []scenarios.Expectation
	for _, c := range r.Cells {
		found := slices.DeleteFunc(slices.Sorted(slices.Values(c.Found)), func(f finding.Code) bool { return f == finding.Unexplained })
		if i := slices.IndexFunc(out, func(x scenarios.Expectation) bool { return slices.Equal(x.Findings, found) }); i >= 0 {
			out[i].On = append(out[i].On, c.Endpoint)
			continue
		}
		out = append(out, scenarios.Expectation{On: []account.Endpoint{c.Endpoint}, Findings: append([]finding.Code{}, found...)})
	}
	if len(out) == 1 {
		out[0].On = nil
	}
	return out
}
