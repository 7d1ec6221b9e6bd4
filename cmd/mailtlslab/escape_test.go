package main

import (
	"testing"
	"unicode"
	"unicode/utf8"
)

// inert fails for text that a terminal would do anything with but show it.
func inert(t testing.TB, s string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Errorf("no UTF-8: %.200q", s)
	}
	for _, r := range s {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			t.Fatalf("%U in %.200q", r, s)
		}
	}
}
