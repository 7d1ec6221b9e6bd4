package integration

import (
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
)

// proven is every procedure that was carried out and left its server clean: a test binary has one
// such list.
var proven deeds

type deeds struct {
	mu   sync.Mutex
	done map[deed]bool
}

type deed struct {
	product remedy.Product
	task    remedy.Task
}

func (d *deeds) add(p remedy.Product, t remedy.Task) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.done == nil {
		d.done = map[deed]bool{}
	}
	d.done[deed{p, t}] = true
}

func (d *deeds) has(one deed) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.done[one]
}

// procedures returns everything in the book that can be carried out, each once.
func procedures() map[deed]remedy.Steps {
	out := map[deed]remedy.Steps{}
	book, err := remedy.Open()
	if err != nil {
		return out // which lab/remedy has a test for
	}
	for _, info := range finding.All() {
		advice, _ := book.For(info.Code)
		for _, steps := range advice.Admin {
			if p := steps.Procedure; !p.IsZero() {
				out[deed{p.Product, p.Task}] = steps
			}
		}
	}
	return out
}

// unproven returns what of the book was not carried out.
func unproven() []deed {
	var out []deed
	for one := range procedures() {
		if !proven.has(one) {
			out = append(out, one)
		}
	}
	return out
}

// sources holds the remedies' sources against the server that runs here: what is called proven
// names its version.
func (s *subject) sources(t *testing.T) {
	out, err := s.Machine.Run(t.Context(), "/", s.Version+" 2>&1 | head -n 1")
	must(t, err)
	version := regexp.MustCompile(`\d+\.\d+(\.\d+)*`).FindString(out)
	name, series, _ := strings.Cut(s.Name, " ")
	if version != series && !strings.HasPrefix(version, series+".") {
		t.Fatalf("%s is version %q", s.Name, version)
	}
	for one, steps := range procedures() {
		if one.product != s.Procedures {
			continue
		}
		if steps.Known.How != remedy.Proven || !strings.Contains(steps.Known.Source, name) || !strings.Contains(steps.Known.Source, series) {
			t.Errorf("%s of %s is carried out here, and its source is %q, %q", one.task, s.Name, steps.Known.How, steps.Known.Source)
		}
	}
}
