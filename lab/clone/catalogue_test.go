package clone_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/clone"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/discover"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
	"github.com/mailtlslab/mailtlslab/lab/roots"
	"github.com/mailtlslab/mailtlslab/lab/verify"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// different are the scenarios of which a clone does not have the same findings, each with the reason.
var different = map[string]string{}

// TestCatalogueIsCloned looks at each scenario, clones what was seen, looks at the clone, and compares.
func TestCatalogueIsCloned(t *testing.T) {
	same := 0
	var mu sync.Mutex
	all := scenarios.All()
	t.Run("each", func(t *testing.T) {
		for _, s := range all {
			t.Run(s.ID, func(t *testing.T) {
				if s.Waits() {
					t.Parallel()
				}
				diff, notes := cloned(t, s)
				_, listed := different[s.ID]
				switch {
				case diff == "" && listed:
					t.Errorf("it is the same now; take it off the list")
				case diff != "" && !listed:
					t.Errorf("%s\nnot cloned: %q", diff, notes)
				case diff != "" && len(notes) == 0:
					t.Errorf("it differs in silence: %s", diff)
				}
				if diff == "" {
					mu.Lock()
					same++
					mu.Unlock()
				}
			})
		}
	})
	t.Logf("%d of %d scenarios have clones with the same findings", same, len(all))
	if !t.Failed() && same < 95 && len(all) >= 100 {
		t.Errorf("only %d of %d", same, len(all))
	}
}

// cloned returns how what is found of the clone of a scenario differs, "" where it does not.
func cloned(t *testing.T, s scenarios.Scenario) (diff string, notes []string) {
	t.Helper()
	survey, judged, found := look(t, s, verify.Haste)
	got, err := clone.Survey(survey, judged, clone.Options{})
	if err != nil {
		t.Fatalf("%v\n%+v", err, got)
	}
	text, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	back, err := scenarios.Decode(text)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	again := back[0]
	again.ID = "clone"
	_, _, second := look(t, again, 1)
	if !maps.Equal(found, second) {
		for _, e := range account.Endpoints() {
			if found[e] != second[e] {
				diff += fmt.Sprintf("%s: %s became %s\n", e, found[e], second[e])
			}
		}
		t.Logf("%s", text)
	}
	return diff, again.NotCloned
}

// look serves a scenario, looks at it as its devices would, and judges.
func look(t *testing.T, s scenarios.Scenario, haste int) (probe.Survey, []clone.Judged, map[account.Endpoint]string) {
	t.Helper()
	authority, err := certs.NewAuthority(certs.Options{Permit: s.Hosts()})
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.New(lab.Options{Haste: haste, Authority: authority})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	server, err := l.Serve(s)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		text, _ := json.MarshalIndent(s, "", "  ")
		t.Fatalf("%v\n%s", err, text)
	}
	const step = verify.DefaultTimeout
	prober := &probe.Prober{Timeout: step, DNS: l.DNS()}
	judge := diagnose.Judge{Knowledge: roots.Of(l.Roots(), l.Intermediates()).Knowledge(), Slow: diagnose.SlowAfter / verify.Haste}
	devices := published(t, server, prober)
	sessions := make([]*probe.Session, len(devices))
	survey := probe.Survey{Observations: make([]probe.Observation, len(devices))}
	var wait sync.WaitGroup
	for i, d := range devices {
		wait.Go(func() {
			sessions[i] = prober.Open(context.Background(), d.Settings)
			survey.Observations[i] = sessions[i].Observation()
			survey.Observations[i].Listed = true
		})
	}
	wait.Wait()
	report, survey := judge.Examine(survey, func(asks []probe.Ask) []probe.Further { return prober.Answer(context.Background(), asks) })
	for i, e := range report.Endpoints {
		wait.Go(func() {
			defer sessions[i].Close()
			if finding.Worst(e.Findings) != finding.Error {
				_ = sessions[i].Login(context.Background(), devices[i].Credentials)
				survey.Observations[i].LoginRefused = sessions[i].Observation().LoginRefused
			}
		})
	}
	wait.Wait()
	report = judge.Report(survey)
	found := map[account.Endpoint]string{}
	var judged []clone.Judged
	for _, e := range report.Endpoints {
		var words []string
		for _, c := range finding.Codes(e.Findings) {
			words = append(words, string(c))
		}
		slices.Sort(words)
		found[e.Endpoint] = strings.Join(words, " ")
		judged = append(judged, clone.Judged{Findings: e.Findings, Path: e.Path})
	}
	return survey, judged, found
}

// published returns the devices of a scenario, set up by what its domain publishes where they are.
func published(t *testing.T, server *lab.Server, prober *probe.Prober) []lab.Device {
	t.Helper()
	var out []lab.Device
	for _, e := range server.Scenario.On() {
		d := server.Device(e)
		if d.Published {
			web, domain := server.Addr(account.Web), server.Domain()
			finder := &discover.Finder{Timeout: prober.Timeout, Resolver: probe.Resolver(prober.DNS), Addresses: map[string]string{
				"autoconfig." + domain + ":443": web, domain + ":443": web, "autodiscover." + domain + ":443": web,
			}}
			for _, set := range discover.Settings(finder.Documents(context.Background(), domain)) {
				if set.Endpoint == e {
					set.Addresses = server.Leading(set.Host)
					set.Addresses[set.Target()] = server.Addr(set.Endpoint)
					d.Settings = set
				}
			}
		}
		out = append(out, d)
	}
	return out
}
