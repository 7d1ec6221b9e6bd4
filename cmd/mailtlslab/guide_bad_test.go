package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
)

// Each case spoils one thing of the guide's list.
func TestSpoiltGuideIsReported(t *testing.T) {
	p := spokenByTheProgram(t)
	for _, tt := range []struct {
		name  string
		spoil func(*guide)
		want  string
	}{
		{"a statement is gone", func(g *guide) { g.Statements = slices.Delete(g.Statements, 30, 31) }, "52 statements like S01, not 53"},
		{"two are swapped", func(g *guide) { g.Statements[3], g.Statements[4] = g.Statements[4], g.Statements[3] }, "S05 stands where S04 belongs"},
		{"one twice", func(g *guide) { g.Statements[8] = g.Statements[7] }, "S08 stands where S09 belongs"},
		{"nothing is said", func(g *guide) { g.Statements[0].Says = "" }, "S01: says nothing"},
		{"no carrier", func(g *guide) { g.Statements[1].Carried = nil }, "S02: nothing carries it"},
		{"words that are not there", func(g *guide) { g.Statements[6].Carried[2].Text = "has gone off" }, `S07, carrier 3: "has gone off" is not said there`},
		{"words that are everywhere", func(g *guide) { g.Statements[6].Carried[2].Text = ".*" }, `S07, carrier 3: ".*" matches anything`},
		{"words that are no pattern", func(g *guide) { g.Statements[6].Carried[2].Text = "(" }, "S07, carrier 3: error parsing regexp"},
		{"a code that is none", func(g *guide) { g.Statements[6].Carried[2].Remedy = "gone-off" }, `S07, carrier 3: "gone-off": no such thing`},
		{"a title that is none", func(g *guide) { g.Statements[6].Carried[0].Finding = "gone-off" }, `S07, carrier 1: "gone-off": no such thing`},
		{"a scenario that is none", func(g *guide) { g.Statements[6].Carried[1].Scenario = "gone-off" }, `S07, carrier 2: "gone-off": no such thing`},
		{"a command that is none", func(g *guide) { g.Statements[4].Carried[0].Help = "elucidate" }, `S05, carrier 1: "elucidate": no such thing`},
		{"the other party", func(g *guide) { g.Statements[15].Carried[0].Party = "admin" }, `S16, carrier 1: connect-timeout: nothing for "Windows and Android"`},
		{"a party that is none", func(g *guide) { g.Statements[15].Carried[0].Party = "lawyer" }, `S16, carrier 1: connect-timeout: no party "lawyer"`},
		{"another platform", func(g *guide) { g.Statements[27].Carried[0].For = "other Android phones" }, "S28, carrier 1: "},
		{"no platform", func(g *guide) { g.Statements[27].Carried[0].For = "" }, `S28, carrier 1: handshake-timeout: no party "user" with platform ""`},
		{"two places at once", func(g *guide) { g.Statements[27].Carried[0].Scenario = "ok-full-chain" }, "S28, carrier 1: names more than one place"},
		{"no place", func(g *guide) { g.Statements[27].Carried[0] = carrier{Text: "x"} }, "S28, carrier 1: names no place"},
		{"a correction is gone", func(g *guide) { g.Outdated = g.Outdated[:13] }, "13 outdated ways, not 14"},
		{"corrections are swapped", func(g *guide) { g.Outdated[0], g.Outdated[1] = g.Outdated[1], g.Outdated[0] }, "C2 stands where C1 belongs"},
		{"a correction says nothing", func(g *guide) { g.Outdated[4].Now = nil }, "C5: nothing carries it"},
		{"no old way", func(g *guide) { g.Outdated[4].Old = nil }, "C5: what the guide says, or its pattern, is missing"},
		{"an old way that fits nothing", func(g *guide) { g.Outdated[4].Old[0].Pattern = "reset the net" }, `C5: "reset the net" does not match its example`},
		{"an old way where it still holds", func(g *guide) { g.Outdated[3].Old[0].Only = nil }, `C4: name-mismatch, iPhone and iPad, up to iOS 17 (where another server name works): still says`},
		{"an exception for nobody", func(g *guide) { g.Outdated[2].Old[0].Only = []string{"Chrome"} }, "is kept for Chrome, which does not say it"},
		{"a gap without its scenario", func(g *guide) { g.Gaps[0].Carried[1].Scenario = "ok-full-chain" }, "G1: none of its scenarios finds one of its findings"},
	} {
		g := readGuide(t) // anew, because the cases change it
		tt.spoil(&g)
		if got := complaints(g, p); !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, tt.want) || strings.HasSuffix(s, tt.want) }) {
			t.Errorf("%s: complaints %q, want one with %q", tt.name, got, tt.want)
		}
	}
}

// Without what a carrier points at, it is reported, whichever it is. The program is emptied place
// by place, so that no carrier can live on a neighbour.
func TestEveryCarrierCanFail(t *testing.T) {
	g, p := readGuide(t), spokenByTheProgram(t)
	all := slices.Concat(g.Statements, g.Gaps)
	for _, o := range g.Outdated {
		all = append(all, statement{ID: o.ID, Carried: o.Now})
	}
	for _, s := range all {
		for i, c := range s.Carried {
			want := fmt.Sprintf("%s, carrier %d: %q is not said there", s.ID, i+1, c.Text)
			if got := carrierComplaints(s.ID, s.Carried, p.without(c)); !slices.Contains(got, want) {
				t.Errorf("the program does not say it any more: complaints %q, want %q", got, want)
			}
		}
	}
}

// without returns p with nothing said at the place that c names.
func (p spoken) without(c carrier) spoken {
	switch {
	case c.Finding != "":
		p.titles = replaced(p.titles, c.Finding, "")
	case c.Help != "":
		p.help = replaced(p.help, c.Help, "")
	case c.Scenario != "":
		s := p.scenarios[c.Scenario]
		s.Title, s.Story = "", ""
		p.scenarios = replaced(p.scenarios, c.Scenario, s)
	case c.Party == "prevention" || c.Party == "support":
		a := p.advice[c.Remedy]
		a.Prevention, a.Support = "", ""
		p.advice = replaced(p.advice, c.Remedy, a)
	default:
		a := p.advice[c.Remedy]
		a.User, a.Admin = emptied(a.User, c.For), emptied(a.Admin, c.For)
		p.advice = replaced(p.advice, c.Remedy, a)
	}
	return p
}

func replaced[K comparable, V any](all map[K]V, key K, value V) map[K]V {
	out := maps.Clone(all)
	out[key] = value
	return out
}

func emptied(all []remedy.Steps, name string) []remedy.Steps {
	out := slices.Clone(all)
	for i := range out {
		if strings.HasPrefix(out[i].For, name) {
			out[i].Steps, out[i].Config = nil, ""
		}
	}
	return out
}

// An old way is found wherever it comes back: in steps, in configuration, in a sentence, in a
// title, in a story or in a help text.
func TestReturnOfOldWaysIsReported(t *testing.T) {
	g, p := readGuide(t), spokenByTheProgram(t)
	for _, o := range g.Outdated {
		for _, old := range o.Old {
			for where, spoilt := range p.saying(old.Example) {
				want := fmt.Sprintf("%s: %s: still says %q", o.ID, where, old.Pattern)
				if got := oldComplaints(o.ID, old, spoilt); !slices.Contains(got, want) {
					t.Errorf("complaints %q, want %q", got, want)
				}
			}
		}
	}
}

// saying returns p with the words at one place or another, by the place.
func (p spoken) saying(words string) map[string]spoken {
	step := p.advice[finding.Expired]
	config, sentence, story := step, step, p.scenarios["expired-leaf"]
	step.User = append([]remedy.Steps{{For: "a new phone", Steps: []string{words}}}, step.User...)
	config.Admin = append([]remedy.Steps{{For: "a new server", Config: words}}, config.Admin...)
	sentence.Prevention += " " + words
	story.Story += " " + words
	out := map[string]spoken{
		"expired, a new phone": p, "expired, a new server": p, "expired, prevention": p,
		"expired, title": p, "expired-leaf, story": p, "show, help": p,
	}
	for where, q := range out {
		switch where {
		case "expired, a new phone":
			q.advice = replaced(p.advice, finding.Expired, step)
		case "expired, a new server":
			q.advice = replaced(p.advice, finding.Expired, config)
		case "expired, prevention":
			q.advice = replaced(p.advice, finding.Expired, sentence)
		case "expired, title":
			q.titles = replaced(p.titles, finding.Expired, words)
		case "expired-leaf, story":
			q.scenarios = replaced(p.scenarios, "expired-leaf", story)
		case "show, help":
			q.help = replaced(p.help, "show", words)
		}
		out[where] = q
	}
	return out
}
