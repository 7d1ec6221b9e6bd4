package checkup

import (
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
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

// One cause says what to change on the device; the other must not say that nothing is to be changed.
func TestCausesDoNotTakeBackEachOther(t *testing.T) {
	book, err := remedy.Open()
	if err != nil {
		t.Fatal(err)
	}
	expired, named := finding.New(finding.Expired, "it is old"), finding.New(finding.NameMismatch, "it is another's")
	named.Facts.Names = []string{"mx.lab.test"}
	found := causes([]Place{{Kind: Connection, Findings: []finding.Finding{expired, named}, settings: account.For(account.IMAPS, "mail.lab.test")}})
	for i := range found {
		found[i].advise(book, "mail.lab.test")
	}
	together(found)
	for _, c := range found {
		want := "mx.lab.test"
		if c.Code == finding.Expired {
			want = "Nothing else on the device needs changing: "
		}
		if !strings.Contains(c.You, want) || c.Admin == "" || c.Advice.Short.You != c.You {
			t.Errorf("%s: %q, %q", c.Code, c.You, c.Admin)
		}
	}
	if len(found) != 2 {
		t.Errorf("%d causes", len(found))
	}
}
