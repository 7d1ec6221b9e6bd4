package verify

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

const (
	// patienceFactor is by how much every time is longer in a second look: what a step may take, what counts
	// as slow, and the delays of slow servers, so that their proportions stay.
	patienceFactor = 3
	// maxAgain is at how many scenarios there is a second look. Where more go wrong it is not the load.
	maxAgain = 20
)

// again looks once more at what was not as expected, one scenario at a time, alone and with more
// time, where time may have decided: only a step that ran into one of the limits can have come out
// otherwise than on an idle machine. What was wrong at first stays in the row.
func (v verifier) again(ctx context.Context, l *lab.Lab, servers []*lab.Server, rows []Row) {
	if starved(rows) > maxAgain {
		return
	}
	left := maxAgain
	for i, server := range servers {
		if server == nil || rows[i].OK() || rows[i].Took < v.shortest() && rows[i].Environment == "" || left == 0 || ctx.Err() != nil {
			continue
		}
		left--
		server.Close()
		rows[i] = v.secondLook(ctx, l, server.Scenario, rows[i])
	}
}

// starved counts the scenarios for which this machine lacked something.
func starved(rows []Row) int {
	n := 0
	for _, r := range rows {
		if r.Environment != "" {
			n++
		}
	}
	return n
}

// shortest returns the shortest of the limits that decide anything.
func (v verifier) shortest() time.Duration { return min(v.prober.Timeout, v.judge.Slow) }

func (v verifier) secondLook(ctx context.Context, l *lab.Lab, s scenarios.Scenario, first Row) Row {
	row := []Row{{}}
	servers := serve(l, []scenarios.Scenario{slower(s)}, row)
	for _, c := range first.Cells {
		for _, p := range c.Problems {
			row[0].Again = append(row[0].Again, fmt.Sprintf("%s: %s", c.Endpoint, p))
		}
	}
	if first.Environment != "" {
		row[0].Again = []string{first.Environment}
	}
	if servers[0] == nil {
		return row[0]
	}
	defer servers[0].Close()
	w := newVerifier(l, Options{Timeout: patienceFactor * v.prober.Timeout}) // which knows of the certificates made just now
	w.judge.Slow = patienceFactor * v.judge.Slow
	start := time.Now()
	row[0].Cells = w.scenario(ctx, servers[0])
	row[0].Took = time.Since(start)
	row[0].weigh()
	return row[0]
}

// slower returns the scenario with the delays of its servers as long as a second look has patience.
func slower(s scenarios.Scenario) scenarios.Scenario {
	s.Services = slices.Clone(s.Services)
	for i := range s.Services {
		s.Services[i].Wire.Delay *= patienceFactor
	}
	return s
}

// asOftenAs returns a verifier that looks often enough to see whether what was found is gone: a
// fault that comes and goes is not cured because it was away once.
func (v verifier) asOftenAs(found []finding.Code) verifier {
	if slices.Contains(found, finding.Intermittent) {
		v.judge.Repeat = 3
	}
	return v
}

// presented returns what the i-th connection showed of the server's certificate, which in a
// resumed session is what the look without it showed.
func presented(s probe.Survey, i int) *probe.TLS {
	o := s.Observations[i]
	if o.TLS == nil || !o.TLS.Resumed {
		return o.TLS
	}
	for _, f := range s.Further {
		if f.Ask.Kind == probe.Look && f.Observation != nil && f.Ask.Settings.Target() == o.Settings.Target() && f.Observation.TLS != nil {
			return f.Observation.TLS
		}
	}
	return nil
}
