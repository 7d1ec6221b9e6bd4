package diagnose_test

import (
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// exchanger is a survey of port 25 that showed a chain.
func exchanger(chain [][]byte, more ...edit) probe.Survey {
	o := seen(smtp, probe.Done, probe.Fine, onPort(25), greeting("220 mx"), func(o *probe.Observation) {
		o.TLS = &probe.TLS{Version: 0x0304, Chain: chain, Complete: true}
	})
	for _, m := range more {
		m(&o)
	}
	return survey(o)
}

// unasked adds what a look without the server name showed.
func unasked(s probe.Survey, more ...edit) probe.Survey {
	return told(s, smtp, 25, upgrade, probe.Done, probe.Fine, append([]edit{func(o *probe.Observation) { o.Settings.NoSNI = true }}, more...)...)
}

// twice adds another look without the name.
func twice(s probe.Survey, more ...edit) probe.Survey {
	o := *s.Further[len(s.Further)-1].Observation
	for _, m := range more {
		m(&o)
	}
	return once(s, o)
}

func relayRows(t testing.TB) []connRow {
	const rule = "sni-missing"
	a := newAuthority(t)
	good, other, old := a.Chain(t), a.Chain(t, certs.Names("mx.hoster.test")), a.Chain(t, certs.Expired(certs.Leaf, 3))
	showing := func(chain [][]byte) edit {
		return func(o *probe.Observation) { o.TLS = &probe.TLS{Version: 0x0304, Chain: chain, Complete: true} }
	}
	rows := []connRow{
		say(rule, "nobody has looked without the name", "", "submission:25:starttls", exchanger(good)),
		say(rule, "another certificate without the name", "sni-missing", "", twice(unasked(exchanger(good), showing(other)))),
		say(rule, "and nobody has looked again", "", "submission:25:starttls", unasked(exchanger(good), showing(other))),
		miss(rule, "another one once, and then the right one", "", "", twice(unasked(exchanger(good), showing(other)), showing(good))),
		miss(rule, "the same without the name", "", "", unasked(exchanger(good), showing(good))),
		miss(rule, "another good one without the name", "", "", unasked(exchanger(good), showing(a.Chain(t)))),
		miss(rule, "no TLS without the name", "", "", unasked(exchanger(good), func(o *probe.Observation) { o.Stage, o.Outcome = probe.Handshaking, probe.TimedOut })),
		miss(rule, "bad with the name too", "expired", "", exchanger(old)),
		miss(rule, "of no account's port", "", "", exchanger(good, onPort(587))),
	}
	for i := range rows {
		rows[i].know = a.Knowledge(false)
	}
	return rows
}

// TestBetweenServers: what most senders do not mind is a warning on port 25, what ends the connection
// is not, and the same on port 587 is an error.
func TestBetweenServers(t *testing.T) {
	a := newAuthority(t)
	for _, c := range []struct {
		name   string
		survey func(port int) probe.Survey
		want   finding.Code
		relay  finding.Severity
	}{
		{"expired", func(p int) probe.Survey { return exchanger(a.Chain(t, certs.Expired(certs.Leaf, 3)), onPort(p)) }, finding.Expired, finding.Warning},
		{"self-signed", func(p int) probe.Survey { return exchanger(a.Chain(t, certs.SelfSigned()), onPort(p)) }, finding.SelfSigned, finding.Warning},
		{"another name", func(p int) probe.Survey { return exchanger(a.Chain(t, certs.Names("x.lab.test")), onPort(p)) }, finding.NameMismatch, finding.Warning},
		{"no STARTTLS", func(p int) probe.Survey {
			return survey(seen(smtp, probe.Upgrading, probe.NotOffered, onPort(p), greeting("220 mx")))
		}, finding.StartTLSNotOffered, finding.Warning},
		{"another key", func(p int) probe.Survey {
			return survey(seen(smtp, probe.Handshaking, probe.BadSignature, onPort(p), hello(0x0304), greeting("220 mx")))
		}, finding.KeyDoesNotMatch, finding.Error},
		{"closed", func(p int) probe.Survey { return survey(seen(smtp, probe.Connecting, probe.Refused, onPort(p))) }, finding.PortClosed, finding.Error},
	} {
		for port, severity := range map[int]finding.Severity{25: c.relay, 587: finding.Error} {
			r := diagnose.Judge{Knowledge: a.Knowledge(false)}.Report(c.survey(port))
			sane(t, r)
			found := r.Endpoints[0].Findings
			if len(found) != 1 || found[0].Code != c.want || found[0].Severity != severity {
				t.Fatalf("%s on %d: %+v", c.name, port, found)
			}
			if says := strings.Contains(strings.Join(found[0].Evidence, " "), "this is port 25"); says != (severity == finding.Warning) {
				t.Errorf("%s on %d: %q", c.name, port, found[0].Evidence)
			}
			for _, a := range r.Asks {
				if port == 25 && a.Settings.Port != 25 && a.Settings.Port != 443 { // which tells the time
					t.Errorf("%s: a mail exchanger has no port %d", c.name, a.Settings.Port)
				}
			}
		}
	}
}
