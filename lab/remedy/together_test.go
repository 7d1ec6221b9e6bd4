package remedy

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

func advise(t *testing.T, c finding.Code, names ...string) Advice {
	t.Helper()
	f := finding.New(c, "")
	f.Facts.Host, f.Facts.Names = "mail.lab.test", names
	a, ok := open(t).Advise(f, Actions(f, account.For(account.IMAPS, "mail.lab.test")), "")
	if !ok {
		t.Fatalf("%s: no advice", c)
	}
	return a
}

func TestTogether(t *testing.T) {
	alone := advise(t, finding.Expired)
	got := Together([]Advice{alone, advise(t, finding.NameMismatch, "mx.lab.test")})
	if want := "Nothing else on the device needs changing: tell the provider that the certificate of mail.lab.test has expired."; got[0].Short.You != want {
		t.Errorf("%q, want %q", got[0].Short.You, want)
	}
	if got[0].Short.Device != Rest || got[1].Short.Device != Change || !strings.Contains(got[1].Short.You, "mx.lab.test") {
		t.Errorf("effects %q and %q", got[0].Short.Device, got[1].Short.Device)
	}
	if alone.Short.Device != Nothing {
		t.Error("what was given was changed")
	}
	both := []Advice{alone, advise(t, finding.MissingIntermediate)}
	for i, a := range Together(both) {
		if a.Short != both[i].Short {
			t.Errorf("nothing is to be changed, and it became %q", a.Short.You)
		}
	}
	if got := Together(nil); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

// Whatever stands beside it, no advice says that nothing is to be changed while another changes
// something. A device and its server have a cause each that changes something.
func TestTogetherContradictsNothing(t *testing.T) {
	device, server := advise(t, finding.SiblingPortOpen), advise(t, finding.Expired)
	nothing := regexp.MustCompile(`(?i)\b(nothing on the (device|server|mail server)|change nothing (on|about)|nothing there)\b`)
	everyAnswer(t, func(c choice, a Advice) {
		got := Together([]Advice{a, device, server})[0]
		if got.Short.Device == Nothing || got.Short.Server == Nothing {
			t.Errorf("%s: %+v", a.Code, got.Short)
		}
		text := []string{got.Short.You, got.Short.Admin}
		for _, s := range append(slices.Clone(got.User), got.Admin...) {
			if s.Effect == Nothing {
				t.Errorf("%s, %s: still nothing", a.Code, s.For)
			}
			text = append(text, s.Steps...)
		}
		for _, s := range text {
			if says := nothing.FindString(s); says != "" {
				t.Errorf("%s: %q: %s", a.Code, says, s)
			}
		}
		for _, s := range []string{got.Short.You, got.Short.Admin} {
			if lines(s) > 2 {
				t.Errorf("%s: %d lines: %s", a.Code, lines(s), s)
			}
		}
	})
}
