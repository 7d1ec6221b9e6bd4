package message

import (
	"os"
	"strings"
	"testing"
)

// TestInnocent: where nothing has failed, nothing is found, whoever says it and together neither.
func TestInnocent(t *testing.T) {
	data, err := os.ReadFile("testdata/innocent.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		n++
		for _, side := range []Side{Client, Server} {
			if m, ok := Find(line, side); ok {
				t.Errorf("%s: %q means %v by %q", side, line, m.Codes, m.Words)
			}
		}
	}
	if n < 120 {
		t.Errorf("only %d lines", n)
	}
	for _, side := range []Side{Client, Server} {
		for _, m := range Every(string(data), side) {
			t.Errorf("%s, all of it: %v by %q", side, m.Codes, m.Words)
		}
	}
}
