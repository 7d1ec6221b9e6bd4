package chain_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

func allRows(t testing.TB) []row {
	t.Helper()
	return slices.Concat(builtChains(t), oddRows(t), rareRows(t), revocationRows(t), storeRows(t), interceptedRows(t), lenientRows(t), signedRows(t), namingRows(t), boundRows(t), timedRows(t))
}

// tracer collects what each rule finds.
type tracer map[string]map[finding.Code]bool

func (h tracer) trace(rule string, found []finding.Code) {
	if h[rule] == nil {
		h[rule] = map[finding.Code]bool{}
	}
	for _, c := range found {
		h[rule][c] = true
	}
}

// undeclared fails for every code that a rule found and does not declare.
func (h tracer) undeclared(t *testing.T) {
	t.Helper()
	finds := map[string][]finding.Code{}
	for _, r := range chain.Rules() {
		finds[r.Name] = r.Finds
	}
	for rule, codes := range h {
		for _, c := range slices.Sorted(maps.Keys(codes)) {
			if !slices.Contains(finds[rule], c) {
				t.Errorf("rule %s finds %s, and does not declare it", rule, c)
			}
		}
	}
}

// TestRulesFindWhatTheyDeclare: over all rows each rule finds every code that it declares, and no other.
func TestRulesFindWhatTheyDeclare(t *testing.T) {
	h := tracer{}
	for _, r := range allRows(t) {
		chain.Judge{Knowledge: r.know, Trace: h.trace}.Judge(r.evidence)
	}
	h.undeclared(t)
	for _, r := range chain.Rules() {
		for _, c := range r.Finds {
			if !h[r.Name][c] {
				t.Errorf("rule %s declares %s, and no row has it find that", r.Name, c)
			}
		}
	}
}

// TestMutation switches off one rule after the other, and each as a guard of another alone: each
// must be missed by some row.
func TestMutation(t *testing.T) {
	rows := allRows(t)
	want := make([]string, len(rows))
	for i, r := range rows {
		want[i] = said(r.judge())
	}
	missed := func(without string) bool {
		for i := range rows {
			if said(rows[i].judge(without)) != want[i] {
				return true
			}
		}
		return false
	}
	guards := 0
	for _, r := range chain.Rules() {
		if !missed(r.Name) {
			t.Errorf("nothing changes without rule %s", r.Name)
		}
		for _, before := range r.After {
			guards++
			if !missed(r.Name + "<" + before) {
				t.Errorf("nothing changes without the guard %s<%s", r.Name, before)
			}
		}
	}
	if guards == 0 || missed("no-such-rule") {
		t.Errorf("%d guards; or a rule that does not exist was switched off", guards)
	}
}

// A rule hears of no other than those that it declares.
func TestRulesHearWhatTheyDeclare(t *testing.T) {
	r := chain.Rule{Name: "a", After: []string{"b"}}
	for _, without := range [][]string{nil, {"a<c", "c<b"}, {"b"}, {"a<b"}} {
		if got := r.Hears("b", without); got != (len(without) != 1) {
			t.Errorf("without %v it hears: %v", without, got)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("it hears of a rule that it does not declare")
		}
	}()
	r.Hears("c", nil)
}
