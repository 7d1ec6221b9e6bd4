package main

import (
	"fmt"
	"net"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// writeEvidence prints the diagnosis of a file in the form of any other.
func writeEvidence(e *exam) error {
	complete := true
	for _, f := range e.findings {
		complete = complete && f.Code != finding.Unexplained
	}
	report := diagnose.Report{Endpoints: []diagnose.Endpoint{{Endpoint: e.settings.Endpoint, Findings: e.findings, Complete: complete}}}
	survey := probe.Survey{Observations: []probe.Observation{{Settings: e.settings}}}
	book, err := bookFor(report)
	if err != nil {
		return err
	}
	if e.f.json {
		out := answerJSON(book, e.settings.Host, report, survey, nil)
		out.Endpoints[0].Place = e.place
		out.Problems, out.Read, out.NotRead = e.problems, e.read, e.notRead
		if len(e.problems) > 0 {
			out.Verdict = "fail"
		}
		return writeJSON(e.cmd.OutOrStdout(), out)
	}
	a := answer{
		w: e.cmd.OutOrStdout(), p: colours(e.cmd), book: book, report: report, survey: survey, all: e.f.all,
		problems: e.problems, read: e.read, notRead: e.notRead,
	}
	if e.place != "" {
		a.places = []string{e.place}
	}
	a.write(e.title)
	return nil
}

// evidence prints what was read of a file, what was not, and what is wrong with the file itself.
func (a answer) evidence() {
	for _, list := range []struct {
		label string
		lines []string
	}{{"read", a.read}, {"not read", a.notRead}, {"wrong", a.problems}} {
		label := list.label
		for _, l := range list.lines {
			fmt.Fprintln(a.w, labelled(a.p, label, sentence(l)))
			label = ""
		}
	}
}

// place says on which connection something was found, or that it is in a file.
func place(e account.Endpoint, s account.Settings) string {
	switch {
	case e == "" && s.Port == 0:
		return "the certificates"
	case e == "":
		return net.JoinHostPort(s.Host, fmt.Sprint(s.Port))
	}
	return fmt.Sprintf("%s (%d)", e, s.Port)
}
