package lab

import (
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/scenarios"
)

func TestDomain(t *testing.T) {
	for id, want := range map[string]string{
		"expired-leaf": "expired-leaf.lab.test", "expired-leaf+wrong-host-single": "expired-leaf-wrong-host-single.lab.test",
		strings.Repeat("x", 62) + "+" + "y": strings.Repeat("x", 62) + ".lab.test",
	} {
		if got := (&Server{Scenario: scenarios.Scenario{Lesson: scenarios.Lesson{ID: id}}}).Domain(); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
}
