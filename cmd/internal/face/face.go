// Package face is an Answer as text: it decides nothing, and says what the answer says.
package face

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/cmd/internal/terminal"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/checkup"
	"github.com/mailtlslab/mailtlslab/lab/discover"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// A Reader is whom an answer is told to.
type Reader string

// The readers.
const (
	Anybody    Reader = ""
	forUser    Reader = "user"    // the person with the device
	forAdmin   Reader = "admin"   // whoever runs the server
	forTrainer Reader = "trainer" // who shows it to others
)

// Readers returns those whom an answer can be told to.
func Readers() []Reader { return []Reader{forUser, forAdmin, forTrainer} }

// A Face is an answer as a good colleague would tell it. It decides nothing. The answer to one fault
// fits a screen of 80 x 24, the verdict and the list of what was found first.
type Face struct {
	W      io.Writer        // where it is written
	P      terminal.Palette // in which colours
	Answer checkup.Answer   // what is said
	All    bool             // with everything that is known, not on one screen
	Reader Reader           // whom it is told to
	Hints  []string         // what else could be given, in the words of the command line
}

func (f Face) say(label, text string) { fmt.Fprintln(f.W, Labelled(f.P, label, text)) }

// Write writes it.
func (f Face) Write() {
	a := f.Answer
	fmt.Fprintln(f.W, f.headline())
	f.list()
	f.lines("wrong", a.Problems, 20)
	if job := f.shared(); job != "" {
		f.say("one job", job)
	}
	if len(a.Published) > 0 {
		writeSources(f.W, f.P, a.Published)
	}
	f.basis()
	for _, c := range a.Causes {
		// Beside an error a note is worth a line of the list, until all is asked for.
		if c.Severity != finding.Note || a.Verdict != checkup.Fail || f.All || f.Reader != Anybody {
			f.tell(c)
		}
	}
	if len(a.Causes) > 0 && !f.All && f.Reader == Anybody {
		f.say("more", "--for user|admin|trainer tells it to one of them; --all has all")
	}
}

// headline says the verdict in one line. A mark of its own stands before each.
func (f Face) headline() string {
	a := f.Answer
	wrong := len(a.Problems)
	for _, c := range a.Causes {
		if c.Severity == finding.Error {
			wrong++
		}
	}
	mark, words := f.P.Green("✓"), a.About+" is in order"
	switch {
	case a.Verdict == checkup.Fail && wrong == 1:
		mark, words = f.P.Red("✗"), a.About+": one thing is wrong"
	case a.Verdict == checkup.Fail:
		mark, words = f.P.Red("✗"), fmt.Sprintf("%s: %d things are wrong", a.About, wrong)
	case a.Verdict == checkup.Unjudged && len(a.Judged) > 0:
		mark, words = f.P.Yellow("?"), a.About+": not all of it could be judged"
	case a.Verdict == checkup.Unjudged && !slices.ContainsFunc(a.Places, func(p checkup.Place) bool { return p.Kind != checkup.Connection }):
		mark, words = f.P.Yellow("?"), a.About+": nothing could be judged"
	case a.Verdict == checkup.Unjudged:
		mark, words = f.P.Yellow("?"), a.About+": nothing in it decides whether something is wrong"
	case len(a.Causes) > 0:
		words = a.About + " works; something is worth knowing"
	}
	return mark + " " + f.P.Bold(terminal.Wrap(terminal.Line(words), terminal.Narrow-2, "  "))
}

// list names everything that was found before any of it is told.
func (f Face) list() {
	for _, c := range f.Answer.Causes {
		WriteTitle(f.W, f.P, c.Severity, title(c), c.Code)
	}
}

// title is what a cause says in one line, and no more certain than the words that it rests on.
func title(c checkup.Cause) string {
	if !c.Likely {
		return c.Title
	}
	first, rest := c.Title[:1], c.Title[1:]
	if rest != "" && rest[0] >= 'a' && rest[0] <= 'z' || rest[0] == ' ' { // and no abbreviation
		first = strings.ToLower(first)
	}
	return "Probably: " + first + rest
}

// shared tells of work that ends several things at once.
func (f Face) shared() string {
	for _, j := range f.Answer.Jobs {
		if len(j.Cures) > 1 {
			var codes []string
			for _, c := range j.Cures {
				codes = append(codes, string(c))
			}
			return fmt.Sprintf("%s This ends %s.", Sentence(j.Words), finding.AndList(codes))
		}
	}
	return ""
}

// basis says what the verdict rests on, and what it leaves open.
func (f Face) basis() {
	a := f.Answer
	if a.Verdict != checkup.Fail || f.All {
		f.gathered("judged", func(p checkup.Place) []string { return p.Judged })
	}
	f.gathered("open", func(p checkup.Place) []string { return p.NotJudged })
	f.lines("open", f.elsewhere(), 6)
	var clean, absent []string
	for _, p := range a.Places {
		switch {
		case p.Absent:
			absent = append(absent, p.Name)
		case p.Verdict == checkup.OK && len(p.Findings) == 0:
			clean = append(clean, p.Name)
		}
	}
	if len(clean) > 0 && len(a.Causes) > 0 {
		f.say("clean", strings.Join(clean, ", "))
	}
	if len(absent) > 0 {
		f.say("not here", strings.Join(absent, ", "))
	}
	f.lines("read", a.Read, 4)
	f.lines("not read", a.NotRead, 4)
	f.lines("refused", a.Refused, 4)
	f.lines("hint", f.Hints, len(f.Hints))
}

// elsewhere returns what was not judged and belongs to no place.
func (f Face) elsewhere() []string {
	of := map[string]bool{}
	for _, p := range f.Answer.Places {
		for _, words := range p.NotJudged {
			of[p.Name+": "+words] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(f.Answer.NotJudged), func(words string) bool { return of[words] })
}

// gathered says of the places what was judged, or what was not: what holds for several of them once.
func (f Face) gathered(label string, of func(checkup.Place) []string) {
	var what []string
	where := map[string][]string{}
	for _, p := range f.Answer.Places {
		words := strings.Join(of(p), "; ")
		if words == "" || p.Absent {
			continue
		}
		if len(where[words]) == 0 {
			what = append(what, words)
		}
		where[words] = append(where[words], p.Name)
	}
	for _, words := range what {
		f.say(label, strings.Join(where[words], ", ")+": "+words)
		label = ""
	}
}

// lines prints sentences below one label, in a short answer the first few.
func (f Face) lines(label string, all []string, short int) {
	more := len(all) - short
	if f.All || more <= 1 {
		more = 0
	}
	for _, l := range all[:len(all)-more] {
		f.say(label, Sentence(l))
		label = ""
	}
	if more > 0 {
		f.say("", fmt.Sprintf("And %d more, with --all.", more))
	}
}

// tell says of one cause what is wrong, how that is known, what the person with the device does,
// what the admin does, and which scenario shows the same.
func (f Face) tell(c checkup.Cause) {
	fmt.Fprintln(f.W)
	if len(f.Answer.Causes) > 1 {
		fmt.Fprintln(f.W, f.P.Bold(terminal.Wrap(title(c), terminal.Narrow, "")))
	}
	if f.Reader == forTrainer {
		f.story(c)
	}
	cases := c.Cases
	if !f.All && f.Reader != forAdmin {
		cases = cases[:1]
	}
	for _, o := range cases {
		f.say("what", Sentence(o.Summary))
		f.say("where", f.places(o.Where))
		if f.Reader != forUser {
			f.known(o.Finding)
		}
	}
	f.doubt(c)
	for _, o := range c.Cases[len(cases):] {
		f.say("also", Sentence(o.Summary)+" ("+strings.Join(o.Where, ", ")+")")
	}
	if f.Reader == forTrainer {
		info, _ := finding.Lookup(c.Code)
		f.say("refused", Sentence("by "+info.Basis))
	}
	f.cure(c)
	if ids := scenarios.Showing(c.Code); len(ids) > 0 && f.Reader != forUser {
		f.say("try it", "mailtlslab up "+ids[0])
	}
}

// places names where something was found, in a short answer the first few.
func (f Face) places(all []string) string {
	const few = 7 // as many ports as an account has
	if more := len(all) - few; more > 0 && !f.All {
		return fmt.Sprintf("%s and %d more", strings.Join(all[:few], ", "), more)
	}
	return strings.Join(all, ", ")
}

// doubt says what else it may be, where words of a program mean several things, and what would tell.
func (f Face) doubt(c checkup.Cause) {
	if len(c.Others) == 0 {
		return
	}
	if !f.All {
		var titles []string
		for _, o := range c.Others[:min(len(c.Others), 4)] {
			titles = append(titles, string(o.Code))
		}
		if more := len(c.Others) - len(titles); more > 0 {
			titles = append(titles, fmt.Sprintf("%d more (--all)", more))
		}
		f.say("or it is", strings.Join(titles, ", "))
		f.paste("look", c.Look)
		return
	}
	f.paste("look", c.Look)
	for _, o := range c.Others {
		f.say("or it is", o.Title+" ("+string(o.Code)+")")
		f.paste("look", o.Look)
	}
}

// paste prints a command as it can be pasted: in one line, however long.
func (f Face) paste(label, command string) {
	fmt.Fprintln(f.W, f.P.Bold(fmt.Sprintf("  %-9s", label))+" "+terminal.Line(command))
}

// story tells a scenario of the same fault, to be read aloud.
func (f Face) story(c checkup.Cause) {
	ids := scenarios.Showing(c.Code)
	if len(ids) == 0 {
		return
	}
	if s, ok := scenarios.Lookup(ids[0]); ok {
		f.say("story", s.Story)
	}
}

// known says how we know, in a short answer the first word of it.
func (f Face) known(g finding.Finding) {
	evidence := slices.DeleteFunc(slices.Clone(g.Evidence), func(s string) bool { return s == "" })
	if g.Counterfactual != nil {
		evidence = append(evidence, g.Counterfactual.Text)
	}
	if !f.All && f.Reader == Anybody {
		var words []string
		for _, e := range evidence[:min(len(evidence), 2)] {
			words = append(words, terminal.Shorten(Sentence(e), 240))
		}
		if len(words) > 0 {
			f.say("known by", strings.Join(words, " "))
		}
		return
	}
	f.lines("known by", evidence, len(evidence))
}

// cure says what is to be done: a sentence for each party, and the steps to whom they are for.
func (f Face) cure(c checkup.Cause) {
	users, admins := f.Reader != forAdmin, f.Reader != forUser
	condition := ""
	if c.Likely { // nothing is to be done before the look
		condition = "If the look says so, "
	}
	if users {
		f.say("you", conditional(condition, c.You))
	}
	if admins {
		f.say("admin", conditional(condition, c.Admin))
	}
	if f.All || f.Reader != Anybody {
		f.deeds(c, users, admins)
	}
	if c.Advice == nil || !f.All && f.Reader == Anybody {
		return
	}
	if users {
		writeParty(f.W, f.P, "steps", f.steps(c.Advice.User), f.All)
	}
	if admins && (f.All || f.Reader == forAdmin) {
		writeParty(f.W, f.P, "steps", c.Advice.Admin, true)
		f.say("prevent", c.Advice.Prevention)
	}
	if users { // an admin is who helps
		f.say("help", c.Advice.Support)
	}
}

// conditional lets a sentence go on behind a condition.
func conditional(condition, sentence string) string {
	if condition == "" || len(sentence) < 2 || sentence[1] >= 'A' && sentence[1] <= 'Z' {
		return condition + sentence
	}
	return condition + strings.ToLower(sentence[:1]) + sentence[1:]
}

// steps leaves out what holds for any fault, where one is told.
func (f Face) steps(all []remedy.Steps) []remedy.Steps {
	if f.All {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(s remedy.Steps) bool { return s.General })
}

// deeds are the actions that the diagnosis chose, each enough on its own.
func (f Face) deeds(c checkup.Cause, users, admins bool) {
	label := "cure"
	for _, d := range c.Deeds {
		if d.Party == action.User && !users || d.Party == action.Admin && !admins {
			continue
		}
		words := Sentence(d.Words)
		if label == "" {
			words = "Or " + strings.ToLower(words[:1]) + words[1:]
		}
		f.say(label, words)
		label = ""
	}
}

// sent says what was told to whom, for a person who gave away his address.
const sent = "the domain only, never the address and no password: questions to DNS, a page asked for from each web server, and for autodiscover the address postmaster of the domain in place of yours"

// writeSources says what was found where, and what was sent for it.
func writeSources(w io.Writer, p terminal.Palette, sources []discover.Source) {
	label := "published"
	for _, s := range sources {
		if len(s.Settings) == 0 {
			continue
		}
		var words []string
		for _, set := range s.Settings {
			words = append(words, set.String())
		}
		fmt.Fprintln(w, Labelled(p, label, s.Place+": "+strings.Join(words, ", ")))
		label = ""
	}
	fmt.Fprintln(w, Labelled(p, "sent", sent))
}
