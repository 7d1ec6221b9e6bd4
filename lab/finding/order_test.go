package finding_test

import (
	"slices"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// The order is the vocabulary's, and steady.
func TestSort(t *testing.T) {
	fs := []finding.Finding{
		finding.New(finding.ExpiresSoon, "1"), finding.New(finding.HostNotFound, "2"), finding.New(finding.Expired, "3"), finding.New(finding.Expired, "4"),
	}
	finding.Sort(fs)
	var told []string
	for _, f := range fs {
		told = append(told, f.Summary)
	}
	if want := []string{"2", "3", "4", "1"}; !slices.Equal(told, want) {
		t.Errorf("%v, want %v", told, want)
	}
}

// What is hidden hides nothing.
func TestVisible(t *testing.T) {
	all := []finding.Code{finding.ConnectionReset, finding.LargeHelloIntolerant, finding.HandshakeDropped}
	for c, want := range map[finding.Code]bool{finding.ConnectionReset: true, finding.LargeHelloIntolerant: false, finding.HandshakeDropped: false} {
		if got := finding.Visible(c, all); got != want {
			t.Errorf("%s is visible: %v", c, got)
		}
	}
	if !finding.Visible(finding.HandshakeDropped, all[2:]) {
		t.Error("nothing hides what stands alone")
	}
}
