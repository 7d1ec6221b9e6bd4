package checkup_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/checkup"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// TestHiccup: where the first connection fell silent and the next did not, the next is judged, with
// its certificate, and the silence is told as what it is.
func TestHiccup(t *testing.T) {
	set := account.For(account.IMAPS, host)
	silent := probe.Observation{Settings: set, Listed: true, At: time.Now(), Stage: probe.Handshaking, Outcome: probe.TimedOut, TLS: &probe.TLS{}}
	fine := probe.Observation{Settings: set, At: time.Now(), Stage: probe.Done, Outcome: probe.Fine, First: "* OK hi",
		TLS: &probe.TLS{Version: 0x0304, Chain: [][]byte{{0x30}}, Complete: true}}
	s := probe.Survey{Observations: []probe.Observation{silent}, Further: []probe.Further{{Ask: probe.Ask{Kind: probe.LookAgain, Settings: set}, Observation: &fine}}}
	a := examine(t, chain.NewKnowledge(nil, nil), checkup.Evidence{Survey: &s})
	p := a.Places[0]
	if a.Verdict != checkup.Fail || codes(a) != "malformed-certificate intermittent" {
		t.Errorf("%s: %s", a.Verdict, codes(a))
	}
	if p.Certificate == "" || !slices.ContainsFunc(p.Judged, func(w string) bool { return strings.HasPrefix(w, "the handshake") }) {
		t.Errorf("the second look is what is judged: %+v", p)
	}
	at := slices.IndexFunc(p.Findings, func(f finding.Finding) bool { return f.Code == finding.Intermittent })
	if at < 0 || p.Findings[at].Facts.Cause != finding.HandshakeTimeout || !strings.HasPrefix(p.Findings[at].Summary, "1 of 2 connections") {
		t.Errorf("%+v", p.Findings)
	}
}

// TestLocalFaultIsNoVerdict: a machine that cannot connect has judged nothing.
func TestLocalFaultIsNoVerdict(t *testing.T) {
	o := probe.Observation{Settings: account.For(account.IMAPS, host), Listed: true, At: time.Now(), Stage: probe.Connecting, Outcome: probe.LocalFault,
		Error: "dial tcp 192.0.2.1:993: socket: too many open files"}
	a := examine(t, chain.NewKnowledge(nil, nil), checkup.Evidence{Survey: &probe.Survey{Observations: []probe.Observation{o}}})
	if a.Verdict != checkup.Unjudged || len(a.Causes) > 0 || !strings.Contains(strings.Join(a.NotJudged, " "), "too many open files") {
		t.Errorf("%s: %s %q", a.Verdict, codes(a), a.NotJudged)
	}
}
