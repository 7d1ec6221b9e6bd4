package diagnose

import (
	"fmt"
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// comesAndGoes looks once more where a connection ended as one does that met a busy moment, here or
// there. Where the next one comes farther, it is judged in place of the first, and that the first
// ended is told as what it is: no reason to accuse the server's settings or the network of more.
func comesAndGoes(c *connection) []finding.Finding {
	again := c.looked().fartherThan(&c.Observation)
	if again == nil {
		if c.mayPass() {
			c.again(probe.LookAgain)
		}
		return nil
	}
	bad, all := c.looked().endedLike(&c.Observation)
	f := c.passing(fmt.Sprintf("%d of %d connections to %s ended while %s: %s", bad, all, c.target(), c.Stage, c.Outcome),
		causeOf(&c.Observation), again)
	again.Listed = c.Listed
	c.Observation = *again
	return []finding.Finding{f}
}

// passing makes the finding about a fault that was gone at the next look.
func (c *connection) passing(summary string, cause finding.Code, good *probe.Observation) finding.Finding {
	f := finding.New(finding.Intermittent, summary+"; the next one came farther")
	f.Evidence = []string{"one more look at the same place, with the same settings, did not end there"}
	f.Facts.Host, f.Facts.Cause = c.Settings.Host, cause
	if speaksTLS(good) {
		f.Facts.About, f.Facts.Fingerprint = presentedLeaf(good), finding.Fingerprint(good.TLS.Chain[0])
	}
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditServerState, Text: "if every connection went as the good one, nothing would have been noticed"}
	return f
}

// Judged returns what the i-th connection of a survey is judged by: the look at it, the next one
// where that came farther, or what an offer of other suites showed.
func Judged(s probe.Survey, i int) probe.Observation {
	o := s.Observations[i]
	if again := (looked{s}).fartherThan(&o); again != nil {
		again.Listed = o.Listed
		return *again
	}
	if by := (looked{s}).byHand(&o); by != nil {
		o.TLS = by.TLS
	}
	return o
}

// byHand returns the offer that showed the certificate of a server which has no suite in common with
// crypto/tls, nil where none did.
func (s looked) byHand(o *probe.Observation) *probe.Observation {
	if o.Outcome != probe.Alert || o.TLS == nil || o.TLS.Version != 0 {
		return nil
	}
	for i := range s.Further {
		f := &s.Further[i]
		if f.Ask.Through && f.Ask.Settings.Target() == o.Settings.Target() && f.Observation != nil && speaksTLS(f.Observation) {
			return f.Observation
		}
	}
	return nil
}

// looked is a survey in which the looks at one place can be compared.
type looked struct{ probe.Survey }

func (s *session) looked() looked { return looked{s.survey} }

// more returns the further looks at the place of o.
func (s looked) more(o *probe.Observation) []*probe.Observation {
	var out []*probe.Observation
	for i := range s.Further {
		f := &s.Further[i]
		if f.Ask.Kind != probe.LookAgain && f.Ask.Kind != probe.Repeat || !sameLook(f.Ask.Settings, o.Settings) {
			continue
		}
		if f.Observation != nil && f.Observation.Outcome != probe.LocalFault {
			out = append(out, f.Observation)
		}
		for j := range f.Repeats {
			if f.Repeats[j].Outcome != probe.LocalFault {
				out = append(out, &f.Repeats[j])
			}
		}
	}
	return out
}

// fartherThan returns a copy of the further look that came farther than o, nil where o ended for a
// reason that stays, or where none did.
func (s looked) fartherThan(o *probe.Observation) *probe.Observation {
	if o.Outcome == probe.Fine || o.Stage == probe.Resolving {
		return nil
	}
	for _, again := range s.more(o) {
		if step(again) > step(o) {
			out := *again
			return &out
		}
	}
	return nil
}

// endedLike counts the looks at the place of o that came no farther, and all.
func (s looked) endedLike(o *probe.Observation) (ended, all int) {
	looks := append(s.more(o), o)
	for _, l := range looks {
		if step(l) <= step(o) {
			ended++
		}
	}
	return ended, len(looks)
}

// step is how far a connection came.
func step(o *probe.Observation) int {
	return slices.Index([]probe.Stage{
		probe.Resolving, probe.Connecting, probe.Greeting, probe.Asking, probe.Upgrading, probe.Handshaking, probe.Reading, probe.Done,
	}, o.Stage)
}

// mayPass reports whether a connection ended in a way that a busy moment can cause. Words and alerts
// with a reason stay, and TCP itself has repeated what it got no answer to.
func (c *connection) mayPass() bool {
	switch c.Outcome {
	case probe.TimedOut, probe.Closed, probe.WasReset:
		return c.Stage != probe.Resolving && c.Stage != probe.Connecting
	case probe.Refused:
		return !c.notOffered()
	case probe.Alert:
		return c.TLS != nil && c.TLS.Alert != nil && *c.TLS.Alert == alertInternalError
	}
	return false
}

// again has c's connection looked at once more, and returns what was seen; nil before that.
func (c *connection) again(kind probe.AskKind) *probe.Observation {
	a := probe.Ask{Kind: kind, Settings: c.Settings}
	if kind == probe.Repeat {
		a.Count = 1
	}
	f := c.ask(a)
	switch {
	case f == nil:
		return nil
	case len(f.Repeats) > 0:
		return &f.Repeats[0]
	}
	return f.Observation
}

// lasts reports whether the ending of c outlasted two more looks, one after the other. A rule that
// holds it against one with another setting, which went well, needs that: a server that fails every
// second connection would look the same.
func (c *connection) lasts() bool {
	return c.again(probe.LookAgain) != nil && c.again(probe.Repeat) != nil
}

// endedAgain reports whether c ended as one does that may pass, and another look came no farther.
func (c *connection) endedAgain() bool {
	return c.mayPass() && len(c.looked().more(&c.Observation)) > 0
}

// causeOf returns the code that an ending alone would have.
func causeOf(o *probe.Observation) finding.Code {
	switch o.Stage {
	case probe.Connecting:
		return finding.PortClosed
	case probe.Greeting:
		if o.Outcome == probe.TimedOut {
			return finding.NoGreeting
		}
		return finding.ConnectionReset
	case probe.Upgrading:
		return finding.StartTLSDropped
	case probe.Handshaking:
		switch o.Outcome {
		case probe.TimedOut:
			return finding.HandshakeTimeout
		case probe.Alert:
			return finding.HandshakeRefused
		}
		return finding.HandshakeDropped
	}
	return finding.ServiceUnavailable
}
