package main

import (
	"slices"

	"github.com/spf13/cobra"

	"mailtlslab/lab/account"
	"mailtlslab/lab/capture"
	"mailtlslab/lab/diagnose"
	"mailtlslab/lab/finding"
	"mailtlslab/lab/probe"
)

// log adds what the log of a server claims.
func (e *exam) log() error {
	data, err := readEvidence("log", e.f.log, e.cmd.InOrStdin())
	if err != nil {
		return err
	}
	l, err := capture.ServerLog(data)
	if err != nil {
		return usage("--log %s: %w", e.f.log, err)
	}
	e.read, e.notRead = append(e.read, l.Read...), append(e.notRead, l.NotRead...)
	for _, f := range l.Findings() {
		f.Facts.Host = e.settings.Host
		e.findings = append(e.findings, f)
	}
	return nil
}

// own is what a server's own files and log say, for whoever looks at it from within. Each is
// evidence of its own beside what is seen from outside.
type own struct {
	installed [][]byte // the certificates in its file, the leaf first
	exams     []*exam
}

// readOwn reads the files that go with a HOST, before anything is connected to.
func readOwn(cmd *cobra.Command, f diagnoseFlags, host string) (own, error) {
	var o own
	begin := func(name string) (*exam, error) {
		e, err := newExam(cmd, f)
		if err != nil {
			return nil, err
		}
		e.settings.Host, e.title = host, fileTitle(name)
		o.exams = append(o.exams, e)
		return e, nil
	}
	if f.cert != "" {
		e, err := begin(f.cert)
		if err != nil {
			return o, err
		}
		o.installed = e.pair()
	}
	if f.log != "" {
		e, err := begin(f.log)
		if err != nil {
			return o, err
		}
		if err := e.log(); err != nil {
			return o, err
		}
	}
	return o, nil
}

// beside appends what was read to what was seen, and says what each is to be called.
func (o own) beside(r diagnose.Report, s probe.Survey) (diagnose.Report, probe.Survey, []string) {
	var places []string
	if len(o.exams) == 0 {
		return r, s, nil
	}
	for i := range r.Endpoints {
		places = append(places, place(r.Endpoints[i].Endpoint, s.Observations[i].Settings))
	}
	loaded := slices.ContainsFunc(s.Observations, func(o probe.Observation) bool { return o.TLS != nil && len(o.TLS.Chain) > 0 })
	r.Endpoints, s.Observations = slices.Clone(r.Endpoints), slices.Clone(s.Observations)
	for _, e := range o.exams {
		found := e.findings
		if loaded {
			found = readByTheServer(found)
		}
		complete := !slices.ContainsFunc(found, func(f finding.Finding) bool { return f.Code == finding.Unexplained })
		r.Endpoints = append(r.Endpoints, diagnose.Endpoint{Findings: found, Complete: complete})
		s.Observations = append(s.Observations, probe.Observation{Settings: account.Settings{Host: e.settings.Host}})
		places = append(places, e.title)
	}
	return r, s, places
}

// readByTheServer weighs anew what we were not allowed to read, where the server presents a
// certificate: it could, and mostly as somebody else.
func readByTheServer(fs []finding.Finding) []finding.Finding {
	fs = slices.Clone(fs)
	for i, f := range fs {
		if f.Facts.Detail == "permission" {
			fs[i].Severity = finding.Warning
			fs[i].Evidence = append(slices.Clone(f.Evidence), "the server presents a certificate, so it could read its own when it started: run this as root to look into the file")
		}
	}
	return fs
}

// failed reports whether something is wrong that has no code.
func (o own) failed() bool {
	return slices.ContainsFunc(o.exams, func(e *exam) bool { return len(e.problems) > 0 })
}

// sentences returns what the exams say about themselves.
func (o own) sentences() (problems, read, notRead []string) {
	of := func(e *exam, list []string) (out []string) {
		for _, s := range list {
			out = append(out, "in "+e.title+": "+s)
		}
		return out
	}
	for _, e := range o.exams {
		problems, read, notRead = append(problems, of(e, e.problems)...), append(read, of(e, e.read)...), append(notRead, of(e, e.notRead)...)
	}
	return problems, read, notRead
}
