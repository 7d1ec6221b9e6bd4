package finding_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// What somebody else wrote is bounded, and valid, wherever the cut falls.
func TestClip(t *testing.T) {
	for i := range 8 {
		long := strings.Repeat("x", i) + strings.Repeat("ü€", 200)
		if got := finding.Clip(long); !utf8.ValidString(got) || len(got) > finding.MaxQuote+len("…") || !strings.HasSuffix(got, "…") {
			t.Errorf("%d: %q", i, got)
		}
	}
	for said, want := range map[string]string{"short": "short", "\xff": "\uFFFD", "": ""} {
		if got := finding.Clip(said); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := finding.Quoted("  220 hi\r\n"); got != "“220 hi”" {
		t.Errorf("%q", got)
	}
}

func TestListed(t *testing.T) {
	for want, names := range map[string][]string{
		"no server name":        nil,
		"a":                     {"a"},
		"a and b":               {"a", "b"},
		"a, b, c and d":         {"a", "b", "c", "d"},
		"a, b, c, d and 2 more": {"a", "b", "c", "d", "e", "f"},
	} {
		if got := finding.Listed(names); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestSpan(t *testing.T) {
	const day = 24 * time.Hour
	for d, want := range map[time.Duration]string{
		0: "less than a minute", 90 * time.Second: "1 minute", -3 * time.Hour: "3 hours", day: "1 day",
		400 * day: "400 days", 800 * day: "2 years",
	} {
		if got := finding.Span(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
	if got := finding.Day(time.Date(2026, 6, 5, 14, 30, 0, 0, time.FixedZone("", 7200))); got != "5 June 2026 12:30 UTC" {
		t.Errorf("%q", got)
	}
}
