package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mailtlslab/lab/account"
	"mailtlslab/lab/diagnose"
	"mailtlslab/lab/finding"
	"mailtlslab/lab/probe"
	"mailtlslab/lab/remedy"
	"mailtlslab/scenarios"
)

// answered is "diagnose --json". Other programs rely on verdict, endpoints, findings, code,
// severity and counterfactual.
type answered struct {
	Verdict   string             `json:"verdict"`
	Host      string             `json:"host"`
	Endpoints []answeredEndpoint `json:"endpoints"`
}

type answeredEndpoint struct {
	Endpoint account.Endpoint  `json:"endpoint"`
	Address  string            `json:"address,omitempty"`
	Complete bool              `json:"complete"`
	Findings []answeredFinding `json:"findings"`
}

type answeredFinding struct {
	finding.Finding
	Actions []string       `json:"actions,omitempty"`
	Advice  *remedy.Advice `json:"advice,omitempty"`
}

func writeDiagnosis(cmd *cobra.Command, f diagnoseFlags, host string, r diagnose.Report, s probe.Survey) error {
	book, err := remedy.Open()
	if err != nil {
		return err
	}
	if !f.json {
		a := answer{w: cmd.OutOrStdout(), p: colours(cmd), book: book, report: r, survey: s, all: f.all}
		a.write(host)
		return nil
	}
	out := answered{Verdict: "ok", Host: host, Endpoints: []answeredEndpoint{}}
	if r.Failed() {
		out.Verdict = "fail"
	}
	for i, e := range r.Endpoints {
		o := s.Observations[i]
		one := answeredEndpoint{Endpoint: e.Endpoint, Address: o.Address, Complete: e.Complete, Findings: []answeredFinding{}}
		for _, found := range e.Findings {
			af := answeredFinding{Finding: found}
			for _, a := range remedy.Actions(found, o.Settings) {
				af.Actions = append(af.Actions, a.String())
			}
			if advice, ok := book.For(found.Code); ok {
				advice = advice.Fill(found.Facts)
				af.Advice = &advice
			}
			one.Findings = append(one.Findings, af)
		}
		out.Endpoints = append(out.Endpoints, one)
	}
	return writeJSON(cmd.OutOrStdout(), out)
}

// answer is a diagnosis as a good colleague would tell it.
type answer struct {
	w      io.Writer
	p      palette
	book   *remedy.Book
	report diagnose.Report
	survey probe.Survey
	all    bool // steps for every platform and product
}

// told is one finding and the endpoints that share it.
type told struct {
	finding.Finding
	on       []string
	settings account.Settings
}

func (a answer) write(host string) {
	findings, clean, absent := a.gather()
	var errors, others int
	for _, t := range findings {
		if t.Severity == finding.Error {
			errors++
		} else {
			others++
		}
	}
	switch {
	case errors > 0:
		fmt.Fprintf(a.w, "%s %s\n", a.p.red("✗"), a.p.bold(line(headline(host, findings))))
	case others > 0:
		fmt.Fprintf(a.w, "%s %s\n", a.p.green("✓"), a.p.bold(line(host)+" works; something is worth knowing"))
	default:
		fmt.Fprintf(a.w, "%s %s\n", a.p.green("✓"), a.p.bold(line(host)+" is in order"))
	}
	if len(clean) > 0 {
		fmt.Fprintf(a.w, "%s\n", labelled(a.p, "clean", strings.Join(clean, ", ")))
	}
	if len(absent) > 0 {
		fmt.Fprintf(a.w, "%s\n", labelled(a.p, "not here", strings.Join(absent, ", ")))
	}
	for _, t := range findings {
		a.tell(t)
	}
}

func headline(host string, findings []told) string {
	n := 0
	for _, t := range findings {
		if t.Severity == finding.Error {
			n++
		}
	}
	if n == 1 {
		return host + ": one thing is wrong"
	}
	return fmt.Sprintf("%s: %d things are wrong", host, n)
}

// gather collects the findings that several endpoints share, the endpoints with none, and those
// that the server does not offer.
func (a answer) gather() (findings []told, clean, absent []string) {
	for i, e := range a.report.Endpoints {
		set := a.survey.Observations[i].Settings
		name := fmt.Sprintf("%s (%d)", e.Endpoint, set.Port)
		if len(e.Findings) == 0 {
			clean = append(clean, name)
		}
		for _, f := range e.Findings {
			if f.Code == finding.NotOffered {
				absent = append(absent, name)
				continue
			}
			at := slices.IndexFunc(findings, func(t told) bool { return t.Code == f.Code && alike(t.Finding, f) })
			if at < 0 {
				findings = append(findings, told{Finding: f, settings: set})
				at = len(findings) - 1
			}
			findings[at].on = append(findings[at].on, name)
		}
	}
	return findings, clean, absent
}

// alike reports whether two findings of one code are about one thing: the same certificate, or
// the same silence on another port.
func alike(a, b finding.Finding) bool {
	return a.Facts.Subject == b.Facts.Subject && a.Facts.At.Equal(b.Facts.At) && slices.Equal(a.Facts.Names, b.Facts.Names) &&
		a.Facts.Mode == b.Facts.Mode && (a.Facts.Mode == "" || a.Facts.Port == b.Facts.Port) && a.Facts.Speaks == b.Facts.Speaks
}

func (a answer) tell(t told) {
	p := a.p
	info, _ := finding.Lookup(t.Code)
	fmt.Fprintf(a.w, "\n%s  %s  %s\n", paintSeverity(p, t.Severity), p.bold(info.Title), p.faint(string(t.Code)))
	fmt.Fprintf(a.w, "%s\n", labelled(p, "what", sentence(t.Summary)))
	fmt.Fprintf(a.w, "%s\n", labelled(p, "where", strings.Join(t.on, ", ")))
	for _, e := range t.Evidence {
		if e != "" {
			fmt.Fprintf(a.w, "%s\n", labelled(p, "evidence", sentence(e)))
		}
	}
	if t.Counterfactual != nil {
		fmt.Fprintf(a.w, "%s\n", labelled(p, "check", sentence(t.Counterfactual.Text)))
	}
	for _, action := range remedy.Actions(t.Finding, t.settings) {
		fmt.Fprintf(a.w, "%s\n", labelled(p, "cure", fmt.Sprintf("%s: %s.", action.Party(), action)))
	}
	if advice, ok := a.book.For(t.Code); ok {
		writeAdvice(a.w, p, advice.Fill(t.Facts), a.all)
	}
	if ids := scenarios.Showing(t.Code); len(ids) > 0 {
		fmt.Fprintf(a.w, "%s\n", labelled(p, "try it", "mailtlslab up "+ids[0]))
	}
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if strings.ContainsAny(s[len(s)-1:], ".!?") {
		return s
	}
	return s + "."
}
