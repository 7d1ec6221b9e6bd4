package verify

import (
	"context"
	"testing"

	"github.com/mailtlslab/mailtlslab/scenarios"
)

// TestPairs: where two scenarios can be combined and say what must be found, that and nothing else
// is found, and each remedy cures its share. Every seventh pair stands for all, on one endpoint.
func TestPairs(t *testing.T) {
	const stride, atLeast = 7, 60
	var list []scenarios.Scenario
	all := scenarios.All()
	n := 0
	for i, a := range all {
		for _, b := range all[i+1:] {
			n++
			if n%stride != 0 {
				continue
			}
			if s, err := scenarios.Combine(a, b); err == nil && s.Expects() {
				s.Endpoints = s.On()[:1]
				list = append(list, s)
			}
		}
	}
	if len(list) < atLeast {
		t.Errorf("only %d pairs say what must be found", len(list))
	}
	report := Run(context.Background(), newLab(t), list, Options{Timeout: patience})
	for _, row := range report.Rows {
		if row.Problem != "" {
			t.Errorf("%s: %s", row.ID, row.Problem)
		}
		for _, c := range row.Cells {
			for _, p := range c.Problems {
				t.Errorf("%s on %s: %s", row.ID, c.Endpoint, p)
			}
		}
	}
}
