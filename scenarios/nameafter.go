package scenarios

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// NameAfter names the scenarios of a file after it where they have no id or title of their own, with
// a number where that is taken.
func NameAfter(file string, all []Scenario, taken func(id string) bool) []Scenario {
	for i := range all {
		s := &all[i]
		if s.ID == "" {
			s.ID = FileID(file)
			for n := 2; taken(s.ID) || slices.ContainsFunc(all[:i], func(t Scenario) bool { return t.ID == s.ID }); n++ {
				s.ID = fmt.Sprintf("%s-%d", FileID(file), n)
			}
		}
		if s.Title == "" {
			s.Title = "From " + filepath.Base(file)
		}
	}
	return all
}

// FileID makes an id that a file may have of the name of a file, or of the id of combined scenarios.
func FileID(file string) string {
	words := strings.FieldsFunc(strings.ToLower(strings.TrimSuffix(filepath.Base(file), ".json")), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	id := strings.Join(words, "-")
	if id == "" {
		return "file"
	}
	return strings.TrimRight(id[:min(len(id), maxID-10)], "-")
}
