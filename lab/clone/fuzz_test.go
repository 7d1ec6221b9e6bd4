package clone_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/capture"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/clone"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/probe"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

func fuzzedAt() time.Time { return time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC) }

// FuzzClone clones whatever a file may be: a survey, an answer, certificates. What comes out is a
// scenario that can be read, or an error that says why there is none.
func FuzzClone(f *testing.F) {
	a, err := certs.NewAuthority(certs.Options{Now: fuzzedAt()})
	if err != nil {
		f.Fatal(err)
	}
	for _, faults := range [][]certs.Fault{nil, {certs.SelfSigned()}, {certs.ULabel("münchen.lab.test")}, {certs.Reversed()}, {certs.CRL(certs.StatusRevoked), certs.MustStaple()}, {certs.SameNameIssuer()}} {
		b, err := a.Build(certs.Spec{Faults: faults})
		if err != nil {
			f.Fatal(err)
		}
		chainPEM, _, err := b.PEM()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(chainPEM)
		o := probe.Observation{
			Settings: account.For(account.IMAPStartTLS, "mail.lab.test"), Listed: true, At: fuzzedAt(), Stage: probe.Done, Outcome: probe.Fine, Greeting: "* OK", Answer: "a1 OK go",
			TLS: &probe.TLS{Version: 0x0303, Cipher: 0xC02B, Chain: b.Raw, Complete: true, Staple: b.TLS().OCSPStaple},
		}
		saved, err := json.Marshal(probe.Save(probe.Survey{Observations: []probe.Observation{o}}))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(saved)
		j := chain.Judge{Knowledge: chain.NewKnowledge(nil, nil)}.Judge(chain.Evidence{Certificates: b.Raw, At: fuzzedAt()})
		answer, err := json.Marshal(map[string]any{"version": 1, "endpoints": []any{map[string]any{"kind": "certificates", "findings": j.Findings, "path": j.Path}}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(answer)
	}
	know := chain.NewKnowledge([]chain.Root{{Certificate: a.Root()}}, a.Intermediates())
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, o := range []clone.Options{{}, {Fixed: true}, {Exact: true}} {
			if s, err := probe.ReadSaved(data); err == nil {
				var judged []clone.Judged
				for _, e := range (diagnose.Judge{Knowledge: know}).Report(s).Endpoints {
					judged = append(judged, clone.Judged{Findings: e.Findings, Path: e.Path})
				}
				got, err := clone.Survey(s, judged, o)
				readable(t, got, err)
			}
			got, err := clone.Answer(data, fuzzedAt(), o)
			readable(t, got, err)
			if c, err := capture.Read(data, ""); err == nil {
				e := chain.Evidence{Certificates: c.Certificates, At: fuzzedAt(), Host: "mail.lab.test"}
				got, err := clone.Chain(e, chain.Judge{Knowledge: know}.Judge(e), o)
				readable(t, got, err)
			}
		}
	})
}

// readable holds a clone to what reads it, and its sentences to one line each.
func readable(t *testing.T, s scenarios.Scenario, err error) {
	t.Helper()
	if err != nil {
		if f, is := errors.AsType[*scenarios.Flaw](err); is {
			t.Errorf("what was made cannot be served: %v", f)
		}
		return
	}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := scenarios.Decode(text); err != nil {
		t.Errorf("%v in %s", err, text)
	}
	for _, n := range s.NotCloned {
		if strings.ContainsFunc(n, unicode.IsControl) {
			t.Errorf("more than a line: %q", n)
		}
	}
}
