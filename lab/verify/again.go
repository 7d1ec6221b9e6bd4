package verify

import (
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

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
