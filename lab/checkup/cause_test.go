package checkup

import (
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// One code that is a warning on one port and an error on the next is an error.
func TestACauseHasTheWorstOfItsCases(t *testing.T) {
	one := func(s finding.Severity) Place {
		f := finding.New(finding.RenewedNotLoaded, "it is older")
		f.Severity = s
		return Place{Kind: Connection, Findings: []finding.Finding{f}}
	}
	for _, all := range [][]finding.Severity{
		{finding.Note, finding.Warning, finding.Error}, {finding.Error, finding.Note}, {finding.Warning, finding.Error},
	} {
		var places []Place
		for _, s := range all {
			places = append(places, one(s))
		}
		if found := causes(places); len(found) != 1 || found[0].Severity != finding.Error {
			t.Errorf("%v: %+v", all, found)
		}
	}
}
