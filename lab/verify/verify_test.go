package verify

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is the limit of one step here. It is generous, because a loaded machine with the race
// detector is slow and a silent server is silent for ever.
const patience = 3 * time.Second

func newLab(t testing.TB) *lab.Lab {
	t.Helper()
	l, err := lab.New(lab.Options{Haste: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func TestCatalogue(t *testing.T) {
	report := Run(context.Background(), newLab(t), scenarios.All(), Options{Timeout: patience})
	for _, row := range report.Rows {
		if row.Problem != "" {
			t.Errorf("%s: %s", row.ID, row.Problem)
		}
		for _, c := range row.Cells {
			for _, p := range c.Problems {
				t.Errorf("%s on %s: %s", row.ID, c.Endpoint, p)
			}
		}
	}
}

// Each scenario without its faults is clean: nothing is found that was not planted.
func TestHealthyTwins(t *testing.T) {
	var twins []scenarios.Scenario
	for _, s := range scenarios.All() {
		twins = append(twins, s.Healthy())
	}
	report := Run(context.Background(), newLab(t), twins, Options{Timeout: patience})
	for _, row := range report.Rows {
		for _, c := range row.Cells {
			if len(c.Found) > 0 || !c.OK() {
				t.Errorf("the twin of %s on %s: found %v, problems %v", row.ID, c.Endpoint, c.Found, c.Problems)
			}
		}
	}
}

// unseen are the rules that no scenario of the catalogue needs yet; the tests of lab/diagnose
// hold them. A rule that a scenario does need must leave this list. "renewed-on-disk" compares with the
// server's own file, which the lab's servers do not have; integration holds it on real ones.
var unseen = []string{
	"comes-and-goes", "declined", "violation", "path-length", "complexity", "renewed-on-disk", "readable",
	"writing", "issuer-name", "subject-address", "key-kind", "proxy-certificate", "issuer-is-a-ca<proxy-certificate",
	"path-length<proxy-certificate", "purpose<proxy-certificate", "critical-extensions<proxy-certificate",
	"certificate-not-loaded<client-version", "ciphers<client-version", "large-hello<certificate-not-loaded", "silent<large-hello",
	"service<portal", "handshake<client-certificate", "name-constraints<complexity",
	"other-clients", "published<reachable", "published<refused", "published<silent", "published<service", "published<encryption",
}

// Every rule is needed: with it switched off some scenario is no longer diagnosed as expected.
func TestMutation(t *testing.T) {
	l := newLab(t)
	list, servers := served(l, scenarios.All())
	v := newVerifier(l, Options{Timeout: patience})
	surveys := make([]probe.Survey, len(list))
	var wait sync.WaitGroup
	for i, server := range servers {
		if server == nil {
			t.Logf("%s is unavailable on this machine", list[i].ID)
			continue
		}
		wait.Go(func() { _, surveys[i] = v.examine(context.Background(), v.devices(context.Background(), server)) })
	}
	wait.Wait()
	lookAgain(t, v, list, servers, surveys)
	for i, s := range surveys {
		for _, e := range v.judge.Report(s).Endpoints {
			for _, f := range e.Findings {
				if err := f.Check(); err != nil {
					t.Errorf("%s on %s: %v", list[i].ID, e.Endpoint, err)
				}
			}
		}
	}
	if missed := mismatches(v.judge, list, surveys); len(missed) > 0 {
		t.Fatalf("with all rules on: %v", missed)
	}
	if found := undeclared(v.judge, surveys); len(found) > 0 {
		t.Errorf("found, and not declared by the rule: %v", found)
	}
	for _, mutant := range mutants() {
		judge := v.judge
		judge.Without = []string{mutant}
		missed := mismatches(judge, list, surveys)
		switch expected := slices.Contains(unseen, mutant); {
		case len(missed) == 0 && !expected:
			t.Errorf("without the rule %q every scenario is still diagnosed as expected", mutant)
		case len(missed) > 0 && expected:
			t.Errorf("the rule %q is needed for %v: take it off the list of unseen ones", mutant, missed)
		}
	}
}

// mutants are what can be switched off: each rule, and each as a guard of another alone.
func mutants() []string {
	var out []string
	for _, r := range diagnose.Rules() {
		out = append(out, r.Name)
		for _, before := range r.After {
			out = append(out, r.Name+"<"+before)
		}
	}
	return out
}

// undeclared returns what rules find of these surveys and do not declare.
func undeclared(j diagnose.Judge, surveys []probe.Survey) []string {
	finds := map[string][]finding.Code{}
	for _, r := range diagnose.Rules() {
		finds[r.Name] = r.Finds
	}
	var out []string
	j.Trace = func(rule string, found []finding.Code) {
		for _, c := range found {
			if !slices.Contains(finds[rule], c) {
				out = append(out, rule+": "+string(c))
			}
		}
	}
	for _, s := range surveys {
		j.Report(s)
	}
	return out
}

// lookAgain does what Run does on a loaded machine: what is not as expected is looked at alone.
func lookAgain(t *testing.T, v verifier, list []scenarios.Scenario, servers []*lab.Server, surveys []probe.Survey) {
	for i, server := range servers {
		if len(mismatches(v.judge, list[i:i+1], surveys[i:i+1])) > 0 {
			t.Logf("%s is looked at again", list[i].ID)
			_, surveys[i] = v.examine(context.Background(), v.devices(context.Background(), server))
		}
	}
}

// served starts what this system can serve.
func served(l *lab.Lab, all []scenarios.Scenario) (list []scenarios.Scenario, servers []*lab.Server) {
	for i, server := range serve(l, all, make([]Row, len(all))) {
		if server != nil {
			list, servers = append(list, all[i]), append(servers, server)
		}
	}
	return list, servers
}

func mismatches(j diagnose.Judge, list []scenarios.Scenario, surveys []probe.Survey) []string {
	var out []string
	for i, s := range list {
		if len(surveys[i].Observations) == 0 {
			continue
		}
		for _, e := range j.Report(surveys[i]).Endpoints {
			if !sameCodes(finding.Codes(e.Findings), s.Expected(e.Endpoint)) || !e.Complete {
				out = append(out, s.ID)
				break
			}
		}
	}
	return out
}

// The expectation is compared, not assumed.
func TestAnotherExpectationFails(t *testing.T) {
	s, _ := scenarios.Lookup("expired-leaf")
	s.Expect = []scenarios.Expectation{{Findings: []finding.Code{finding.NotYetValid}}}
	s.Endpoints = []account.Endpoint{account.IMAPS}
	report := Run(context.Background(), newLab(t), []scenarios.Scenario{s}, Options{Timeout: patience})
	if report.OK() || !strings.Contains(strings.Join(report.Rows[0].Cells[0].Problems, " "), "expected [not-yet-valid], found [expired]") {
		t.Errorf("the report should say what was expected and what was found: %+v", report.Rows[0])
	}
}

func TestAScenarioThatCannotBeServedIsAProblem(t *testing.T) {
	s, _ := scenarios.Lookup("expired-leaf")
	s.Services[0].Chain[0].Kind = "no-such-fault"
	report := Run(context.Background(), newLab(t), []scenarios.Scenario{s}, Options{Timeout: patience})
	if report.OK() || !strings.Contains(report.Rows[0].Problem, "no-such-fault") {
		t.Errorf("%+v", report.Rows[0])
	}
}
