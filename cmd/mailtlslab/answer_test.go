package main

import (
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// One code that is a warning on one port and an error on the next is an error.
func TestHeadlineHasTheWorstOfACode(t *testing.T) {
	one := func(s finding.Severity) diagnose.Endpoint {
		f := finding.New(finding.RenewedNotLoaded, "it is older")
		f.Severity = s
		return diagnose.Endpoint{Endpoint: account.IMAPS, Findings: []finding.Finding{f}}
	}
	for _, all := range [][]finding.Severity{
		{finding.Note, finding.Warning, finding.Error}, {finding.Error, finding.Note}, {finding.Warning, finding.Error},
	} {
		a := answer{}
		for _, s := range all {
			a.report.Endpoints = append(a.report.Endpoints, one(s))
			a.survey.Observations = append(a.survey.Observations, probe.Observation{})
		}
		if found, _, _ := a.gather(); len(found) != 1 || found[0].Severity != finding.Error {
			t.Errorf("%v: %+v", all, found)
		}
	}
}
