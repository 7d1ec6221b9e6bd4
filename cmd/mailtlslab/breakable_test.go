package main

import (
	"strings"
	"testing"
)

func TestBreakable(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "",
		"a b":                         "a b",
		"0123456789":                  "0123456789",
		"01234567890":                 "0123456789 0",
		"x https://a.test/b/c?d":      "x https:// a.test/b/ c?d",
		"/" + strings.Repeat("é", 11): "/" + strings.Repeat("é", 9) + " " + strings.Repeat("é", 2),
	} {
		if got := breakable(text, 10); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
