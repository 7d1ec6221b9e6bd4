package diagnose_test

import (
	"fmt"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

func stages() []probe.Stage {
	return []probe.Stage{probe.Resolving, probe.Connecting, probe.Greeting, probe.Asking, probe.Upgrading, probe.Handshaking, probe.Reading, probe.Done, "unheard-of"}
}

func outcomes() []probe.Outcome {
	return []probe.Outcome{probe.Fine, probe.NoSuchHost, probe.Unresolved, probe.Refused, probe.Unreachable, probe.TimedOut, probe.Closed, probe.WasReset,
		probe.NotTLS, probe.Alert, probe.BadSignature, probe.BadTLS, probe.NotOffered, probe.Declined, probe.TooLong, probe.Unexpected, "unheard-of"}
}

// shapes are what an observation can hold beside its outcome, sensible or not: a survey may come
// from elsewhere, as JSON.
func shapes() map[string]edit {
	return map[string]edit{
		"bare":       func(*probe.Observation) {},
		"greeted":    greeting("* OK hi"),
		"foreign":    greeting("220 hi"),
		"hello":      hello(0),
		"agreed":     hello(0x0304),
		"old":        hello(0x0301),
		"alert":      alert(0x0304, 40),
		"asking":     asking(0),
		"asking-old": asking(116),
		"raw":        raw("* OK hi\r\n"),
		"page":       raw("HTTP/1.1 302 Found\r\n"),
		"noise":      raw("\xff\xfe"),
		"injected":   injected("x"),
		"first":      first("HTTP/1.1"),
		"garbage":    func(o *probe.Observation) { o.TLS = &probe.TLS{Chain: [][]byte{nil, {1}}} },
		"nowhere":    func(o *probe.Observation) { o.Settings = account.Settings{} },
	}
}

// TestEveryEnding: whatever the stage and the outcome, a connection that did not end well is
// explained, or said to be unexplained, no rule finds what it does not declare, and nothing panics.
func TestEveryEnding(t *testing.T) {
	var h tracer
	judge := diagnose.Judge{Knowledge: nothing(), Trace: h.trace}
	for _, e := range account.Endpoints() {
		for _, mode := range []account.Mode{account.ImplicitTLS, account.StartTLS, account.Plaintext} {
			for _, stage := range stages() {
				for _, outcome := range outcomes() {
					for shape, with := range shapes() {
						o := seen(e, stage, outcome, func(o *probe.Observation) { o.Settings.Mode = mode }, with)
						name := fmt.Sprint(e, mode, stage, outcome, shape)
						for _, listed := range []bool{true, false} {
							o.Listed = listed
							everyEnding(t, judge, name, o)
						}
					}
				}
			}
		}
	}
	h.undeclared(t)
}

func everyEnding(t *testing.T, judge diagnose.Judge, name string, o probe.Observation) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			t.Fatalf("%s: %v", name, r)
		}
	}()
	looks := 0
	r, _ := judge.Examine(survey(o), func(asks []probe.Ask) []probe.Further {
		looks++
		out := make([]probe.Further, len(asks))
		for i, a := range asks {
			out[i] = probe.Further{Ask: a, Error: "nobody looked"}
		}
		return out
	})
	if looks > 2 || len(r.Asks) != 0 {
		t.Errorf("%s: %d rounds, %d asks left", name, looks, len(r.Asks))
	}
	if len(r.Endpoints[0].Findings) == 0 && r.Endpoints[0].Unjudged == "" && o.Outcome != probe.Fine {
		t.Errorf("%s: nothing is said", name)
	}
	sane(t, r)
}
