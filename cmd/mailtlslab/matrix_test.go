package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mailtlslab/mailtlslab/cmd/internal/terminal"
	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/verify"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// TestMatrixWidth lays the whole catalogue out for both widths: no line may be wider, and each
// scenario, each code and each cure must be there.
func TestMatrixWidth(t *testing.T) {
	l, err := lab.New(lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r := verify.Run(t.Context(), l, scenarios.All(), verify.Options{})
	for _, columns := range []int{terminal.Narrow, terminal.Wide} {
		var b strings.Builder
		writeMatrix(&b, terminal.Palette{}, columns, r)
		for l := range strings.Lines(b.String()) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(l, "\n")); n > columns {
				t.Errorf("%d columns instead of %d: %q", n, columns, l)
			}
		}
		for _, row := range r.Rows {
			words := append([]string{row.ID}, found(row)...)
			for _, w := range append(words, row.CuredBy()...) {
				first, _, _ := strings.Cut(w, " ")
				if first != "clean" && !strings.Contains(b.String(), first) {
					t.Errorf("%d columns: %s is missing", columns, first)
				}
			}
		}
	}
}

// TestSummary tells what could not be served as well.
func TestSummary(t *testing.T) {
	r := verify.Report{Rows: []verify.Row{
		{ID: "a", Problem: "no\x1b[2J"}, {ID: "b"}, {ID: "c", Unavailable: "no IPv6"}, {ID: "d", Again: []string{"imaps: expected [], found [slow-server]"}},
	}}
	var b strings.Builder
	writeMatrix(&b, terminal.Palette{}, terminal.Narrow, r)
	writeSummary(&b, terminal.Palette{}, r, 0)
	inert(t, b.String())
	for _, want := range []string{"not served", `✗ a: no\x1b[2J`, "1 of 4 scenarios not as expected", "· c is unavailable here: no IPv6", "d was looked at again alone with more time, and was as expected then; at first:\n    imaps: expected [], found [slow-server]"} {
		if strings.Count(b.String(), want) != 1 {
			t.Errorf("%q should be once in\n%s", want, b.String())
		}
	}
}
