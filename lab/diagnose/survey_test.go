package diagnose_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

func allRows(t testing.TB) []row {
	t.Helper()
	out := slices.Concat(togetherRows(t), installedRows(t))
	for _, r := range connectionRows(t) {
		out = append(out, r.row)
	}
	return out
}

// TestMutation switches off one rule after the other: each must be missed by some row.
func TestMutation(t *testing.T) {
	rows := allRows(t)
	want := make([]string, len(rows))
	for i, r := range rows {
		want[i] = said(r.judge())
	}
	for _, rule := range own() {
		missed := false
		for i := 0; i < len(rows) && !missed; i++ {
			missed = said(rows[i].judge(rule.Name)) != want[i]
		}
		if !missed {
			t.Errorf("nothing changes without rule %s", rule.Name)
		}
	}
	for i, r := range rows {
		if said(r.judge("no-such-rule")) != want[i] {
			t.Errorf("%s: a rule that does not exist was switched off", r.name)
		}
	}
}

// TestPure: the same survey gives the same report, also after a journey as JSON, and is not changed.
func TestPure(t *testing.T) {
	for _, r := range allRows(t) {
		data, err := json.Marshal(r.survey)
		if err != nil {
			t.Fatal(err)
		}
		var copied probe.Survey
		if err := json.Unmarshal(data, &copied); err != nil {
			t.Fatal(err)
		}
		want := r.judge()
		for range 3 {
			if got := r.judge(); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: another report the second time", r.name)
			}
		}
		if got := (row{survey: copied, know: r.know}).judge(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: another report after JSON\n%+v\n%+v", r.name, got, want)
		}
		if after, err := json.Marshal(r.survey); err != nil || string(after) != string(data) {
			t.Errorf("%s: the survey was changed", r.name)
		}
		var back diagnose.Report
		if data, err = json.Marshal(want); err == nil {
			err = json.Unmarshal(data, &back)
		}
		if err != nil || !reflect.DeepEqual(back, want) {
			t.Errorf("%s: the report does not survive JSON: %v", r.name, err)
		}
	}
}

// TestNoClock: a survey that forgot its time is judged the same at all times.
func TestNoClock(t *testing.T) {
	a := newAuthority(t)
	r := row{survey: served(a.Chain(t), host, time.Time{}), know: a.Knowledge(false)}
	if got := said(r.judge()); got != "not-yet-valid intermediate-not-yet-valid root-not-yet-valid | " {
		t.Error(got)
	}
	sane(t, r.judge())
}

// TestOneChain: the endpoints of a server with one chain have one diagnosis, and another host,
// clock or root its own.
func TestOneChain(t *testing.T) {
	a := newAuthority(t)
	chain := a.Chain(t, certs.Expired(certs.Leaf, 3), certs.PrivateCA(), certs.RootAlsoSent())
	var all []probe.Observation
	with := func(e account.Endpoint, more edit) {
		all = append(all, seen(e, probe.Done, probe.Fine, func(o *probe.Observation) { o.TLS = &probe.TLS{Version: 0x0304, Chain: chain} }, more))
	}
	for _, e := range account.Endpoints() {
		with(e, func(*probe.Observation) {})
	}
	with(imaps, func(o *probe.Observation) { o.Settings.Host = "other.example.com" })
	with(imaps, func(o *probe.Observation) { o.At = now().Add(-9 * 24 * time.Hour) })
	with(imaps, func(o *probe.Observation) { o.Settings.Roots = chain[2:] })
	with(imaps, func(o *probe.Observation) { o.TLS.Chain = chain[:2] })
	with(imaps, func(o *probe.Observation) { o.TLS.Chain = chain[:1] })
	r := diagnose.Judge{Knowledge: a.Knowledge(true)}.Report(survey(all...))
	for i, want := range []string{"issuer-not-trusted expired", "issuer-not-trusted name-mismatch expired", "issuer-not-trusted expires-soon", "root-also-sent expired", "issuer-not-trusted expired", "issuer-not-trusted expired"} {
		at := i + 6
		if got := said(diagnose.Report{Endpoints: r.Endpoints[at:]}); got != want+" | " {
			t.Errorf("%d: %s, want %s", at, got, want)
		}
	}
	for _, e := range r.Endpoints[1:7] {
		if !reflect.DeepEqual(e.Findings, r.Endpoints[0].Findings) || !e.Complete {
			t.Errorf("%s: %v", e.Endpoint, finding.Codes(e.Findings))
		}
	}
	if !r.Failed() || r.Worst() != finding.Error || (diagnose.Report{}).Failed() {
		t.Error("whether it failed")
	}
}

// TestExamine: an issuer that is fetched settles what a lone leaf leaves open, both ways.
func TestExamine(t *testing.T) {
	root := forge(t, "Root", "", nil)
	ca := forge(t, "CA", "", root)
	leaf := forge(t, host, host, ca, aia("http://aia.test/ca.der"))
	private := forge(t, "Private", "", nil)
	upper := forge(t, "CA", "", private, aia("http://aia.test/root.der"))
	ours := forge(t, host, host, upper, aia("http://aia.test/ca.der"))
	for _, c := range []struct {
		name   string
		leaf   *forged
		issuer map[string]*forged
		want   string
		rounds int
	}{
		{"known root", leaf, map[string]*forged{"http://aia.test/ca.der": ca}, "missing-intermediate | ", 1},
		{"private root", ours, map[string]*forged{"http://aia.test/ca.der": upper, "http://aia.test/root.der": private}, "issuer-not-trusted | ", 2},
		{"nothing to fetch", leaf, nil, "issuer-unknown | ", 1},
	} {
		rounds := 0
		before := served(raws(c.leaf), host, now())
		r, after := diagnose.Judge{Knowledge: trusting(root)}.Examine(before, func(asks []probe.Ask) []probe.Further {
			rounds++
			var out []probe.Further
			for _, a := range asks {
				f := probe.Further{Ask: a, Error: "nothing there"}
				if got := c.issuer[a.URL]; got != nil {
					f.Certificate, f.Error = got.Raw, ""
				}
				out = append(out, f)
			}
			return out
		})
		if said(r) != c.want || rounds != c.rounds || len(before.Further) != 0 || len(after.Further) != rounds {
			t.Errorf("%s: %s after %d rounds", c.name, said(r), rounds)
		}
		again := diagnose.Judge{Knowledge: trusting(root)}.Report(after)
		if again.Asks = nil; !reflect.DeepEqual(again, r) {
			t.Errorf("%s: another report from the extended survey", c.name)
		}
		sane(t, r)
	}
}
