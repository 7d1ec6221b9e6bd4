package integration

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/checkup"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/preflight"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
)

// A view of the server from within: its files beside what it presents, and by themselves.
type within struct {
	beside View
	pair   []finding.Finding
	offers []chosen // where the files say more than the wire
}

// inspect looks at the server's own files and at its log.
func (s *subject) inspect(t *testing.T, accounts []account.Settings, f fault) within {
	t.Helper()
	pair := preflight.Check(s.Files(t.Context(), accounts[0].Host), chain.Judge{Knowledge: s.client.Judge.Knowledge}, time.Now())
	for _, p := range pair.Problems {
		t.Errorf("the check of the pair has no code for: %s", p)
	}
	in := within{beside: s.client.Look(t.Context(), accounts, pair.Chain), pair: pair.Findings}
	for i, e := range in.beside.Report.Endpoints {
		want := f.files.or(f.wire).on(s.Product, e.Endpoint)
		if got := finding.Codes(e.Findings); sorted(got) != sorted(want) {
			t.Fatalf("%s beside the file: found %s, want %s\n%s", accounts[i], sorted(got), sorted(want), in.beside.words())
		}
	}
	if got, want := finding.Codes(pair.Findings), f.pair.on(s.Product, ""); sorted(got) != sorted(want) {
		t.Fatalf("in the files: found %s, want %s", sorted(got), sorted(want))
	}
	if f.files != nil {
		in.offers = offers(accounts, in.beside)
	}
	for _, found := range pair.Findings {
		for _, a := range remedy.Actions(found, accounts[0]) {
			in.offers = append(in.offers, chosen{Action: a, why: found, at: -1})
		}
	}
	s.expectLogged(t, f)
	return in
}

// expectLogged reads the server's log until it says what it must: some servers write to it only
// when somebody connects, and none promises when.
func (s *subject) expectLogged(t *testing.T, f fault) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), s.Patience)
	defer cancel()
	for {
		data, err := s.Logs(t.Context())
		must(t, err)
		got := logged(data)
		want := sorted(f.log.on(s.Product, ""))
		if got == want {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("by its log: %q, want %q\n%s", got, want, data)
		}
		s.client.Look(ctx, s.accounts, nil)
	}
}

// logged returns what a log says is wrong; a log without a word about certificates says nothing.
func logged(data []byte) string {
	var e checkup.Evidence
	if e.Read("mail.log", bytes.NewReader(data)) != nil {
		return ""
	}
	answer, _, err := (&checkup.Checkup{Knowledge: chain.NewKnowledge(nil, nil)}).Examine(context.Background(), e)
	if err != nil || len(answer.Places) == 0 {
		return ""
	}
	return sorted(finding.Codes(answer.Places[0].Findings))
}
