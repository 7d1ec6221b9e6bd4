// Package message knows what programs say when TLS fails: one table from words to codes. The readers
// of transcripts and logs use it, and whoever types in what a screen says.
//
// A row of the table has the words that stay the same whoever says them, and leaves out names, dates
// and numbers. What is matched is folded first: case, quotes, dashes, accents and line breaks do not
// matter. Words that may have several causes give them all; a meaning is never more certain than
// the words are.
package message

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// MaxText is how much of a text is looked at, in bytes.
const MaxText = 64 << 10

// Side says who speaks.
type Side string

// The sides.
const (
	Client Side = "client" // a program that connected, or its library
	Server Side = "server" // a server, of a client that connected to it
)

// A Meaning is what some words mean.
type Meaning struct {
	// Codes are what may be behind it, the likeliest first; finding.Unexplained alone where the words
	// say only that it failed.
	Codes  []finding.Code
	By     string // whose words they are: "OpenSSL", "Schannel", "Outlook for Windows"
	Source string // where that is known from
	Words  string // the words of the table that fitted
	// Vague says how little they tell: 0 for words that name a cause, 1 where they say only that it was
	// the certificate, 2 where they say only that it failed. Of several lines of one failure those with
	// the lowest count, as Find and Every have it for one text.
	Vague int
}

// Find says what a line or a short text means, and false where no words of it are known.
//
// Where several rows of the table fit, the most specific one wins. Words that say only that it failed
// give way to all others, and those that do not even say whether it was the certificate give way to
// those that do; words within longer words that fit too do not count; of two that name some
// of the same causes, the one that leaves fewer open; and of what then remains the longest.
func Find(text string, side Side) (Meaning, bool) { return FindFolded(Fold(clip(text)), side) }

// FindFolded is Find for a text that has been through Fold.
func FindFolded(folded string, side Side) (Meaning, bool) {
	var space [16]hit
	return best(table().search(space[:0], clip(folded), side))
}

func best(hits []hit) (Meaning, bool) {
	hits = telling(hits)
	if len(hits) == 0 {
		return Meaning{}, false
	}
	return slices.MaxFunc(hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.pattern.weight(), b.pattern.weight()), cmp.Compare(b.from, a.from))
	}).meaning(), true
}

// Every returns all meanings in a longer text, each once, in the order of their first words: a dialog
// may name two reasons. A message may go over several lines.
func Every(text string, side Side) []Meaning {
	whole := Fold(clip(text))
	hits := table().search(nil, whole, side)
	if strings.ContainsAny(text, "\r\n") {
		hits = append(hits, alone(text, whole, side)...)
	}
	hits = telling(hits)
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(a.from, b.from) })
	var out []Meaning
	for _, h := range hits {
		m := h.meaning()
		if !slices.ContainsFunc(out, func(o Meaning) bool { return slices.Equal(o.Codes, m.Codes) }) {
			out = append(out, m)
		}
	}
	return out
}

// alone returns what lines of text mean that are known only from the beginning or to the end of a
// line. Words that are a whole message, such as "EOF", are too few to be one line of many.
func alone(text, whole string, side Side) (out []hit) {
	at := 0
	for line := range strings.Lines(clip(text)) {
		folded := Fold(line)
		if i := strings.Index(whole[at:], folded); i >= 0 {
			at += i
		}
		for _, h := range table().search(nil, folded, side) {
			if h.pattern.start != h.pattern.end {
				h.from, h.to = h.from+at, h.to+at
				out = append(out, h)
			}
		}
	}
	return out
}

// lead is how many bytes a pattern may begin before the longer one that it stands within: ": self-signed
// certificate" has two.
const lead = 2

// telling leaves out what other hits make superfluous.
func telling(hits []hit) []hit {
	if len(hits) < 2 {
		return hits
	}
	least := hits[0].pattern.row.vagueness
	for _, h := range hits {
		least = min(least, h.pattern.row.vagueness)
	}
	hits = slices.DeleteFunc(hits, func(h hit) bool { return h.pattern.row.vagueness > least })
	all := slices.Clone(hits)
	within := func(h hit) bool {
		return slices.ContainsFunc(all, func(o hit) bool {
			return o.from <= h.from+lead && h.to <= o.to && o.pattern.weight() > h.pattern.weight()
		})
	}
	hits = slices.DeleteFunc(hits, within)
	all = slices.Clone(hits)
	wider := func(h hit) bool {
		return slices.ContainsFunc(all, func(o hit) bool {
			return len(o.pattern.row.Codes) < len(h.pattern.row.Codes) && includes(h.pattern.row.Codes, o.pattern.row.Codes)
		})
	}
	return slices.DeleteFunc(hits, wider)
}

// includes reports whether all has each of some.
func includes(all, some []finding.Code) bool {
	for _, c := range some {
		if !slices.Contains(all, c) {
			return false
		}
	}
	return true
}

func clip(s string) string { return s[:min(len(s), MaxText)] }
