package diagnose_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

const host = "mail.lab.test"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// nothing is the knowledge of a device that trusts nobody.
func nothing() *chain.Knowledge { return chain.NewKnowledge(nil, nil) }

// A row is one survey and what is to be said of its first connection.
type row struct {
	literal bool // asks is exact; otherwise the time is asked for where dates fail
	name    string
	survey  probe.Survey
	know    *chain.Knowledge
	codes   string // separated by blanks, in the order of the vocabulary
	asks    string // as said prints them
}

// said is all that can be seen of a report, for comparing: "codes | asks".
func said(r diagnose.Report) string {
	var codes, asks []string
	for _, f := range r.Endpoints[0].Findings {
		codes = append(codes, string(f.Code))
	}
	for _, a := range r.Asks {
		switch {
		case a.URL != "":
			asks = append(asks, a.URL)
		case a.Kind == probe.Offer:
			asks = append(asks, fmt.Sprintf("%s:%d:offer", a.Settings.Endpoint, a.Settings.Port))
		default:
			asks = append(asks, fmt.Sprintf("%s:%d:%s", a.Settings.Endpoint, a.Settings.Port, a.Settings.Mode))
		}
	}
	return strings.Join(codes, " ") + " | " + strings.Join(asks, " ")
}

func (r row) judge(without ...string) diagnose.Report {
	return diagnose.Judge{Knowledge: r.know, Without: without}.Report(r.survey)
}

func (r row) check(t *testing.T) {
	t.Helper()
	report := r.judge()
	if got, want := said(report), r.codes+" | "+r.wants(); got != want {
		t.Errorf("says %q, want %q", got, want)
		for _, f := range report.Endpoints[0].Findings {
			t.Logf("%s: %s %q", f.Code, f.Summary, f.Evidence)
		}
	}
	sane(t, report)
	for _, f := range report.Endpoints[0].Findings {
		if !pointsRight(f.Facts.About, r.survey) {
			t.Errorf("%s points at %+v, which was not seen there", f.Code, f.Facts.About)
		}
	}
}

// pointsRight reports whether a certificate stands where a finding says: in some chain of the
// survey, or, one that is only known, not in the first.
func pointsRight(p finding.Pointer, s probe.Survey) bool {
	all := slices.Clone(s.Observations)
	for _, f := range s.Further {
		if f.Observation != nil {
			all = append(all, *f.Observation)
		}
		all = append(all, f.Repeats...)
	}
	at := func(o probe.Observation) int {
		if o.TLS == nil {
			return -1
		}
		return slices.IndexFunc(o.TLS.Chain, func(der []byte) bool { return finding.Fingerprint(der) == p.Fingerprint })
	}
	switch p.From {
	case finding.Sent:
		return slices.ContainsFunc(all, func(o probe.Observation) bool { return at(o) == p.Position-1 && p.Position > 0 })
	case finding.Known:
		return at(all[0]) < 0
	}
	return p.IsZero()
}

// wants returns the asks that are expected: an ending that may pass is looked at once more, before
// all else, and dates that fail have the web server asked for the time.
func (r row) wants() string {
	o := r.survey.Observations[0]
	asked := slices.ContainsFunc(r.survey.Further, func(f probe.Further) bool { return f.Ask.Kind == probe.LookAgain })
	if mayPass(o) && !asked && !strings.Contains(r.codes, "not-offered") {
		r.asks = strings.TrimSpace(fmt.Sprintf("%s:%d:%s %s", o.Settings.Endpoint, o.Settings.Port, o.Settings.Mode, r.asks))
	}
	if r.literal {
		return r.asks
	}
	for _, code := range []string{"expired", "not-yet-valid", "intermediate-expired", "intermediate-not-yet-valid", "root-expired", "root-not-yet-valid"} {
		if slices.Contains(strings.Fields(r.codes), code) && r.survey.Observations[0].Settings.Endpoint != account.Web {
			return strings.TrimSpace(r.asks + " https:443:tls")
		}
	}
	return r.asks
}

// mayPass reports whether a connection ended as one does that met a busy moment.
func mayPass(o probe.Observation) bool {
	switch o.Outcome {
	case probe.TimedOut, probe.Closed, probe.WasReset:
		return o.Stage != probe.Connecting
	case probe.Refused:
		return true
	}
	return o.Outcome == probe.Alert && o.TLS != nil && o.TLS.Alert != nil && *o.TLS.Alert == 80
}

// sane holds what is true of every report.
func sane(t *testing.T, r diagnose.Report) {
	t.Helper()
	for _, e := range r.Endpoints {
		unclear := false
		for _, f := range e.Findings {
			unclear = unclear || f.Code == "unexplained"
			if f.Severity == "error" && f.Counterfactual == nil && f.Code != "unexplained" {
				t.Errorf("%s has no counterfactual", f.Code)
			}
			texts := append([]string{f.Summary, f.Facts.Subject, f.Facts.Issuer}, f.Evidence...)
			if f.Counterfactual != nil {
				texts = append(texts, f.Counterfactual.Text)
			}
			for _, text := range texts {
				if len(text) > 2000 || strings.Contains(text, "%!") {
					t.Errorf("%s: %d bytes: %.300q", f.Code, len(text), text)
				}
			}
			if err := f.Check(); err != nil {
				t.Errorf("a value outside the lists: %v", err)
			}
			if aboutCertificate(f.Code) && f.Facts.About.IsZero() {
				t.Errorf("%s says not which certificate it is about", f.Code)
			}
			if f.Summary == "" {
				t.Errorf("%s says nothing", f.Code)
			}
		}
		if e.Complete == unclear {
			t.Errorf("complete is %v, and unexplained is there: %v", e.Complete, unclear)
		}
	}
}

// aboutCertificate reports whether a code speaks of one certificate: those do that can be seen when
// it has come, but for what speaks of the device or of nobody knows what.
func aboutCertificate(c finding.Code) bool {
	info, _ := finding.Lookup(c)
	return info.Stage == finding.Certifying && c != finding.ClientClock && c != finding.Unexplained && c != finding.Intermittent
}

// seen returns an observation of an account's connection that ended so.
func seen(e account.Endpoint, stage probe.Stage, outcome probe.Outcome, more ...func(*probe.Observation)) probe.Observation {
	o := probe.Observation{Settings: account.For(e, host), Listed: true, At: now(), Stage: stage, Outcome: outcome}
	for _, m := range more {
		m(&o)
	}
	return o
}

func survey(all ...probe.Observation) probe.Survey { return probe.Survey{Observations: all} }

// served returns the survey of one IMAPS connection that showed a chain and went well.
func served(chain [][]byte, name string, at time.Time) probe.Survey {
	return survey(seen(account.IMAPS, probe.Done, probe.Fine, func(o *probe.Observation) {
		o.Settings.Host, o.At = name, at
		o.TLS = &probe.TLS{Version: 0x0304, Chain: chain, Complete: true}
	}))
}
