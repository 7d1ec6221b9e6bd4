// Package verify takes every scenario through the whole line on every endpoint: serve it, look
// at it, diagnose it without knowing the answer, compare with the expectation, carry out each
// remedy that the diagnosis chose, and look again.
//
// [Run] returns a [Report] with a row a scenario and a cell an endpoint. It needs no fixed ports and
// no name in DNS.
package verify

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// DefaultTimeout is how long a step of a connection may take before it counts as silence. It is
// short, because every server is on this machine.
const DefaultTimeout = time.Second

// Haste is by how much a lab that is verified with DefaultTimeout shortens the delays of its slow
// servers (lab.Options.Haste): twelve seconds become half a step, so that on a loaded machine a slow
// server is as far from a silent one as a prompt one is from a slow one.
const Haste = 24

// Options of a run. The zero value is what "mailtlslab verify" does.
type Options struct {
	// Timeout of each step of a connection; 0 means DefaultTimeout.
	Timeout time.Duration
	// Progress is called as each scenario is done, from several goroutines.
	Progress func(Row)
}

// Version is that of the form in which a Report is written as JSON. A field that is added does not
// change it; one that goes, or means something else, does.
const Version = 1

// A Report is the result of a run, in the order of the scenarios.
type Report struct {
	Version int       `json:"version"`   // of this form
	Began   time.Time `json:"began"`     // when the run began, UTC
	Rows    []Row     `json:"scenarios"` // in the order in which they were given
}

// OK reports whether everything was as expected.
func (r Report) OK() bool {
	return !slices.ContainsFunc(r.Rows, func(row Row) bool { return !row.OK() })
}

// Environment returns why this machine could not judge all scenarios, and "" where it could. What
// else is not as expected then may have the same reason.
func (r Report) Environment() string {
	for _, row := range r.Rows {
		if row.Environment != "" {
			return row.Environment
		}
	}
	return ""
}

// A Row is one scenario.
type Row struct {
	Number  int    `json:"number"`            // 0 for a file's without one
	ID      string `json:"id"`                // of the catalogue, or of a file
	Title   string `json:"title"`             // what is broken, in one line
	Cells   []Cell `json:"endpoints"`         // what was seen on each endpoint
	Problem string `json:"problem,omitempty"` // why it could not be served
	// Unavailable says why this system cannot serve it, which is nobody's mistake.
	Unavailable string `json:"unavailable,omitempty"`
	// Environment says, where it is not empty, why this machine could not judge it: it lacks what
	// connections need. Nothing is known of the scenario then, and there are no cells.
	Environment string `json:"environment,omitempty"`
	// Again says, where it is not empty, that the scenario was looked at once more, alone and with
	// more time, because time may have decided; it is what the first look found wrong. All else
	// here is of the second look.
	Again []string `json:"again,omitempty"`
	// Unexpecting says that the scenario does not say what must be found, so that what was found
	// is held to nothing.
	Unexpecting bool          `json:"unexpecting,omitempty"`
	Took        time.Duration `json:"nanoseconds"` // for the whole scenario
}

// OK reports whether the scenario was served and everything found and cured as expected.
func (r Row) OK() bool {
	return r.Problem == "" && r.Environment == "" && !slices.ContainsFunc(r.Cells, func(c Cell) bool { return !c.OK() })
}

// A Cell is one endpoint of a scenario.
type Cell struct {
	Endpoint account.Endpoint `json:"endpoint"`
	Expected []finding.Code   `json:"expected"`        // what must be found
	Found    []finding.Code   `json:"found"`           // what the diagnosis found
	Cures    []Cure           `json:"cures,omitempty"` // each remedy that it chose
	// Problems say what was not as expected; none means that all was.
	Problems []string `json:"problems,omitempty"`
	// Took is how long this endpoint's looks and cures took; all endpoints have the first look together.
	Took time.Duration `json:"nanoseconds"`

	lacking string // what this machine lacked while it looked
}

// OK reports whether all was as expected.
func (c Cell) OK() bool { return len(c.Problems) == 0 }

// A Cure is one remedy that the diagnosis chose, carried out on its own.
type Cure struct {
	Action action.Action `json:"action"`
	// Left is what was found afterwards.
	Left []finding.Code `json:"left"`
}

// perProcessor is how many scenarios are looked at together for each processor, beside those that
// wait. More would only make each other slow, and a slow server is something to be found.
const perProcessor = 2

// Run verifies the given scenarios side by side: those that wait for a silent server wait
// together. It starts them all in l before it looks at any, so that the knowledge is the same for
// all. What is not as expected, and took so long that time may have decided, is looked at again.
func Run(ctx context.Context, l *lab.Lab, list []scenarios.Scenario, o Options) Report {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	report := Report{Version: Version, Began: time.Now().UTC().Truncate(time.Second), Rows: make([]Row, len(list))}
	servers := serve(l, list, report.Rows)
	v := newVerifier(l, o)
	slots := make(chan struct{}, perProcessor*runtime.GOMAXPROCS(0))
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
				row.weigh()
			}
			if o.Progress != nil {
				o.Progress(*row)
			}
		})
	}
	wait.Wait()
	v.again(ctx, l, servers, report.Rows)
	return report
}

// weigh drops what was seen while this machine lacked something: what is wrong then is the machine's.
func (r *Row) weigh() {
	at := slices.IndexFunc(r.Cells, func(c Cell) bool { return c.lacking != "" })
	if at >= 0 && !r.OK() {
		r.Environment, r.Cells = r.Cells[at].lacking, nil
	}
}

func serve(l *lab.Lab, list []scenarios.Scenario, rows []Row) []*lab.Server {
	servers := make([]*lab.Server, len(list))
	var wait sync.WaitGroup
	for i, s := range list {
		wait.Go(func() {
			rows[i] = Row{Number: s.Number, ID: s.ID, Title: s.Title, Unexpecting: !s.Expects()}
			server, err := l.Serve(s)
			if errors.Is(err, errors.ErrUnsupported) {
				rows[i].Unavailable = err.Error()
				return
			}
			if probe.IsLocalFault(err) {
				rows[i].Environment = err.Error()
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
