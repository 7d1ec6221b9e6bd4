package face

import (
	"strings"
	"testing"
)

func TestSentence(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "the end": "The end.", "mail.lab.test is": "mail.lab.test is.", "[::1]:993 says no!": "[::1]:993 says no!",
		"use old.lab.test": "Use old.lab.test.", "done.": "Done.", "über": "Über.", "\xff": "\ufffd.",
	} {
		if got := Sentence(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestBreakable(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "",
		"a b":                         "a b",
		"0123456789":                  "0123456789",
		"01234567890":                 "0123456789 0",
		"x https://a.test/b/c?d":      "x https:// a.test/b/ c?d",
		"/" + strings.Repeat("é", 11): "/" + strings.Repeat("é", 9) + " " + strings.Repeat("é", 2),
	} {
		if got := Breakable(text, 10); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
