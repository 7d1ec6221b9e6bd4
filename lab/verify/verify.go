// Package verify takes every scenario through the whole line on every endpoint: serve it, look
// at it, diagnose it without knowing the answer, compare with the expectation, carry out each
// remedy that the diagnosis chose, and look again.
package verify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// DefaultTimeout is how long a step of a connection may take before it counts as silence. It is
// short, because every server is on this machine.
const DefaultTimeout = time.Second

// Haste is by how much a lab that is verified with DefaultTimeout shortens the delays of its slow
// servers (lab.Options.Haste): twelve seconds then fit into one step.
const Haste = 15

// Options of a run. The zero value is what "mailtlslab verify" does.
type Options struct {
	// Timeout of each step of a connection; 0 means DefaultTimeout.
	Timeout time.Duration
	// Progress is called as each scenario is done, from several goroutines.
	Progress func(Row)
}

// A Report is the result of a run, in the order of the scenarios.
type Report struct {
	Rows []Row `json:"scenarios"`
}

// OK reports whether everything was as expected.
func (r Report) OK() bool {
	return !slices.ContainsFunc(r.Rows, func(row Row) bool { return !row.OK() })
}

// A Row is one scenario.
type Row struct {
	Number  int    `json:"number"`
	ID      string `json:"id"`
	Title   string `json:"title"`
	Cells   []Cell `json:"endpoints"`
	Problem string `json:"problem,omitempty"` // why it could not be served
	// Unavailable says why this system cannot serve it, which is nobody's mistake.
	Unavailable string        `json:"unavailable,omitempty"`
	Took        time.Duration `json:"nanoseconds"`
}

// OK reports whether the scenario was served and everything found and cured as expected.
func (r Row) OK() bool {
	return r.Problem == "" && !slices.ContainsFunc(r.Cells, func(c Cell) bool { return !c.OK() })
}

// A Cell is one endpoint of a scenario.
type Cell struct {
	Endpoint account.Endpoint `json:"endpoint"`
	Expected []finding.Code   `json:"expected"`
	Found    []finding.Code   `json:"found"`
	Cures    []Cure           `json:"cures,omitempty"`
	// Problems say what was not as expected; none means that all was.
	Problems []string `json:"problems,omitempty"`
}

// OK reports whether all was as expected.
func (c Cell) OK() bool { return len(c.Problems) == 0 }

// A Cure is one remedy that the diagnosis chose, carried out on its own.
type Cure struct {
	Action action.Action `json:"action"`
	// Left is what was found afterwards.
	Left []finding.Code `json:"left"`
}

// atOnce is how many scenarios are looked at together, beside those that wait. More would make
// each other slow, and a slow server is something to be found.
const atOnce = 12

// Run verifies the given scenarios side by side: those that wait for a silent server wait
// together. It starts them all in l before it looks at any, so that the knowledge is the same for all.
func Run(ctx context.Context, l *lab.Lab, list []scenarios.Scenario, o Options) Report {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	report := Report{Rows: make([]Row, len(list))}
	servers := serve(l, list, report.Rows)
	v := newVerifier(l, o)
	slots := make(chan struct{}, atOnce)
	var wait sync.WaitGroup
	for i, server := range servers {
		wait.Go(func() {
			row := &report.Rows[i]
			if server != nil {
				if !list[i].Waits() {
					slots <- struct{}{}
					defer func() { <-slots }()
				}
				start := time.Now()
				row.Cells = v.scenario(ctx, server)
				row.Took = time.Since(start)
			}
			if o.Progress != nil {
				o.Progress(*row)
			}
		})
	}
	wait.Wait()
	return report
}

func serve(l *lab.Lab, list []scenarios.Scenario, rows []Row) []*lab.Server {
	servers := make([]*lab.Server, len(list))
	var wait sync.WaitGroup
	for i, s := range list {
		wait.Go(func() {
			rows[i] = Row{Number: s.Number, ID: s.ID, Title: s.Title}
			server, err := l.Serve(s)
			if errors.Is(err, errors.ErrUnsupported) {
				rows[i].Unavailable = err.Error()
				return
			}
			if err != nil {
				rows[i].Problem = err.Error()
				return
			}
			servers[i] = server
		})
	}
	wait.Wait()
	return servers
}

type verifier struct {
	prober *probe.Prober
	judge  diagnose.Judge
}

// newVerifier returns a verifier that knows what a well-informed client of the lab knows. It
// comes after serve, which may add to that.
func newVerifier(l *lab.Lab, o Options) verifier {
	var roots []diagnose.Root
	for _, c := range l.Roots() {
		roots = append(roots, diagnose.Root{Certificate: c})
	}
	var fallen []diagnose.Distrusted
	for _, c := range l.Distrusted() {
		fallen = append(fallen, diagnose.Distrusted{
			Name: c.Subject.CommonName, KeyID: hex.EncodeToString(c.SubjectKeyId), Since: c.NotBefore.AddDate(1, 0, 0), Source: "the lab's own list of removals",
		})
	}
	return verifier{
		prober: &probe.Prober{Timeout: o.Timeout, DNS: l.DNS()},
		judge: diagnose.Judge{
			Knowledge: diagnose.NewKnowledge(roots, l.Intermediates()).Distrusting(fallen),
			Slow:      diagnose.SlowAfter / time.Duration(l.Haste()), // the lab's delays are shortened likewise
		},
	}
}

// scenario verifies all endpoints of one server.
func (v verifier) scenario(ctx context.Context, server *lab.Server) []Cell {
	on, devices := server.Scenario.On(), v.devices(ctx, server)
	found, _ := v.examine(ctx, devices)
	cells := make([]Cell, len(on))
	if server.Scenario.Entangled() {
		for i, e := range on {
			cells[i] = v.cell(ctx, server, e, devices[i], found[i])
		}
		return cells
	}
	var wait sync.WaitGroup
	for i, e := range on {
		wait.Go(func() { cells[i] = v.cell(ctx, server, e, devices[i], found[i]) })
	}
	wait.Wait()
	return cells
}

// devices returns the account of a scenario as it is set up, endpoint by endpoint.
func (v verifier) devices(ctx context.Context, server *lab.Server) []lab.Device {
	var out []lab.Device
	for _, e := range server.Scenario.On() {
		out = append(out, server.Device(e))
	}
	return v.setUp(ctx, server, out)
}

// seen is what a look at one device's account gave.
type seen struct {
	diagnose.Endpoint
	leaf string // SHA-256 of the leaf that was presented
}

// examine connects as the devices would, side by side, diagnoses, and logs in where the diagnosis
// of that very connection is clean. It returns the survey too, with all further looks.
func (v verifier) examine(ctx context.Context, devices []lab.Device) ([]seen, probe.Survey) {
	sessions := make([]*probe.Session, len(devices))
	survey := probe.Survey{Observations: make([]probe.Observation, len(devices))}
	var wait sync.WaitGroup
	for i, d := range devices {
		wait.Go(func() {
			sessions[i] = v.prober.Open(ctx, d.Settings)
			survey.Observations[i] = sessions[i].Observation()
		})
	}
	wait.Wait()
	report, survey := v.judge.Examine(survey, func(asks []probe.Ask) []probe.Further { return v.prober.Answer(ctx, asks) })
	for i, e := range report.Endpoints {
		wait.Go(func() {
			defer sessions[i].Close()
			if finding.Worst(e.Findings) != finding.Error {
				// A refusal is part of the observation; any other failure shows as its outcome.
				_ = sessions[i].Login(ctx, devices[i].Credentials)
				survey.Observations[i] = sessions[i].Observation()
			}
		})
	}
	wait.Wait()
	if slices.ContainsFunc(survey.Observations, func(o probe.Observation) bool { return o.LoginRefused != "" }) {
		report = v.judge.Report(survey)
	}
	out := make([]seen, len(devices))
	for i, e := range report.Endpoints {
		out[i] = seen{Endpoint: e}
		if t := presented(survey, i); t != nil && len(t.Chain) > 0 {
			sum := sha256.Sum256(t.Chain[0])
			out[i].leaf = hex.EncodeToString(sum[:])
		}
	}
	return out, survey
}

// cell compares what was found on one endpoint, and carries out each remedy on its own.
func (v verifier) cell(ctx context.Context, server *lab.Server, e account.Endpoint, d lab.Device, found seen) Cell {
	cell := Cell{Endpoint: e, Expected: server.Scenario.Expected(e), Found: finding.Codes(found.Findings)}
	if !sameCodes(cell.Found, cell.Expected) {
		cell.Problems = append(cell.Problems, fmt.Sprintf("expected %v, found %v", cell.Expected, cell.Found))
	}
	if !found.Complete {
		cell.Problems = append(cell.Problems, "the findings do not explain everything")
	}
	for _, a := range offered(found.Findings, d.Settings) {
		cure, problem := v.cure(ctx, server, e, d, a, found)
		cell.Cures = append(cell.Cures, cure)
		if problem != "" {
			cell.Problems = append(cell.Problems, fmt.Sprintf("%s: %s", a.Kind, problem))
		}
	}
	for _, f := range found.Findings {
		if f.Severity != finding.Note && len(offered([]finding.Finding{f}, d.Settings)) == 0 {
			cell.Problems = append(cell.Problems, fmt.Sprintf("no remedy is offered for %s", f.Code))
		}
	}
	return cell
}

// cure carries one action out, looks again, and puts everything back. The action must cure what
// it was offered for, leave the rest, and serve the certificate that was meant.
func (v verifier) cure(ctx context.Context, server *lab.Server, e account.Endpoint, d lab.Device, a action.Action, before seen) (cure Cure, problem string) {
	cure.Action = a
	after, err := server.Apply(e, a, d)
	if err != nil {
		return cure, err.Error()
	}
	if a.Kind == action.FixPublished {
		after = v.setUp(ctx, server, []lab.Device{after})[0]
	}
	looked, _ := v.asOftenAs(finding.Codes(before.Findings)).examine(ctx, []lab.Device{after})
	again := looked[0]
	meant := server.Fingerprint(e)
	if err := server.Restore(e); err != nil {
		return cure, err.Error()
	}
	cure.Left = finding.Codes(again.Findings)
	want := left(before.Findings, a, d.Settings)
	switch {
	case !sameCodes(cure.Left, want):
		return cure, fmt.Sprintf("should leave %v, left %v", want, cure.Left)
	case after.Settings.Port == d.Settings.Port && again.leaf != meant:
		return cure, "another certificate is served than the one that was meant"
	}
	return cure, ""
}

// offered returns the actions for all findings, each once.
func offered(fs []finding.Finding, s account.Settings) []action.Action {
	var out []action.Action
	for _, f := range fs {
		for _, a := range actions(f, s) {
			if !slices.ContainsFunc(out, func(b action.Action) bool { return same(a, b) }) {
				out = append(out, a)
			}
		}
	}
	return out
}

// left returns the codes that a is not offered for: they must still be found after it.
func left(fs []finding.Finding, a action.Action, s account.Settings) []finding.Code {
	var out []finding.Code
	for _, f := range fs {
		if !slices.ContainsFunc(actions(f, s), func(b action.Action) bool { return same(a, b) }) {
			out = append(out, f.Code)
			continue
		}
		out = append(out, remedy.Leaves(f.Code, a.Kind)...)
	}
	return out
}

func sameCodes(a, b []finding.Code) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}
