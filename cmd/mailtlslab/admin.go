package main

import (
	"bytes"
	"slices"

	"github.com/spf13/cobra"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/capture"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
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
	log       *exam // of them, the one of the log
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
		o.log = e
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
	seen := s.Observations
	r.Endpoints, s.Observations = slices.Clone(r.Endpoints), slices.Clone(s.Observations)
	for _, e := range o.exams {
		found := o.weighed(e, seen)
		complete := !slices.ContainsFunc(found, func(f finding.Finding) bool { return f.Code == finding.Unexplained })
		r.Endpoints = append(r.Endpoints, diagnose.Endpoint{Findings: found, Complete: complete})
		s.Observations = append(s.Observations, probe.Observation{Settings: account.Settings{Host: e.settings.Host}})
		places = append(places, e.title)
	}
	return r, s, places
}

// weighed returns what an exam found, and makes a warning of what the connections speak against. One
// on which TLS does not come about speaks for all of it.
func (o own) weighed(e *exam, seen []probe.Observation) []finding.Finding {
	fs := slices.Clone(e.findings)
	if slices.ContainsFunc(seen, func(s probe.Observation) bool { return said(s) && !encrypts(s) }) {
		return fs
	}
	for i, f := range fs {
		evidence := ""
		switch {
		case e == o.log && slices.ContainsFunc(seen, func(s probe.Observation) bool { return encrypts(s) && isOf(f.Facts.Product, s) }):
			evidence = "this may be over: every port that answers presents a certificate now"
		case f.Facts.Detail == finding.DetailPermission && slices.ContainsFunc(seen, o.presents):
			evidence = "a mail port presents the certificate of the file, so that the server could read its own when it started: run this as root to look into the file"
		default:
			continue
		}
		fs[i].Severity, fs[i].Evidence = finding.Warning, append(slices.Clone(f.Evidence), evidence)
	}
	return fs
}

// encrypts reports whether TLS came about, with a certificate and the key that belongs to it.
func encrypts(o probe.Observation) bool {
	return o.TLS != nil && o.TLS.Complete && len(o.TLS.Chain) > 0
}

// presents reports whether a mail port presents the certificate of the file. A web server is
// mostly another program, and has rights of its own.
func (o own) presents(seen probe.Observation) bool {
	return seen.Settings.Endpoint != account.Web && encrypts(seen) && len(o.installed) > 0 && bytes.Equal(seen.TLS.Chain[0], o.installed[0])
}

// isOf reports whether a connection mostly is one to this product: what another program presents
// says nothing of it.
func isOf(product finding.Product, o probe.Observation) bool {
	protocol := o.Settings.Endpoint.Protocol()
	switch product {
	case finding.Postfix, finding.Exim:
		return protocol == account.Submission
	case finding.Dovecot:
		return protocol == account.IMAP || protocol == account.POP3
	}
	return protocol == account.HTTPS
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
