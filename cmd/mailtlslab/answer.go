package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/discover"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// answered is "diagnose --json". Other programs rely on verdict, endpoints, findings, code,
// severity and counterfactual.
type answered struct {
	Verdict   string             `json:"verdict"`
	Host      string             `json:"host"`
	Published []discover.Source  `json:"published,omitempty"` // where settings were looked for, of a mail address
	Endpoints []answeredEndpoint `json:"endpoints"`
	// Of evidence from a file: what is wrong and has no code, what was read, and what was not.
	Problems []string `json:"problems,omitempty"`
	Read     []string `json:"read,omitempty"`
	NotRead  []string `json:"notRead,omitempty"`
}

type answeredEndpoint struct {
	Endpoint account.Endpoint  `json:"endpoint"`
	Target   string            `json:"target,omitempty"`
	Place    string            `json:"place,omitempty"` // of what is no connection: the file that it is in
	Address  string            `json:"address,omitempty"`
	Complete bool              `json:"complete"`
	Findings []answeredFinding `json:"findings"`
}

type answeredFinding struct {
	finding.Finding
	Actions []string       `json:"actions,omitempty"`
	Advice  *remedy.Advice `json:"advice,omitempty"`
}

func writeDiagnosis(cmd *cobra.Command, f diagnoseFlags, host string, r diagnose.Report, s probe.Survey, sources []discover.Source, o own, places []string) error {
	seen := len(r.Endpoints) - len(o.exams)
	problems, read, notRead := o.sentences()
	book, err := bookFor(r)
	if err != nil {
		return err
	}
	if f.json {
		out := answerJSON(book, host, r, s, sources)
		out.Problems, out.Read, out.NotRead = problems, read, notRead
		if len(problems) > 0 {
			out.Verdict = "fail"
		}
		for i := seen; i < len(places); i++ {
			out.Endpoints[i].Target, out.Endpoints[i].Place = "", places[i]
		}
		return writeJSON(cmd.OutOrStdout(), out)
	}
	a := answer{w: cmd.OutOrStdout(), p: colours(cmd), book: book, report: r, survey: s, all: f.all, problems: problems, read: read, notRead: notRead}
	a.sources, a.places, a.seen = sources, places, seen
	a.write(host)
	return nil
}

// bookFor opens the remedies, which takes as long as a connection, only where something was found.
func bookFor(r diagnose.Report) (*remedy.Book, error) {
	if r.Worst() == "" {
		return &remedy.Book{}, nil
	}
	return remedy.Open()
}

func answerJSON(book *remedy.Book, host string, r diagnose.Report, s probe.Survey, sources []discover.Source) answered {
	out := answered{Verdict: "ok", Host: host, Published: sources, Endpoints: []answeredEndpoint{}}
	if r.Failed() {
		out.Verdict = "fail"
	}
	for i, e := range r.Endpoints {
		o := s.Observations[i]
		one := answeredEndpoint{Endpoint: e.Endpoint, Target: o.Settings.Target(), Address: o.Address, Complete: e.Complete, Findings: []answeredFinding{}}
		for _, found := range e.Findings {
			af := answeredFinding{Finding: found}
			for _, a := range remedy.Actions(found, o.Settings) {
				af.Actions = append(af.Actions, cureWords(a))
			}
			if advice, ok := book.For(found.Code); ok {
				advice = advice.Fill(withHost(found.Facts, host))
				af.Advice = &advice
			}
			one.Findings = append(one.Findings, af)
		}
		out.Endpoints = append(out.Endpoints, one)
	}
	return out
}

// withHost names the host that was looked at where a finding is about something else, so that
// the commands among the steps can be pasted.
func withHost(f finding.Facts, host string) finding.Facts {
	if f.Host == "" {
		f.Host = host
	}
	return f
}

// answer is a diagnosis as a good colleague would tell it.
type answer struct {
	w       io.Writer
	p       palette
	book    *remedy.Book
	report  diagnose.Report
	survey  probe.Survey
	sources []discover.Source
	all     bool // steps for every platform and product

	// Of evidence from a file.
	problems, read, notRead []string
	// Of evidence beside connections: what to call each endpoint, and how many were connections.
	places []string
	seen   int
}

// told is all that was found of one code: mostly one thing on every endpoint, sometimes another
// certificate on each.
type told struct {
	finding.Info
	cases []tellCase
}

// tellCase is one finding and the endpoints that share it.
type tellCase struct {
	finding.Finding
	on       []string
	settings account.Settings
	file     bool // in a file, and not seen on a connection
}

func (a answer) write(host string) {
	findings, clean, absent := a.gather()
	errors := len(a.problems)
	for _, t := range findings {
		if t.Severity == finding.Error {
			errors++
		}
	}
	mark, words := a.p.green("✓"), host+" is in order"
	switch {
	case errors == 1:
		mark, words = a.p.red("✗"), host+": one thing is wrong"
	case errors > 1:
		mark, words = a.p.red("✗"), fmt.Sprintf("%s: %d things are wrong", host, errors)
	case len(findings) > 0:
		words = host + " works; something is worth knowing"
	}
	fmt.Fprintf(a.w, "%s %s\n", mark, a.p.bold(line(words)))
	if len(a.sources) > 0 {
		writeSources(a.w, a.p, a.sources)
	}
	if len(clean) > 0 {
		fmt.Fprintln(a.w, labelled(a.p, "clean", strings.Join(clean, ", ")))
	}
	if len(absent) > 0 {
		fmt.Fprintln(a.w, labelled(a.p, "not here", strings.Join(absent, ", ")))
	}
	a.evidence()
	for _, t := range findings {
		a.tell(t)
	}
}

// gather collects the findings of each code, the endpoints with none, and those that the server
// does not offer.
func (a answer) gather() (findings []told, clean, absent []string) {
	for i, e := range a.report.Endpoints {
		set := a.survey.Observations[i].Settings
		name := place(e.Endpoint, set)
		file := len(a.places) > 0 && i >= a.seen
		if file {
			name = a.places[i]
		} else if len(a.sources) > 0 {
			name = fmt.Sprintf("%s (%s)", e.Endpoint, set.Target())
		}
		if len(e.Findings) == 0 {
			clean = append(clean, name)
		}
		for _, f := range e.Findings {
			if f.Code == finding.NotOffered {
				absent = append(absent, name)
				continue
			}
			at := slices.IndexFunc(findings, func(t told) bool { return t.Code == f.Code })
			if at < 0 {
				info, _ := finding.Lookup(f.Code)
				info.Severity = f.Severity // a code may weigh less in one case
				findings = append(findings, told{Info: info})
				at = len(findings) - 1
			}
			findings[at].Severity = finding.Worst([]finding.Finding{f, {Severity: findings[at].Severity}})
			findings[at].add(f, name, set, file)
		}
	}
	return findings, clean, absent
}

func (t *told) add(f finding.Finding, on string, set account.Settings, file bool) {
	at := slices.IndexFunc(t.cases, func(c tellCase) bool {
		// What a file says is evidence of its own, unless it is word for word the same.
		return alike(c.Finding, f) && (!file && !c.file || c.Summary == f.Summary)
	})
	if at < 0 {
		t.cases = append(t.cases, tellCase{Finding: f, settings: set, file: file})
		at = len(t.cases) - 1
	}
	t.cases[at].on = append(t.cases[at].on, on)
}

// alike reports whether two findings of one code are about one thing: the same certificate, or
// the same silence on another port.
func alike(a, b finding.Finding) bool {
	return a.Facts.Subject == b.Facts.Subject && a.Facts.At.Equal(b.Facts.At) && slices.Equal(a.Facts.Names, b.Facts.Names) &&
		a.Facts.Mode == b.Facts.Mode && (a.Facts.Mode == "" || a.Facts.Port == b.Facts.Port) && a.Facts.Speaks == b.Facts.Speaks
}

// tell says what is wrong, how that is known, what the person with the device does, what the
// admin does, and which scenario shows the same.
func (a answer) tell(t told) {
	writeTitle(a.w, a.p, t.Info)
	var cures []action.Action
	for _, c := range t.cases {
		a.tellCase(c)
		cures = append(cures, remedy.Actions(c.Finding, c.settings)...)
	}
	if advice, ok := a.book.For(t.Code); ok {
		writeAdvice(a.w, a.p, advice.Fill(t.facts()), cures, a.all)
	}
	if ids := scenarios.Showing(t.Code); len(ids) > 0 {
		fmt.Fprintln(a.w, labelled(a.p, "try it", "mailtlslab up "+ids[0]))
	}
}

func (a answer) tellCase(c tellCase) {
	fmt.Fprintln(a.w, labelled(a.p, "what", sentence(c.Summary)))
	fmt.Fprintln(a.w, labelled(a.p, "where", strings.Join(c.on, ", ")))
	label := "known by"
	for _, e := range c.Evidence {
		if e != "" {
			fmt.Fprintln(a.w, labelled(a.p, label, sentence(e)))
			label = ""
		}
	}
	if c.Counterfactual != nil {
		fmt.Fprintln(a.w, labelled(a.p, label, sentence(c.Counterfactual.Text)))
	}
}

// facts returns what the steps may say: what holds in every case.
func (t told) facts() finding.Facts {
	f := withHost(t.cases[0].Facts, t.cases[0].settings.Host)
	for _, c := range t.cases[1:] {
		g := withHost(c.Facts, c.settings.Host)
		if !slices.Equal(f.Names, g.Names) {
			f.Names = nil
		}
		for _, s := range []struct{ mine, other *string }{
			{&f.Subject, &g.Subject}, {&f.Issuer, &g.Issuer}, {&f.Host, &g.Host},
		} {
			if *s.mine != *s.other {
				*s.mine = ""
			}
		}
		if f.Mode != g.Mode {
			f.Mode = ""
		}
		if f.Port != g.Port {
			f.Port = 0
		}
	}
	return f
}
