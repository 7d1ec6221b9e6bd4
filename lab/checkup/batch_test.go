package checkup

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// TestEveryCauseHasAWord: each error that a chain can have is in the table.
func TestEveryCauseHasAWord(t *testing.T) {
	table := causeWords()
	for _, info := range finding.All() {
		_, ok := table[info.Code]
		chain := info.Stage == finding.Certifying && info.Severity == finding.Error
		history := info.Family == finding.History || info.Family == finding.Revocation || info.Code == finding.InjectedPlaintext
		if chain && !ok && !history && info.Family != finding.Service && info.Family != finding.Protocol {
			t.Errorf("%s has no word", info.Code)
		}
	}
	unknown := finding.New(finding.IssuerUnknown, "")
	unknown.Facts.Detail = finding.DetailPublicCA
	if got := causesOf(unknown); len(got) != 1 || got[0] != "missing_intermediate" {
		t.Errorf("an unknown issuer that is a public CA is %q", got)
	}
	if got := causesOf(finding.New(finding.ChainOrder, "")); got != nil {
		t.Errorf("a warning is no cause: %q", got)
	}
}

// FuzzBatchLine: every line gets an answer of one line.
func FuzzBatchLine(f *testing.F) {
	f.Add([]byte(`{"id":7,"chain":["AAAA"],"roots":["AAAA"],"host":"x","time":"2026-01-01T00:00:00Z","usage":"any"}`))
	f.Add([]byte(`{"id":{"a":[1]},"chain":null,"roots":null}`))
	w := batchWorker{judge: judgeOf(nil), at: time.Unix(1<<30, 0)}
	f.Fuzz(func(t *testing.T, line []byte) {
		out, err := json.Marshal(w.answer(1, line, nil))
		if err != nil || len(out) == 0 {
			t.Fatal(err)
		}
	})
}
