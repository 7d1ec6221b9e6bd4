package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/capture"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// saved judges what --save wrote, as --survey does.
func (e *exam) saved(data []byte) error {
	if e.f.host != "" || e.f.time != "" {
		return usage("%s is a saved survey, which says itself which host it is about and when it was taken; leave out --host and --at", e.f.transcript)
	}
	survey, err := decodeSurvey(e.f.transcript, data)
	if err != nil {
		return err
	}
	report := diagnose.Judge{Knowledge: informed(e.roots, nil)}.Report(survey)
	if err := writeDiagnosis(e.cmd, e.f, survey.Observations[0].Settings.Host, report, survey, nil, own{}, nil); err != nil {
		return environment(err)
	}
	return verdict(report.Worst(), e.f.strict)
}

// transcript judges what a tool wrote: the certificates by the rules, the rest by its word.
func (e *exam) transcript(data []byte) error {
	t, err := capture.ReadTranscript(data, e.f.host)
	if err != nil {
		return usage("--transcript %s: %w", e.f.transcript, err)
	}
	e.settings = t.Settings
	if h := e.settings.Host; h != "" && checkHost(h) != nil {
		e.notRead = append(e.notRead, fmt.Sprintf("the host: %q can be none", clip(h)))
		e.settings.Host, t.Settings.Host = "", ""
	}
	if e.title = e.settings.Host; e.title == "" {
		e.title = fileTitle(e.f.transcript)
	}
	e.read, e.notRead = append(e.read, t.Read...), append(e.notRead, t.NotRead...)
	if e.at.IsZero() {
		e.at = t.At
	}
	if e.at.IsZero() {
		e.notRead = append(e.notRead, "when this was seen: the dates are judged as of now; --at TIME says another")
		e.at = time.Now()
	}
	if len(t.Chain) > 0 {
		had := slices.Clone(e.notRead)
		e.judgeChain(t.Chain)
		e.notRead = had
	}
	e.claims(t)
	return nil
}

// claims adds what the tool says to what the rules found. What the rules can judge by themselves
// they judge; its word counts where they saw too little.
func (e *exam) claims(t capture.Transcript) {
	if len(t.Chain) > 0 && !t.Whole {
		e.findings = slices.DeleteFunc(e.findings, needsTheRest)
	}
	for _, f := range t.Findings(e.at) {
		info, _ := finding.Lookup(f.Code)
		if t.Whole && info.Stage == finding.Certifying {
			continue
		}
		if !t.Whole && covered(e.findings, info.Family) {
			continue
		}
		e.add(f)
	}
	e.findings = slices.DeleteFunc(slices.Clone(e.findings), func(f finding.Finding) bool {
		return slices.ContainsFunc(e.findings, func(g finding.Finding) bool { return finding.Hides(g.Code, f.Code) })
	})
}

// needsTheRest reports whether a finding rests on certificates that were sent and are not shown.
func needsTheRest(f finding.Finding) bool {
	info, _ := finding.Lookup(f.Code)
	alone := f.Code == finding.SelfSigned || f.Code == finding.DefaultInstallationCertificate
	return info.Family == finding.Trust && !alone || f.Code == finding.Unexplained
}

// covered reports whether the rules found an error of the family that a tool speaks of: its word
// for it is then the less exact one.
func covered(found []finding.Finding, family finding.Family) bool {
	return slices.ContainsFunc(found, func(f finding.Finding) bool {
		info, _ := finding.Lookup(f.Code)
		return info.Family == family && f.Severity == finding.Error
	})
}
