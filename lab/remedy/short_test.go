package remedy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// A choice is what the diagnosis may choose for a finding.
type choice struct {
	f       finding.Finding
	actions []action.Action
}

// choices returns every set of actions that can be chosen for a code: by what the certificate is
// for, what is known of the fault, and how the account names its server; and none at all.
func choices(c finding.Code) []choice {
	f := finding.New(c, "")
	f.Facts = finding.Facts{Issuer: "Example Issuing CA R3", Subject: "Example Intermediate", Port: 993, Mode: account.ImplicitTLS}
	out, seen := []choice{{f, nil}}, map[string]bool{}
	try := func(f finding.Finding) {
		actions := Actions(f, account.For(account.IMAPS, f.Facts.Host))
		if key := fmt.Sprint(f.Facts.Host, actions); !seen[key] {
			seen[key] = true
			out = append(out, choice{f, actions})
		}
	}
	for _, host := range []string{"mail.example.com", "192.0.2.1"} {
		for _, names := range [][]string{nil, {"mx.example.com"}, {"mx.example.net"}, {"*.example.com"}, {"mx.example.net", "*.example.net", "www.example.net"}} {
			for _, detail := range append(finding.Details(c), "") {
				for _, role := range []finding.Role{finding.RoleLeaf, finding.RoleIntermediate} {
					f.Facts.Host, f.Facts.Names, f.Facts.Detail, f.Facts.About.Role = host, names, detail, role
					try(f)
				}
			}
		}
	}
	f.Facts.Port, f.Facts.Mode = 0, ""
	try(f)
	f.Facts.Alert = 120
	try(f)
	return out
}

// everyAnswer calls t for each answer that can be given.
func everyAnswer(t *testing.T, test func(c choice, a Advice)) {
	t.Helper()
	b := open(t)
	for _, info := range finding.All() {
		for _, c := range choices(info.Code) {
			a, ok := b.Advise(c.f, c.actions, "")
			if !ok {
				t.Fatalf("%s: no advice", info.Code)
			}
			test(c, a)
		}
	}
}

// changesDevice lists the actions by which the person with the device cures the fault there.
func changesDevice(a action.Action) bool {
	return a.Party() == action.User && a.Kind != action.LeaveNetwork
}

// changesServer lists those for which the mail server itself is touched.
func changesServer(a action.Action) bool {
	elsewhere := []action.Kind{action.ExemptMail, action.FixAddresses, action.FixName, action.FixPublished, action.FixRevocation}
	return a.Party() == action.Admin && !slices.Contains(elsewhere, a.Kind)
}

// lines wraps as the answer on one screen does: in a column of 66 characters.
func lines(s string) int {
	n, width := 1, 0
	for _, w := range strings.Fields(s) {
		if width > 0 && width+1+len(w) > 66 {
			n, width = n+1, 0
		}
		if width > 0 {
			width++
		}
		width += len(w)
	}
	return n
}

func TestShortIsShort(t *testing.T) {
	everyAnswer(t, func(c choice, a Advice) {
		for _, s := range []string{a.Short.You, a.Short.Admin} {
			if s == "" || strings.ContainsAny(s, "{}") || !strings.HasSuffix(s, ".") || strings.Contains(s, "\n") {
				t.Errorf("%s: %q is no sentence, or has a placeholder", a.Code, s)
			}
			if strings.Contains(s, "the provider's number") || strings.Contains(s, "the name that the provider confirms") {
				t.Errorf("%s: a sentence for a fact that is not known: %s", a.Code, s)
			}
			if n := lines(s); n > 2 {
				t.Errorf("%s: %d lines: %s", a.Code, n, s)
			}
		}
	})
}

// Where nothing on the device needs changing, the person is told so; and where the diagnosis chose
// something to change, that is what the sentence is about.
func TestShortGoesWithTheActions(t *testing.T) {
	nothing := regexp.MustCompile(`[Nn]othing on the (device|server|mail server) needs changing`)
	everyAnswer(t, func(c choice, a Advice) {
		if got := nothing.MatchString(a.Short.You); a.Short.Device == Nothing && !got {
			t.Errorf("%s: does not say that nothing needs changing: %s", a.Code, a.Short.You)
		}
		if got := nothing.MatchString(a.Short.Admin); (a.Short.Server == Nothing) != got {
			t.Errorf("%s: server %q, and says: %s", a.Code, a.Short.Server, a.Short.Admin)
		}
		if len(c.actions) == 0 {
			return
		}
		cures := a.Short.Device == Change || a.Short.Device == AcceptRisk
		if chosen := slices.ContainsFunc(c.actions, changesDevice); chosen && !cures {
			t.Errorf("%s: %v is for the device, which the sentence does not say (%s): %s", a.Code, c.actions, a.Short.Device, a.Short.You)
		} else if !chosen && a.Short.Device == Change {
			t.Errorf("%s: %v is not for the device: %s", a.Code, c.actions, a.Short.You)
		}
		if slices.ContainsFunc(c.actions, changesServer) && a.Short.Server == Nothing {
			t.Errorf("%s: %v is for the server: %s", a.Code, c.actions, a.Short.Admin)
		}
		for _, act := range c.actions {
			if act.Kind == action.UseHost && !strings.Contains(a.Short.You, act.Host) {
				t.Errorf("%s: the server name should be %s, and the sentence is: %s", a.Code, act.Host, a.Short.You)
			}
		}
	})
}

// effects returns what the steps ask for, and the sentence above them.
func effects(short Effect, all []Steps) []Effect {
	out := []Effect{short}
	for _, s := range all {
		out = append(out, s.Effect)
	}
	return out
}

// against says why effects do not go together, and is empty where they do.
func against(short Effect, steps []Steps) string {
	all := effects(short, steps)
	has := func(es ...Effect) bool {
		return slices.ContainsFunc(all, func(e Effect) bool { return slices.Contains(es, e) })
	}
	inSteps := func(e Effect) bool { return slices.ContainsFunc(steps, func(s Steps) bool { return s.Effect == e }) }
	switch {
	case short == Nothing && has(Change, Meanwhile, AcceptRisk):
		return "nothing is to be changed, and something is"
	case inSteps(Nothing) && has(Change, Check, Meanwhile, AcceptRisk, Rest):
		return "steps say that nothing is to be changed, and others change something"
	case inSteps(Change) && short != Change && short != "":
		return "steps change something, of which the sentence says nothing"
	case inSteps(Rest) && !has(Change, Check, Meanwhile, AcceptRisk):
		return `"nothing else" beside nothing`
	case short == Change && !inSteps(Change):
		return "no steps say how to change it"
	}
	return ""
}

// TestNoAdviceContradictsItself looks at every answer that can be given about one finding.
func TestNoAdviceContradictsItself(t *testing.T) {
	everyAnswer(t, func(c choice, a Advice) {
		if why := against(a.Short.Device, a.User); why != "" {
			t.Errorf("%s, user, %v: %s: %v", a.Code, c.actions, why, effects(a.Short.Device, a.User))
		}
		server := a.Short.Server
		if server != Nothing {
			server = "" // mostly a choice among several steps
		}
		if why := against(server, a.Admin); why != "" {
			t.Errorf("%s, admin, %v: %s: %v", a.Code, c.actions, why, effects(a.Short.Server, a.Admin))
		}
		if len(a.User) == 0 || len(a.Admin) == 0 {
			t.Errorf("%s, %v: nothing to do for one of the parties", a.Code, c.actions)
		}
	})
}

func TestContradictionsAreFound(t *testing.T) {
	steps := func(es ...Effect) []Steps {
		var out []Steps
		for _, e := range es {
			out = append(out, Steps{Effect: e})
		}
		return out
	}
	for _, tt := range []struct {
		short Effect
		steps []Steps
		want  string
	}{
		{Change, steps("", Change, Rest), ""},
		{Nothing, steps("", Nothing), ""},
		{Nothing, steps(Check, Rest), ""},
		{Nothing, steps(Change), "nothing is to be changed, and something is"},
		{Nothing, steps(AcceptRisk), "nothing is to be changed, and something is"},
		{Change, steps(Change, Nothing), "others change something"},
		{Check, steps(Check, Nothing), "others change something"},
		{Check, steps(Change), "of which the sentence says nothing"},
		{Change, steps(""), "no steps say how"},
		{"", steps(Rest), "beside nothing"},
	} {
		if got := against(tt.short, tt.steps); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s beside %v: %q, want %q", tt.short, effects("", tt.steps), got, tt.want)
		}
	}
}

// What steps say is marked: an effect is data, and prose alone cannot be compared.
func TestEffectsAreMarked(t *testing.T) {
	changes := regexp.MustCompile(`^(Set|Switch|Turn|Enter|Install|Import|Tick|Update|Remove|Use \{port\}|Change (the server name|port))\b`)
	everySteps(t, func(c finding.Code, party string, s Steps) {
		for _, step := range s.Steps {
			switch nothing := strings.HasPrefix(step, "Change nothing ") || strings.HasPrefix(step, "Leave the ports as they are"); {
			case strings.HasPrefix(step, "Change nothing else"):
				if s.Effect != Rest {
					t.Errorf("%s, %s, %s: effect %q: %s", c, party, s.For, s.Effect, step)
				}
			case nothing:
				if s.Effect != Nothing {
					t.Errorf("%s, %s, %s: effect %q: %s", c, party, s.For, s.Effect, step)
				}
			case party == "user" && changes.MatchString(step) && !strings.Contains(step, "for one try"):
				if s.Effect == "" || s.Effect == Nothing {
					t.Errorf("%s, %s, %s: effect %q: %s", c, party, s.For, s.Effect, step)
				}
			}
		}
		if party == "admin" && !s.Procedure.IsZero() && s.Effect != Change {
			t.Errorf("%s, %s: a procedure, and effect %q", c, s.For, s.Effect)
		}
	})
}

// A certificate that is in order is not issued again, and nobody orders one while what is missing
// is the intermediate.
func TestGoodCertificatesAreKept(t *testing.T) {
	good := regexp.MustCompile(`(?i)certificate( and ports are|,? which is| itself is| is) in (order|date)|nothing is wrong with it|need not be issued again`)
	order := regexp.MustCompile(`(?i)\b(issued (again|by)|reissue|public CA|order|buy)\b`)
	everyAnswer(t, func(c choice, a Advice) {
		short := a.Short.You + " " + a.Short.Admin
		text := short
		for _, s := range append(slices.Clone(a.User), a.Admin...) {
			text += " " + strings.Join(s.Steps, " ")
		}
		issues := func(k action.Action) bool {
			return strings.HasPrefix(string(k.Kind), "reissue") || k.Kind == action.Renew
		}
		if says := good.FindString(text); says != "" && slices.ContainsFunc(c.actions, issues) {
			t.Errorf("%s: %q beside %v", a.Code, says, c.actions)
		}
		if missing := c.f.Facts.Detail == finding.DetailPublicCA && a.Code == finding.IssuerUnknown; missing {
			if says := order.FindString(a.Short.You + " " + strings.Replace(a.Short.Admin, "need not be issued again", "", 1)); says != "" {
				t.Errorf("%s: %q while the intermediate is missing: %s", a.Code, says, short)
			}
			if slices.ContainsFunc(c.actions, issues) || len(c.actions) > 0 && c.actions[0].Kind != action.SendChain {
				t.Errorf("%s: %v while the intermediate is missing", a.Code, c.actions)
			}
		}
	})
}

// Every form of a sentence is of use: some choice leads to it.
func TestEveryFormIsReached(t *testing.T) {
	reached := map[string]bool{}
	everyAnswer(t, func(c choice, a Advice) {
		for _, all := range [][]sentence{a.forms.you, a.forms.admin} {
			reached[string(a.Code)+first(all, c.actions).say] = true
		}
	})
	for _, a := range open(t).advice {
		for _, s := range append(slices.Clone(a.forms.you), a.forms.admin...) {
			if !reached[string(a.Code)+s.say] {
				t.Errorf("%s: nothing leads to %q", a.Code, s.say)
			}
		}
	}
}
