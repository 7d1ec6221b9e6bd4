package scenarios

import (
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// All returns the catalogue in the order of the numbers.
func All() []Scenario {
	all := slices.Concat(controls(), trust(), names(), times(), keys(), usages(), revocations(), protocols(),
		startTLS(), settings(), network(), interception(), publishing(), lifeCycle())
	slices.SortFunc(all, func(a, b Scenario) int { return a.Number - b.Number })
	return all
}

// Lookup returns the scenario with the given id, and false when there is none.
func Lookup(id string) (Scenario, bool) {
	for _, s := range All() {
		if s.ID == id {
			return s, true
		}
	}
	return Scenario{}, false
}

// Nearest returns the ids that a misspelt one was most likely meant to be, the best first, at most three.
func Nearest(id string) []string {
	var ids []string
	for _, s := range All() {
		ids = append(ids, s.ID)
	}
	return NearestOf(id, ids)
}

// NearestOf returns those of words that a misspelt one was most likely meant to be, the best first, at
// most three.
func NearestOf(misspelt string, words []string) []string {
	type candidate struct {
		id       string
		distance int
	}
	var found []candidate
	misspelt = strings.ToLower(misspelt)
	for _, word := range words {
		d := distance(misspelt, word)
		if strings.Contains(word, misspelt) && misspelt != "" {
			d = min(d, 2)
		}
		if d <= max(3, len(misspelt)/3) {
			found = append(found, candidate{word, d})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return a.distance - b.distance })
	var out []string
	for _, c := range found[:min(3, len(found))] {
		out = append(out, c.id)
	}
	return out
}

// distance is the number of letters to change, add or drop to get from a to b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, row[j]+1, before+1)
		}
	}
	return row[len(b)]
}

// Showing returns the ids of the scenarios in which c is found, those with fewest findings first.
func Showing(c finding.Code) []string {
	var found []Scenario
	for _, s := range All() {
		for _, x := range s.Expect {
			if slices.Contains(x.Findings, c) {
				found = append(found, s)
				break
			}
		}
	}
	slices.SortStableFunc(found, func(a, b Scenario) int { return len(a.Expect[0].Findings) - len(b.Expect[0].Findings) })
	var ids []string
	for _, s := range found {
		ids = append(ids, s.ID)
	}
	return ids
}
