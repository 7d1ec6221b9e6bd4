package message

import (
	"slices"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// example is what a row's own words say, with something in each gap.
func example(r Row) string {
	first := ""
	expand("", r.Words, func(form string) {
		if first == "" {
			first = form
		}
	})
	first = strings.TrimSuffix(strings.TrimPrefix(first, "^"), "$")
	first = strings.TrimSuffix(strings.TrimPrefix(first, "*"), "*")
	return strings.NewReplacer("*", " … ", "~", " … ").Replace(first) + strings.Repeat("…", len(first)-len(strings.TrimRight(first, " ")))
}

// TestRowsAreWellFormed: codes of the vocabulary, once each, words, a program and a source.
func TestRowsAreWellFormed(t *testing.T) {
	type key struct {
		words string
		side  Side
	}
	seen := map[key]bool{}
	for _, r := range Rows() {
		if len(example(r)) < 3 || r.By == "" || len(r.Source) < 8 || len(r.Codes) == 0 {
			t.Errorf("%+v", r)
		}
		for i, c := range r.Codes {
			if _, ok := finding.Lookup(c); !ok || slices.Contains(r.Codes[:i], c) {
				t.Errorf("%q: %s is no code, or there twice", r.Words, c)
			}
		}
		if len(r.Codes) > 1 && slices.Contains(r.Codes, finding.Unexplained) {
			t.Errorf("%q: unexplained, and explained: %v", r.Words, r.Codes)
		}
		if seen[key{r.Words, r.Side}] || seen[key{r.Words, ""}] {
			t.Errorf("%q: there twice", r.Words)
		}
		seen[key{r.Words, r.Side}] = true
		if !slices.Contains([]Side{"", Client, Server}, r.Side) {
			t.Errorf("%q: side %q", r.Words, r.Side)
		}
	}
}

// TestEveryRowIsNeeded: of what it was made for, another answer or none comes without it.
func TestEveryRowIsNeeded(t *testing.T) {
	collected := facts(t)
	x := table()
	needed := map[string]int{}
	for _, f := range collected {
		hits := x.search(nil, Fold(f.Message), f.side())
		if m, ok := best(slices.Clone(hits)); ok {
			needed[m.Words]++
		}
	}
	for i := range x.rows {
		r := &x.rows[i]
		side := r.Side
		if side == "" {
			side = Client
		}
		text := example(*r)
		hits := x.search(nil, Fold(text), side)
		with, _ := best(slices.Clone(hits))
		without, _ := best(slices.DeleteFunc(slices.Clone(hits), func(h hit) bool { return h.pattern.row == r }))
		if with.Words != r.Words || slices.Equal(with.Codes, without.Codes) && needed[r.Words] == 0 {
			t.Errorf("%s %q: %q means %v by %q, and without this row %v by %q", r.By, r.Words, text, with.Codes, with.Words, without.Codes, without.Words)
		}
	}
	t.Logf("%d rows, %d of them seen in the collected messages", len(x.rows), len(needed))
}

// TestVague: how little words tell is told with them, and of one text those that tell most count.
func TestVague(t *testing.T) {
	for words, want := range map[string]int{
		"certificate has expired":   0,
		"certificate verify failed": 1,
		"SMTP connect() failed.":    2,
	} {
		if m, _ := Find(words, Client); m.Vague != want {
			t.Errorf("%s: %d, want %d", words, m.Vague, want)
		}
	}
	all := Every("SMTP connect() failed.\nSSL operation failed with code 1.\nerror:0A000086:SSL routines::certificate verify failed", Client)
	if len(all) != 1 || all[0].Vague != 1 || all[0].Codes[0] != finding.NameMismatch {
		t.Errorf("%+v", all)
	}
}
