package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// The guide is testdata/guide.yaml, which says what its fields mean.
type guide struct {
	Statements []statement `yaml:"statements"`
	Outdated   []outdated  `yaml:"outdated"`
	Gaps       []statement `yaml:"gaps"`
}

type statement struct {
	ID      string    `yaml:"id"`
	Says    string    `yaml:"says"`
	Carried []carrier `yaml:"carried"`
}

type outdated struct {
	ID    string    `yaml:"id"`
	Guide string    `yaml:"guide"`
	Now   []carrier `yaml:"now"`
	Old   []oldWay  `yaml:"old"`
}

type oldWay struct {
	Pattern string   `yaml:"pattern"`
	Example string   `yaml:"example"`
	Only    []string `yaml:"only"`
}

type carrier struct {
	Remedy   finding.Code `yaml:"remedy"`
	Party    string       `yaml:"party"`
	For      string       `yaml:"for"`
	Finding  finding.Code `yaml:"finding"`
	Scenario string       `yaml:"scenario"`
	Help     string       `yaml:"help"`
	Text     string       `yaml:"text"`
}

// How many there are of each. The numbers are the guide's own and what was found wrong with it.
const (
	statementsOfGuide = 53
	outdatedInGuide   = 14
	gapsOfGuide       = 9
)

// spoken is all that the program says, read from the program and not from the guide.
type spoken struct {
	advice    map[finding.Code]remedy.Advice
	titles    map[finding.Code]string
	scenarios map[string]scenarios.Scenario
	help      map[string]string
	// matched remembers which texts a pattern matches: a hundred codes share most of their steps.
	matched map[[2]string]bool
}

func spokenByTheProgram(t *testing.T) spoken {
	t.Helper()
	book, err := remedy.Open()
	if err != nil {
		t.Fatal(err)
	}
	out := spoken{map[finding.Code]remedy.Advice{}, map[finding.Code]string{}, map[string]scenarios.Scenario{}, map[string]string{}, map[[2]string]bool{}}
	for _, info := range finding.All() {
		out.titles[info.Code] = info.Title
		out.advice[info.Code], _ = book.For(info.Code)
	}
	for _, s := range scenarios.All() {
		out.scenarios[s.ID] = s
	}
	out.help["mailtlslab"] = helpOf(t, "--help")
	for _, c := range command().Commands() {
		out.help[c.Name()] = helpOf(t, c.Name(), "--help")
	}
	return out
}

// helpOf returns a help text with a space between words, wherever its lines end.
func helpOf(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := run(context.Background(), args, strings.NewReader(""), &stdout, &stderr); code != exitOK {
		t.Fatalf("%q: status %d: %s", args, code, stderr.String())
	}
	return strings.Join(strings.Fields(stdout.String()), " ")
}

func readGuide(t *testing.T) guide {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "guide.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var g guide
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&g); err != nil {
		t.Fatal(err)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		t.Fatal("more than one document")
	}
	return g
}

// TestWholeGuideIsCarried holds the program to the guide: to each statement, to the present way
// where the guide's own is out of date, and to what the guide leaves out.
func TestWholeGuideIsCarried(t *testing.T) {
	for _, complaint := range complaints(readGuide(t), spokenByTheProgram(t)) {
		t.Error(complaint)
	}
}

// complaints says what is missing, out of order, dangling or out of date.
func complaints(g guide, p spoken) []string {
	out := statementComplaints("S%02d", statementsOfGuide, g.Statements, p)
	out = append(out, statementComplaints("G%d", gapsOfGuide, g.Gaps, p)...)
	for _, gap := range g.Gaps {
		if !shown(gap.Carried, p) {
			out = append(out, gap.ID+": none of its scenarios finds one of its findings")
		}
	}
	if len(g.Outdated) != outdatedInGuide {
		out = append(out, fmt.Sprintf("%d outdated ways, not %d", len(g.Outdated), outdatedInGuide))
	}
	for i, o := range g.Outdated {
		if want := fmt.Sprintf("C%d", i+1); o.ID != want {
			out = append(out, fmt.Sprintf("%s stands where %s belongs", o.ID, want))
		}
		if o.Guide == "" || len(o.Old) == 0 {
			out = append(out, o.ID+": what the guide says, or its pattern, is missing")
		}
		out = append(out, carrierComplaints(o.ID, o.Now, p)...)
		for _, old := range o.Old {
			out = append(out, oldComplaints(o.ID, old, p)...)
		}
	}
	return out
}

func statementComplaints(form string, count int, all []statement, p spoken) []string {
	var out []string
	if len(all) != count {
		out = append(out, fmt.Sprintf("%d statements like %s, not %d", len(all), fmt.Sprintf(form, 1), count))
	}
	for i, s := range all {
		if want := fmt.Sprintf(form, i+1); s.ID != want {
			out = append(out, fmt.Sprintf("%s stands where %s belongs", s.ID, want))
		}
		if s.Says == "" {
			out = append(out, s.ID+": says nothing")
		}
		out = append(out, carrierComplaints(s.ID, s.Carried, p)...)
	}
	return out
}

func carrierComplaints(id string, all []carrier, p spoken) []string {
	if len(all) == 0 {
		return []string{id + ": nothing carries it"}
	}
	var out []string
	for i, c := range all {
		if err := p.carries(c); err != nil {
			out = append(out, fmt.Sprintf("%s, carrier %d: %v", id, i+1, err))
		}
	}
	return out
}

// carries says why c does not carry what it should.
func (p spoken) carries(c carrier) error {
	re, err := regexp.Compile(c.Text)
	if err != nil {
		return err
	}
	if re.MatchString("") {
		return fmt.Errorf("%q matches anything", c.Text)
	}
	texts, err := p.texts(c)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(texts, re.MatchString) {
		return fmt.Errorf("%q is not said there", c.Text)
	}
	return nil
}

// texts returns what stands at the place that c names, each piece by itself.
func (p spoken) texts(c carrier) ([]string, error) {
	at := c
	at.Text = ""
	switch at {
	case carrier{}:
		return nil, errors.New("names no place")
	case carrier{Finding: c.Finding}:
		return known(p.titles, c.Finding, func(title string) []string { return []string{title} })
	case carrier{Scenario: c.Scenario}:
		return known(p.scenarios, c.Scenario, func(s scenarios.Scenario) []string { return []string{s.Title + ".\n" + s.Story} })
	case carrier{Help: c.Help}:
		return known(p.help, c.Help, func(help string) []string { return []string{help} })
	case carrier{Remedy: c.Remedy, Party: c.Party, For: c.For}:
		a, ok := p.advice[c.Remedy]
		if !ok {
			return nil, fmt.Errorf("%q: no such thing", c.Remedy)
		}
		return adviceTexts(a, c.Party, c.For)
	}
	return nil, errors.New("names more than one place")
}

func known[K ~string, V any](all map[K]V, key K, texts func(V) []string) ([]string, error) {
	v, ok := all[key]
	if !ok {
		return nil, fmt.Errorf("%q: no such thing", key)
	}
	return texts(v), nil
}

// adviceTexts returns the steps for the platforms and products that begin with name, or one of
// the two sentences.
func adviceTexts(a remedy.Advice, party, name string) ([]string, error) {
	var steps []remedy.Steps
	switch {
	case party == "prevention" && name == "":
		return []string{a.Prevention}, nil
	case party == "support" && name == "":
		return []string{a.Support}, nil
	case party == "user" && name != "":
		steps = a.User
	case party == "admin" && name != "":
		steps = a.Admin
	default:
		return nil, fmt.Errorf("%s: no party %q with platform %q", a.Code, party, name)
	}
	var out []string
	for _, s := range steps {
		if strings.HasPrefix(s.For, name) {
			out = append(out, stepsText(s))
		}
	}
	if out == nil {
		return nil, fmt.Errorf("%s: nothing for %q", a.Code, name)
	}
	return out, nil
}

func (p spoken) matches(re *regexp.Regexp, text string) bool {
	key := [2]string{re.String(), text}
	matched, ok := p.matched[key]
	if !ok {
		matched = re.MatchString(text)
		p.matched[key] = matched
	}
	return matched
}

func stepsText(s remedy.Steps) string { return strings.Join(s.Steps, "\n") + "\n" + s.Config }

// oldComplaints says where an old way still stands.
func oldComplaints(id string, old oldWay, p spoken) []string {
	re, err := regexp.Compile(old.Pattern)
	if err != nil {
		return []string{id + ": " + err.Error()}
	}
	var out []string
	if !re.MatchString(old.Example) {
		out = append(out, fmt.Sprintf("%s: %q does not match its example", id, old.Pattern))
	}
	kept := make([]bool, len(old.Only))
	look := func(where, platform, text string) {
		if !p.matches(re, text) {
			return
		}
		i := slices.IndexFunc(old.Only, func(name string) bool { return strings.HasPrefix(platform, name) })
		if i < 0 {
			out = append(out, fmt.Sprintf("%s: %s, %s: still says %q", id, where, platform, old.Pattern))
			return
		}
		kept[i] = true
	}
	for _, code := range slices.Sorted(maps.Keys(p.advice)) {
		a := p.advice[code]
		for _, s := range slices.Concat(a.User, a.Admin) {
			look(string(code), s.For, stepsText(s))
		}
		look(string(code), "prevention", a.Prevention)
		look(string(code), "support", a.Support)
		look(string(code), "title", p.titles[code])
	}
	for _, name := range slices.Sorted(maps.Keys(p.scenarios)) {
		look(name, "story", p.scenarios[name].Title+".\n"+p.scenarios[name].Story)
	}
	for _, name := range slices.Sorted(maps.Keys(p.help)) {
		look(name, "help", p.help[name])
	}
	for i, name := range old.Only {
		if !kept[i] {
			out = append(out, fmt.Sprintf("%s: %q is kept for %s, which does not say it", id, old.Pattern, name))
		}
	}
	return out
}

// shown reports whether a scenario among the carriers finds one of the findings among them.
func shown(all []carrier, p spoken) bool {
	return slices.ContainsFunc(all, func(c carrier) bool {
		s, ok := p.scenarios[c.Scenario]
		return ok && slices.ContainsFunc(s.Codes(), func(code finding.Code) bool {
			return slices.ContainsFunc(all, func(f carrier) bool { return f.Finding == code })
		})
	})
}
