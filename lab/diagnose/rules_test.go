package diagnose_test

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// own are the rules of this package; package chain holds its own.
func own() []chain.Rule {
	from, to := ofChains()
	return slices.Delete(diagnose.Rules(), from, to)
}

// tracer collects what each rule finds.
type tracer struct {
	mu    sync.Mutex
	codes map[string]map[finding.Code]bool
}

func (h *tracer) trace(rule string, found []finding.Code) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.codes == nil {
		h.codes = map[string]map[finding.Code]bool{}
	}
	if h.codes[rule] == nil {
		h.codes[rule] = map[finding.Code]bool{}
	}
	for _, c := range found {
		h.codes[rule][c] = true
	}
}

// undeclared fails for every code that a rule found and does not declare.
func (h *tracer) undeclared(t *testing.T) {
	t.Helper()
	finds := map[string][]finding.Code{}
	for _, r := range diagnose.Rules() {
		finds[r.Name] = r.Finds
	}
	for rule, codes := range h.codes {
		for _, c := range slices.Sorted(maps.Keys(codes)) {
			if !slices.Contains(finds[rule], c) {
				t.Errorf("rule %s finds %s, and does not declare it", rule, c)
			}
		}
	}
}

// TestRulesFindWhatTheyDeclare: over all rows each rule finds every code that it declares, and no other.
func TestRulesFindWhatTheyDeclare(t *testing.T) {
	var h tracer
	for _, r := range allRows(t) {
		diagnose.Judge{Knowledge: r.know, Trace: h.trace}.Report(r.survey)
	}
	h.undeclared(t)
	for _, r := range own() {
		for _, c := range r.Finds {
			if !h.codes[r.Name][c] {
				t.Errorf("rule %s declares %s, and no row has it find that", r.Name, c)
			}
		}
	}
}

// TestRulesStandInOrder: each rule says what it is about, and stands behind those that it relies on.
func TestRulesStandInOrder(t *testing.T) {
	var before []string
	for _, r := range diagnose.Rules() {
		if slices.Contains(before, r.Name) || strings.ContainsAny(r.Name, " <_") || r.Doc == "" || len(r.Finds) == 0 {
			t.Errorf("%+v", r)
		}
		for _, a := range r.After {
			if !slices.Contains(before, a) {
				t.Errorf("%s relies on %s, which does not go before it", r.Name, a)
			}
		}
		for _, c := range r.Finds {
			if _, ok := finding.Lookup(c); !ok {
				t.Errorf("%s finds %s, which is no code", r.Name, c)
			}
		}
		before = append(before, r.Name)
	}
}

// TestGuards silences one rule after the other for those alone that rely on its answer: each
// such reliance must be missed by some row.
func TestGuards(t *testing.T) {
	rows := allRows(t)
	want := make([]string, len(rows))
	for i, r := range rows {
		want[i] = said(r.judge())
	}
	guards := 0
	for _, r := range own() {
		for _, before := range r.After {
			guards++
			guard, missed := r.Name+"<"+before, false
			for i := 0; i < len(rows) && !missed; i++ {
				missed = said(rows[i].judge(guard)) != want[i]
			}
			if !missed {
				t.Errorf("nothing changes without the guard %s", guard)
			}
		}
	}
	if guards == 0 {
		t.Error("no rule relies on another")
	}
}
