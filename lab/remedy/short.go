package remedy

import (
	"errors"
	"fmt"
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/action"
)

// Short is the advice in one sentence for each party: the most useful thing to do.
type Short struct {
	// You is for the person with the device. It says so where nothing on the device needs changing.
	You string `json:"you"`
	// Admin is for whoever runs the server.
	Admin string `json:"admin"`
	// Device and Server are what the two sentences ask of the device and of the server.
	Device Effect `json:"device,omitempty"`
	Server Effect `json:"server,omitempty"`
}

// An Effect says what words ask of the thing that they are about: for the user the device with its
// mail account, for the admin the server. Empty means that they only ask, tell or compare.
type Effect string

// The effects.
const (
	Nothing    Effect = "nothing"     // nothing there needs changing; stands beside no other effect but an unconditional look
	Rest       Effect = "rest"        // nothing else there needs changing, beside what the other steps say
	Change     Effect = "change"      // something there is wrong and is put right
	Check      Effect = "check"       // something there is looked at, and changed only where it is wrong
	Meanwhile  Effect = "meanwhile"   // a detour for as long as the fault lasts
	AcceptRisk Effect = "accept-risk" // trust by hand, which nobody but the person can answer for
)

// Effects returns every effect but the empty one.
func Effects() []Effect { return []Effect{Nothing, Rest, Change, Check, Meanwhile, AcceptRisk} }

// A sentence is one form of a short advice: the one for which the diagnosis chose an action of the
// kind when, or the last, which needs none.
type sentence struct {
	when   action.Kind
	effect Effect
	say    string
}

// sentences are the forms of a short advice, for each party in the order in which they are tried.
type sentences struct{ you, admin []sentence }

// pick returns the short advice that goes with what the diagnosis chose.
func (s sentences) pick(chosen []action.Action) Short {
	you, admin := first(s.you, chosen), first(s.admin, chosen)
	return Short{You: you.say, Admin: admin.say, Device: you.effect, Server: admin.effect}
}

func first(all []sentence, chosen []action.Action) sentence {
	for _, s := range all {
		if s.when == "" || offered(s.when, chosen) {
			return s
		}
	}
	return sentence{}
}

func offered(k action.Kind, chosen []action.Action) bool {
	return slices.ContainsFunc(chosen, func(a action.Action) bool { return a.Kind == k })
}

// shown reports whether steps go with what the diagnosis chose.
func (s Steps) shown(chosen []action.Action) bool {
	return (s.When == "" || offered(s.When, chosen)) && (s.Unless == "" || !offered(s.Unless, chosen))
}

// condition says when steps hold that go with an action of the diagnosis, and those that go without
// it. No words, no such condition.
func condition(k action.Kind) (with, without string) {
	switch k {
	case action.UseHost:
		return "where another server name works", "where no other server name works"
	case action.UseServer:
		return "where another port works", "where it is not known which port works"
	case action.ReissueClient:
		return "where it is a client's certificate", "where it is a server's certificate"
	}
	return "", ""
}

// conditional writes out when steps hold. Those that hold either way are there once.
func conditional(all []Steps) []Steps {
	var out []Steps
	for _, s := range all {
		twin := slices.IndexFunc(out, func(o Steps) bool { return o.For == s.For && slices.Equal(o.Steps, s.Steps) })
		if twin >= 0 && out[twin].When == s.Unless && out[twin].Unless == s.When {
			out[twin].When, out[twin].Unless = "", ""
			continue
		}
		out = append(out, s)
	}
	for i, s := range out {
		if with, _ := condition(s.When); with != "" {
			out[i].For += " (" + with + ")"
		}
		if _, without := condition(s.Unless); without != "" {
			out[i].For += " (" + without + ")"
		}
	}
	return out
}

func checkSentences(all []sentence) error {
	if len(all) == 0 {
		return errors.New("no sentence")
	}
	for i, s := range all {
		if last := i == len(all)-1; last != (s.when == "") {
			return fmt.Errorf("sentence %d: the last one is for every case, and each before it for an action", i+1)
		}
		if err := errors.Join(checkKind(s.when), s.effect.check(), checkText(s.say)); err != nil {
			return fmt.Errorf("sentence %d: %w", i+1, err)
		}
	}
	return nil
}

func (e Effect) check() error {
	if e != "" && !slices.Contains(Effects(), e) {
		return fmt.Errorf("effect %q: want one of %v, or none", e, Effects())
	}
	return nil
}

// checkCondition wants words for an action that steps depend on.
func checkCondition(k action.Kind) error {
	if with, without := condition(k); k != "" && (with == "" || without == "") {
		return fmt.Errorf("no steps can depend on %q, for which there are no words", k)
	}
	return nil
}

func checkKind(k action.Kind) error {
	if k != "" && !slices.Contains(action.Kinds(), k) {
		return fmt.Errorf("%q is no action", k)
	}
	return nil
}
