package verify

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
	"github.com/mailtlslab/mailtlslab/lab/roots"
)

type verifier struct {
	prober *probe.Prober
	judge  diagnose.Judge
}

// newVerifier returns a verifier that knows what a well-informed client of the lab knows. It
// comes after serve, which may add to that.
func newVerifier(l *lab.Lab, o Options) verifier {
	known := roots.Of(l.Roots(), l.Intermediates())
	return verifier{
		prober: &probe.Prober{Timeout: o.Timeout, DNS: l.DNS()},
		judge: diagnose.Judge{
			Knowledge: known.Knowledge(),
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
	leaf    string        // SHA-256 of the leaf that was presented
	took    time.Duration // by the look at all devices together
	lacking string        // what this machine lacked for any of the looks
}

// examine connects as the devices would, side by side, diagnoses, and logs in where the diagnosis
// of that very connection is clean. It returns the survey too, with all further looks.
func (v verifier) examine(ctx context.Context, devices []lab.Device) ([]seen, probe.Survey) {
	start := time.Now()
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
		out[i] = seen{Endpoint: e, took: time.Since(start), lacking: lacking(survey)}
		if t := presented(survey, i); t != nil && len(t.Chain) > 0 {
			out[i].leaf = finding.Fingerprint(t.Chain[0])
		}
	}
	return out, survey
}

// lacking returns why this machine could not make one of the connections of a survey, and "" where it
// could make all.
func lacking(s probe.Survey) string {
	all := slices.Clone(s.Observations)
	for _, f := range s.Further {
		if f.Observation != nil {
			all = append(all, *f.Observation)
		}
		all = append(all, f.Repeats...)
	}
	for _, o := range all {
		if o.Outcome == probe.LocalFault {
			return o.Error
		}
	}
	return ""
}
