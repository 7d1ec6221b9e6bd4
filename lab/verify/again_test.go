package verify

import (
	"context"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/probe"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// A connection is looked at again only where the ports of a host differ without a rule.
func TestRepeatsOnlyWhereUneven(t *testing.T) {
	l := newLab(t)
	for id, want := range map[string]int{
		"one-of-two-backends-expired": 7, "starttls-cert-differs": 0, "webmail-ok-mail-bad": 0, "selective-interception": 0, "expired-leaf": 0,
		"mail-antivirus-proxy": 0, "cert-changed-after-exception": 0,
	} {
		s, _ := scenarios.Lookup(id)
		server, err := l.Serve(s)
		if err != nil {
			t.Fatal(err)
		}
		v := newVerifier(l, Options{Timeout: patience})
		_, survey := v.examine(context.Background(), v.devices(context.Background(), server))
		got := 0
		for _, f := range survey.Further {
			if f.Ask.Kind == probe.Repeat {
				got++
			}
		}
		if got != want || want == 0 && len(survey.Further) > 0 {
			t.Errorf("%s: %d repeats of %d further looks, want %d repeats", id, got, len(survey.Further), want)
		}
	}
}
