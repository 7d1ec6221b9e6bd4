package chain_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/chain"
)

// TestPure: the same evidence gives the same judgement, also after a journey as JSON, and is not changed.
func TestPure(t *testing.T) {
	for _, r := range allRows(t) {
		data, err := json.Marshal(r.evidence)
		if err != nil {
			t.Fatal(err)
		}
		var copied chain.Evidence
		if err := json.Unmarshal(data, &copied); err != nil {
			t.Fatal(err)
		}
		want := r.judge()
		if got := r.judge(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: another judgement the second time", r.name)
		}
		if got := (row{evidence: copied, know: r.know}).judge(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: another judgement after JSON\n%+v\n%+v", r.name, got, want)
		}
		if after, err := json.Marshal(r.evidence); err != nil || string(after) != string(data) {
			t.Errorf("%s: the evidence was changed", r.name)
		}
		var back chain.Judgement
		if data, err = json.Marshal(want); err == nil {
			err = json.Unmarshal(data, &back)
		}
		if err != nil || !reflect.DeepEqual(back, want) {
			t.Errorf("%s: the judgement does not survive JSON: %v", r.name, err)
		}
	}
}
