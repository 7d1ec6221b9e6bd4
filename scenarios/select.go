package scenarios

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// An UnknownError names a word that stands for no scenario of the catalogue.
type UnknownError struct {
	Word    string
	Nearest []string // the ids that were most likely meant, the best first
}

func (e *UnknownError) Error() string { return fmt.Sprintf("there is no scenario %q", e.Word) }

// Find returns the scenarios of the catalogue that a word stands for: an id, a number, a pattern of
// ids with "*" and "?" as file names have it, or several of these with "+" between them, which are
// combined. A word that stands for none gives an *UnknownError, and scenarios that cannot be
// combined a *CombineError.
func Find(word string) ([]Scenario, error) {
	if parts := strings.Split(word, "+"); len(parts) > 1 {
		return findCombined(word, parts)
	}
	number, err := strconv.Atoi(word)
	var out []Scenario
	for _, s := range All() {
		if matched, bad := path.Match(word, s.ID); s.ID == word || err == nil && s.Number == number || bad == nil && matched {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return nil, &UnknownError{word, Nearest(word)}
	}
	return out, nil
}

func findCombined(word string, parts []string) ([]Scenario, error) {
	var all []Scenario
	for _, p := range parts {
		found, err := Find(p)
		if err != nil {
			return nil, err
		}
		if len(found) > 1 {
			return nil, &CombineError{word, fmt.Sprintf("%q stands for %d scenarios, and each part must be one", p, len(found))}
		}
		all = append(all, found[0])
	}
	s, err := Combine(all...)
	if err != nil {
		return nil, err
	}
	return []Scenario{s}, nil
}

// A Filter lets through the scenarios that are all of what it says; the zero Filter lets all through.
type Filter struct {
	Family   Family
	Cause    finding.Code     // it must be found on some endpoint
	Endpoint account.Endpoint // the scenario runs on it
}

// Lets reports whether the scenario is all of what the filter says.
func (f Filter) Lets(s Scenario) bool {
	return (f.Family == "" || s.Family == f.Family) &&
		(f.Endpoint == "" || slices.Contains(s.On(), f.Endpoint)) &&
		(f.Cause == "" || slices.Contains(s.Codes(), f.Cause))
}

// Codes returns what must be found on any endpoint, each code once.
func (c Case) Codes() []finding.Code {
	var out []finding.Code
	for _, e := range c.On() {
		for _, code := range c.Expected(e) {
			if !slices.Contains(out, code) {
				out = append(out, code)
			}
		}
	}
	return out
}

// Shard returns the i-th of n parts of a list, from 1. The parts are of about one size, none of the
// list is in two of them, and what stands together in the list, and takes about the same time, is
// spread over all.
func Shard(list []Scenario, i, n int) []Scenario {
	var out []Scenario
	for at := i - 1; at < len(list); at += n {
		out = append(out, list[at])
	}
	return out
}
