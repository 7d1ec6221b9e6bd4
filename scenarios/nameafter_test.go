package scenarios_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/scenarios"
)

// TestFileID: a scenario of the catalogue keeps its id in a file.
func TestFileID(t *testing.T) {
	for _, s := range scenarios.All() {
		if got := scenarios.FileID(s.ID); got != s.ID {
			t.Errorf("%s became %s", s.ID, got)
		}
	}
	if got := scenarios.FileID("expired-leaf+wrong-host-single"); got != "expired-leaf-wrong-host-single" {
		t.Error(got)
	}
}

func TestNameAfter(t *testing.T) {
	named := func(file string, n int, own string) string {
		all := make([]scenarios.Scenario, n)
		all[0].ID = own
		var ids []string
		for _, s := range scenarios.NameAfter(file, all, func(id string) bool { return id == "taken" }) {
			ids = append(ids, s.ID)
			if err := s.CheckFile(); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
		return fmt.Sprint(ids)
	}
	for _, c := range []struct{ got, want string }{
		{named("a/My Own_File.json", 1, ""), "[my-own-file]"},
		{named("a/My Own_File.json", 3, "own"), "[own my-own-file my-own-file-2]"},
		{named("taken.json", 2, ""), "[taken-2 taken-3]"},
		{named("/dev/é.json", 1, ""), "[file]"},
		{named(strings.Repeat("x", 49)+"-y.json", 1, ""), "[" + strings.Repeat("x", 49) + "]"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
}
