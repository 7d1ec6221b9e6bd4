package remedy

import (
	"slices"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

func sample() Advice {
	return Advice{
		Code:       finding.NameMismatch,
		User:       []Steps{{For: "any device", Steps: []string{"Ask {host} on {port} with {mode} for {names}.", "It is {subject} by {issuer}."}}},
		Admin:      []Steps{{For: "Exim", Steps: []string{"Do it."}, Config: "probe {host}\n${if exists{/x}{/x}{/y}}"}},
		Prevention: "Watch {host}.",
		Support:    "Your provider's support can look at {host}.",
		Short:      Short{You: "Enter {to} for {host}.", Admin: "Look at {host}."},
	}
}

func TestFillPutsFactsIn(t *testing.T) {
	got := sample().Fill(finding.Facts{
		Host: "mail.lab.test", Names: []string{"a.test", "b.test"}, Port: 993, Mode: account.ImplicitTLS, Issuer: "Lab CA", Subject: "leaf",
	})
	want := []string{"Ask mail.lab.test on 993 with SSL/TLS for a.test, b.test.", "It is leaf by Lab CA."}
	if !slices.Equal(got.User[0].Steps, want) {
		t.Errorf("steps = %q, want %q", got.User[0].Steps, want)
	}
	if want := "probe mail.lab.test\n${if exists{/x}{/x}{/y}}"; got.Admin[0].Config != want {
		t.Errorf("config = %q, want %q", got.Admin[0].Config, want)
	}
	if got.Prevention != "Watch mail.lab.test." || got.Support != "Your provider's support can look at mail.lab.test." {
		t.Errorf("prevention = %q, support = %q", got.Prevention, got.Support)
	}
	if want := (Short{You: "Enter the name that the provider confirms for mail.lab.test.", Admin: "Look at mail.lab.test."}); got.Short != want {
		t.Errorf("short = %+v, want %+v", got.Short, want)
	}
}

func TestFillWithoutFactsLeavesWords(t *testing.T) {
	a := sample()
	got := a.Fill(finding.Facts{})
	want := "Ask the mail server on the provider's number with the provider's type for other names."
	if got.User[0].Steps[0] != want {
		t.Errorf("step = %q, want %q", got.User[0].Steps[0], want)
	}
	if !strings.HasPrefix(got.Admin[0].Config, "probe mail.example.com\n") {
		t.Errorf("config = %q", got.Admin[0].Config)
	}
	if a.User[0].Steps[0] != sample().User[0].Steps[0] {
		t.Error("Fill changed what it was called on")
	}
}

// Configuration is pasted into a root shell, and the server chooses what its certificate says.
func TestFillKeepsStrangeHostsOutOfCommands(t *testing.T) {
	for _, tt := range []struct{ host, want string }{
		{"mail.lab.test", "probe mail.lab.test"},
		{"", "probe mail.example.com"},
		{"a.test; reboot", "probe mail.example.com"},
		{"$(reboot).test", "probe mail.example.com"},
		{"-proxy.test", "probe mail.example.com"},
		{"a\nb.test", "probe mail.example.com"},
		{"192.0.2.1", "probe mail.example.com"},
		{"::1", "probe mail.example.com"},
	} {
		a := Advice{Admin: []Steps{{Config: "probe {host}"}}}.Fill(finding.Facts{Host: tt.host})
		if got := a.Admin[0].Config; got != tt.want {
			t.Errorf("host %q: config = %q, want %q", tt.host, got, tt.want)
		}
	}
}

func TestFillIsDoneOnce(t *testing.T) {
	a := Advice{Prevention: "Ask {issuer}."}.Fill(finding.Facts{Issuer: "{host}", Host: "mail.lab.test"})
	if a.Prevention != "Ask {host}." {
		t.Errorf("prevention = %q: a fact was read as a placeholder", a.Prevention)
	}
}

func TestFillListsSomeOfManyNames(t *testing.T) {
	names := strings.Fields("a b c d e f g h")
	a := Advice{Prevention: "For {names}."}.Fill(finding.Facts{Names: names})
	if want := "For a, b, c, d, e, f and 2 more."; a.Prevention != want {
		t.Errorf("prevention = %q, want %q", a.Prevention, want)
	}
}

// Port and encryption go together or not at all, and nobody is told to go without encryption.
func TestFillNamesPortAndEncryptionTogether(t *testing.T) {
	const neither = "the provider's number, the provider's type."
	for _, tt := range []struct {
		port int
		mode account.Mode
		want string
	}{
		{993, account.ImplicitTLS, "993, SSL/TLS."}, {587, account.StartTLS, "587, STARTTLS."},
		{143, account.Plaintext, neither}, {0, account.StartTLS, neither}, {993, "", neither}, {-1, account.ImplicitTLS, neither}, {993, "other", neither},
	} {
		facts := finding.Facts{Port: tt.port, Mode: tt.mode}
		if got := (Advice{Support: "{port}, {mode}."}).Fill(facts).Support; got != tt.want {
			t.Errorf("port %d, mode %q: %q, want %q", tt.port, tt.mode, got, tt.want)
		}
		for _, c := range []finding.Code{finding.WrongEncryptionType, finding.SiblingPortOpen} {
			f := finding.New(c, "")
			f.Facts = facts
			offered := slices.ContainsFunc(Actions(f, account.Settings{}), func(a action.Action) bool { return a.Kind == action.UseServer })
			if offered != (tt.want != neither) {
				t.Errorf("%s: port %d, mode %q: offered is %v", c, tt.port, tt.mode, offered)
			}
		}
	}
}

func TestFilledAdviceHasNoPlaceholders(t *testing.T) {
	known := finding.Facts{
		Host: "mail.lab.test", Names: []string{"a.test"}, Port: 993, Mode: account.ImplicitTLS, Issuer: "Lab CA", Subject: "leaf",
	}
	for _, facts := range []finding.Facts{{}, known} {
		for _, raw := range open(t).advice {
			a := raw.Fill(facts)
			for _, s := range append(a.User, a.Admin...) {
				if text := strings.Join(append(s.Steps, a.Prevention, a.Support, a.Short.You, a.Short.Admin), " "); strings.ContainsAny(text, "{}") {
					t.Errorf("%s, %s: braces in %q", a.Code, s.For, text)
				}
				if left := placeholderLike(s.Config); len(left) > 0 {
					t.Errorf("%s, %s: %q left in the configuration", a.Code, s.For, left)
				}
			}
		}
	}
}
