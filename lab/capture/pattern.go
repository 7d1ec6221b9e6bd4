package capture

import (
	"regexp"
	"sync"
)

// A pattern is a regular expression that is compiled when it is first needed: a text needs few of
// them, and most runs of a program that can read texts none. Lines are bounded, and RE2 is linear.
type pattern struct{ compiled func() *regexp.Regexp }

func lazily(expr string) pattern {
	return pattern{sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })}
}

func (p pattern) in(s string) bool            { return p.compiled().MatchString(s) }
func (p pattern) find(s string) []string      { return p.compiled().FindStringSubmatch(s) }
func (p pattern) at(s string) []int           { return p.compiled().FindStringSubmatchIndex(s) }
func (p pattern) without(s, by string) string { return p.compiled().ReplaceAllString(s, by) }
func (p pattern) all(s string, most int) [][]string {
	return p.compiled().FindAllStringSubmatch(s, most)
}
func (p pattern) allAt(s string, most int) [][]int {
	return p.compiled().FindAllStringSubmatchIndex(s, most)
}
