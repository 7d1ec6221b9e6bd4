package remedy

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

func open(t *testing.T) *Book {
	t.Helper()
	b, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// everySteps calls f for each Steps of each code.
func everySteps(t *testing.T, f func(c finding.Code, party string, s Steps)) {
	t.Helper()
	for _, a := range open(t).advice {
		for _, s := range a.User {
			f(a.Code, "user", s)
		}
		for _, s := range a.Admin {
			f(a.Code, "admin", s)
		}
	}
}

func TestEveryCodeHasAdviceAndNothingElse(t *testing.T) {
	b := open(t)
	all := finding.All()
	if len(b.advice) != len(all) {
		t.Fatalf("%d entries for %d codes", len(b.advice), len(all))
	}
	for i, info := range all {
		a, ok := b.For(info.Code)
		if !ok || a.Code != info.Code {
			t.Errorf("For(%q) = %q, %v", info.Code, a.Code, ok)
			continue
		}
		if b.advice[i].Code != info.Code {
			t.Errorf("entry %d is %s, want %s", i, b.advice[i].Code, info.Code)
		}
		if len(a.User) == 0 || len(a.Admin) == 0 {
			t.Errorf("%s: nothing for one of the parties", info.Code)
		}
	}
	if a, ok := b.For("no-such-code"); ok {
		t.Errorf("For(no-such-code) = %+v, want nothing", a)
	}
}

func TestForReturnsACopy(t *testing.T) {
	b := open(t)
	a, _ := b.For(finding.Expired)
	a.User[0].Steps[0], a.Admin[0].For = "changed", "changed"
	again, _ := b.For(finding.Expired)
	if again.User[0].Steps[0] == "changed" || again.Admin[0].For == "changed" {
		t.Error("a caller's change reached the book")
	}
}

func TestStepsAreWellFormed(t *testing.T) {
	everySteps(t, func(c finding.Code, party string, s Steps) {
		if err := s.check(); err != nil {
			t.Errorf("%s, %s, %s: %v", c, party, s.For, err)
		}
	})
}

// A trainer reads the user's part aloud.
func TestUserSentencesAreShort(t *testing.T) {
	const most = 24
	everySteps(t, func(c finding.Code, party string, s Steps) {
		for _, step := range s.Steps {
			for _, sentence := range strings.Split(step, ". ") {
				if n := len(strings.Fields(sentence)); party == "user" && n > most {
					t.Errorf("%s, %s: %d words: %s", c, s.For, n, sentence)
				}
			}
		}
	})
}

// needsCertificate lists the codes whose remedy is a certificate or a TLS setting on the server.
func needsCertificate(info finding.Info) bool {
	if info.Code == finding.ClientClock {
		return false // the server is in order
	}
	switch info.Family {
	case finding.Trust, finding.Names, finding.Time, finding.Keys, finding.Usage:
		return true
	}
	return info.Code == finding.KeyDoesNotMatch || info.Code == finding.ProtocolTooOld
}

func TestCertificateCodesHavePostfixAndDovecot(t *testing.T) {
	b := open(t)
	for _, info := range finding.All() {
		if !needsCertificate(info) {
			continue
		}
		a, _ := b.For(info.Code)
		for _, want := range []string{"Postfix", "Dovecot 2.3", "2.4"} {
			found := false
			for _, s := range a.Admin {
				found = found || strings.Contains(s.For, want) && s.Config != ""
			}
			if !found {
				t.Errorf("%s: no configuration for %s", info.Code, want)
			}
		}
	}
}

// Actions that lose data say so, in the step before or in the same one.
func TestLossIsAnnounced(t *testing.T) {
	for _, risk := range []struct{ act, warning string }{
		{"reset network settings", "forgets them all"},
		{"remove the account", "only on"},
		{"delete account", "only on"},
		{"click remove", "only on"},
	} {
		everySteps(t, func(c finding.Code, party string, s Steps) {
			text := strings.ToLower(strings.Join(s.Steps, " "))
			if party == "user" && strings.Contains(text, risk.act) && !strings.Contains(text, risk.warning) {
				t.Errorf("%s, %s: %q without a warning", c, s.For, risk.act)
			}
		})
	}
}

func TestLostCausesSayWhatToSend(t *testing.T) {
	b := open(t)
	for _, c := range []finding.Code{finding.Unexplained, finding.IssuerUnknown} {
		a, _ := b.For(c)
		found := false
		for _, s := range a.User {
			found = found || strings.Contains(s.Config, "mailtlslab diagnose {host} --save ")
		}
		if !found {
			t.Errorf("%s: does not say how to save a survey", c)
		}
	}
}

// Where a device warns of a certificate, its owner asks what that means.
func TestWarningsAreExplained(t *testing.T) {
	b := open(t)
	for _, info := range finding.All() {
		if info.Severity != finding.Error || info.Stage != finding.Certifying {
			continue
		}
		a, _ := b.For(info.Code)
		if !slices.ContainsFunc(a.User, func(s Steps) bool { return strings.HasPrefix(s.For, "anybody who asks") }) {
			t.Errorf("%s: nobody is told what the warning means", info.Code)
		}
	}
}

// The book about some codes says of them what the whole one says, and nothing of other families.
func TestOpenAbout(t *testing.T) {
	whole := open(t)
	some, err := OpenAbout(finding.Expired, finding.NameMismatch, "no-such-code")
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range finding.All() {
		got, ok := some.For(info.Code)
		if want := info.Family == finding.Time || info.Family == finding.Names; ok != want {
			t.Errorf("%s: %v", info.Code, ok)
		}
		if want, _ := whole.For(info.Code); ok && !reflect.DeepEqual(got, want) {
			t.Errorf("%s: it says something else", info.Code)
		}
	}
}
