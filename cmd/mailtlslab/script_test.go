package main

import (
	"errors"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs testdata/script. Beside the standard commands the scripts have
//
//	status N COMMAND…    the command must end with exactly this status
//	lab DIR [FLAG…] ID…  serve scenarios until the script ends; $CA is the root in DIR, $DNS its name server, and
//	                     $expired_leaf_imaps, for one, is where an endpoint is
//	journal REGEXP       wait for a line of that lab's output
//	stop                 Ctrl-C for that lab: it must end with 0
//	mint DIR ID          write a scenario's chain.pem, key.pem, chain.der, chain.p12 (password
//	                     "secret") and root.pem to DIR
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Values[labKey{}] = new(*upLab)
			e.Setenv("NO_COLOR", "")
			e.Setenv("TERM", "xterm")
			e.Setenv("YESTERDAY", time.Now().Add(-25*time.Hour).UTC().Format(time.RFC3339))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": scriptStatus, "lab": scriptLab, "journal": scriptJournal, "stop": scriptStop,
			"mint": scriptMint,
		},
	})
}

type labKey struct{}

func current(ts *testscript.TestScript) **upLab { return ts.Value(labKey{}).(**upLab) }

func scriptStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

func scriptLab(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || *current(ts) != nil {
		ts.Fatalf("usage: lab DIR [FLAG…] ID…, one at a time")
	}
	l, err := startUp(append([]string{"--export", ts.MkAbs(args[0])}, args[1:]...)...)
	ts.Check(err)
	*current(ts) = l
	ts.Defer(func() {
		if l := *current(ts); l != nil {
			l.stop()
		}
	})
	ts.Setenv("CA", l.Root)
	ts.Setenv("DNS", l.DNS)
	for _, s := range l.Scenarios {
		for _, e := range s.Endpoints {
			ts.Setenv(strings.ReplaceAll(s.ID, "-", "_")+"_"+string(e.Name), e.Address)
		}
	}
}

func scriptJournal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: journal REGEXP")
	}
	re, err := regexp.Compile(args[0])
	ts.Check(err)
	for limit := time.After(10 * time.Second); ; {
		select {
		case line, ok := <-(*current(ts)).lines:
			if !ok {
				ts.Fatalf("the lab has ended")
			}
			ts.Logf("%s", line)
			if re.MatchString(line) {
				return
			}
		case <-limit:
			ts.Fatalf("no line matches %s", re)
		}
	}
}

func scriptStop(ts *testscript.TestScript, neg bool, _ []string) {
	l := *current(ts)
	if neg || l == nil {
		ts.Fatalf("nothing is served")
	}
	*current(ts) = nil
	if r := l.stop(); r.code != exitOK || r.errors != "" {
		ts.Fatalf("up ended with %+v", r)
	}
}
