package verify

import (
	"context"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// A connection is looked at again only where the ports of a host differ without a rule.
func TestRepeatsOnlyWhereUneven(t *testing.T) {
	l := newLab(t)
	for id, want := range map[string]int{
		"one-of-two-backends-expired": 7, "starttls-cert-differs": 0, "webmail-ok-mail-bad": 0, "selective-interception": 0, "expired-leaf": 0,
		"mail-antivirus-proxy": 0, "cert-changed-after-exception": 0,
	} {
		s, _ := scenarios.Lookup(id)
		server, err := l.Serve(s)
		if err != nil {
			t.Fatal(err)
		}
		v := newVerifier(l, Options{Timeout: patience})
		_, survey := v.examine(context.Background(), v.devices(context.Background(), server))
		got := 0
		for _, f := range survey.Further {
			if f.Ask.Kind == probe.Repeat {
				got++
			}
		}
		if got != want || want == 0 && len(survey.Further) > 0 {
			t.Errorf("%s: %d repeats of %d further looks, want %d repeats", id, got, len(survey.Further), want)
		}
	}
}

// TestSecondLook: only what is not as expected, and took so long that time may have decided, is
// looked at again, and what was wrong at first is kept.
func TestSecondLook(t *testing.T) {
	l := newLab(t)
	s, _ := scenarios.Lookup("ok-full-chain")
	v := newVerifier(l, Options{Timeout: patience})
	wrong := Row{ID: s.ID, Took: time.Hour, Cells: []Cell{{Endpoint: account.IMAPS, Problems: []string{"expected [], found [slow-server]"}}}}
	for _, c := range []struct {
		name   string
		edit   func(*Row)
		again  bool
		asThen []string
	}{
		{"slow", func(*Row) {}, true, []string{"imaps: expected [], found [slow-server]"}},
		{"quick", func(r *Row) { r.Took = v.shortest() - 1 }, false, nil},
		{"as expected", func(r *Row) { r.Cells = []Cell{{Endpoint: account.IMAPS}} }, false, nil},
	} {
		server, err := l.Serve(s)
		if err != nil {
			t.Fatal(err)
		}
		rows := []Row{wrong}
		c.edit(&rows[0])
		v.again(context.Background(), l, []*lab.Server{server}, rows)
		if got := len(rows[0].Cells) == 7; got != c.again || !slices.Equal(rows[0].Again, c.asThen) {
			t.Errorf("%s: %+v", c.name, rows[0])
		}
		if c.again && !rows[0].OK() {
			t.Errorf("%s: a healthy server is as expected at the second look: %+v", c.name, rows[0])
		}
	}
}

// TestASecondLookHidesNothing: what is wrong for another reason than time is still wrong then.
func TestASecondLookHidesNothing(t *testing.T) {
	s, _ := scenarios.Lookup("expired-leaf")
	s.Expect = []scenarios.Expectation{{Findings: []finding.Code{finding.NotYetValid}}}
	s.Endpoints = []account.Endpoint{account.IMAPS}
	l := newLab(t)
	server, err := l.Serve(s)
	if err != nil {
		t.Fatal(err)
	}
	rows := []Row{{Took: time.Hour, Cells: []Cell{{Endpoint: account.IMAPS, Problems: []string{"one"}}}}}
	newVerifier(l, Options{Timeout: patience}).again(context.Background(), l, []*lab.Server{server}, rows)
	want := "expected [not-yet-valid], found [expired]"
	if rows[0].OK() || len(rows[0].Again) != 1 || !slices.Contains(rows[0].Cells[0].Problems, want) {
		t.Errorf("%+v", rows[0])
	}
}

// TestWithoutExpectation: nothing that is found is wrong, as nothing was said of it.
func TestWithoutExpectation(t *testing.T) {
	s, _ := scenarios.Lookup("expired-leaf")
	s.Expect = nil
	report := Run(context.Background(), newLab(t), []scenarios.Scenario{s}, Options{Timeout: patience})
	row := report.Rows[0]
	if !report.OK() || !row.Unexpecting || !slices.Equal(row.Cells[0].Found, []finding.Code{finding.Expired}) {
		t.Errorf("%+v", row)
	}
}

// TestWantOfMeansIsNoFinding: what this machine lacks is said, and no scenario is blamed for it.
func TestWantOfMeansIsNoFinding(t *testing.T) {
	l := newLab(t)
	s, _ := scenarios.Lookup("expired-leaf")
	server, err := l.Serve(s)
	if err != nil {
		t.Fatal(err)
	}
	v := newVerifier(l, Options{Timeout: patience})
	v.prober.Dial = func(context.Context, string, string) (net.Conn, error) {
		return nil, os.NewSyscallError("socket", syscall.EMFILE)
	}
	row := Row{ID: s.ID, Cells: v.scenario(context.Background(), server)}
	row.weigh()
	if row.OK() || row.Cells != nil || !strings.Contains(row.Environment, syscall.EMFILE.Error()) {
		t.Errorf("%+v", row)
	}
	report := Report{Rows: []Row{{ID: "other"}, row}}
	if sum := report.Count(); report.Environment() != row.Environment || report.OK() || sum.Bad != 0 || sum.Unjudged != 1 {
		t.Errorf("%q %+v", report.Environment(), sum)
	}
	if got := row.Problems(); len(got) != 1 || !strings.Contains(got[0], "could not be judged") {
		t.Errorf("%q", got)
	}

	// Alone, with the machine recovered, it is as expected.
	rows := []Row{row}
	newVerifier(l, Options{Timeout: patience}).again(context.Background(), l, []*lab.Server{server}, rows)
	if !rows[0].OK() || len(rows[0].Cells) != 7 || len(rows[0].Again) != 1 {
		t.Errorf("%+v", rows[0])
	}
}
