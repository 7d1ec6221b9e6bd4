package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/mailtlslab/mailtlslab/cmd/internal/terminal"
	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// A printedLine is a command that up printed, and where it stood.
type printedLine struct {
	scenario scenarios.Scenario
	endpoint account.Endpoint
	command  string
	nth      int // of its endpoint
}

var (
	headLine    = regexp.MustCompile(`^\d+ ([a-z0-9-]+)  `)
	commandLine = regexp.MustCompile(`^ +((?:curl|openssl|mailtlslab) .*)$`)
)

// printed reads the commands out of what up prints.
func printed(t *testing.T, text string) []printedLine {
	t.Helper()
	var out []printedLine
	var at printedLine
	for l := range strings.Lines(text) {
		l = strings.TrimRight(l, "\n")
		if m := headLine.FindStringSubmatch(l); m != nil {
			s, ok := scenarios.Lookup(m[1])
			if !ok {
				t.Fatalf("%q heads no scenario", l)
			}
			at = printedLine{scenario: s}
		} else if words := strings.Fields(l); len(words) == 2 && account.Endpoint(words[0]).Valid() {
			at.endpoint, at.nth = account.Endpoint(words[0]), 0
		} else if strings.HasPrefix(l, "  to have it diagnosed") {
			at.endpoint = "" // what the lab says of itself proves nothing here
		} else if m := commandLine.FindStringSubmatch(l); m != nil && at.endpoint != "" {
			at.command = m[1]
			out = append(out, at)
			at.nth++
		}
	}
	return out
}

// wanted returns a pattern for "exit STATUS" and all that the client says.
func (l printedLine) wanted() (string, error) {
	id, e := l.scenario.ID, l.endpoint
	if len(l.scenario.Expected(e)) > 0 {
		for _, key := range []string{fmt.Sprintf("%s %d", id, l.nth+1), id + " " + string(e.Mode()), id} {
			if want, ok := met[key]; ok {
				return want, nil
			}
		}
		if l.scenario.OpenSSL == 0 {
			return "", fmt.Errorf("nothing says what a client meets there")
		}
	}
	code := l.scenario.OpenSSL
	if len(l.scenario.Expected(e)) == 0 {
		code = 0
	}
	openssl := strings.HasPrefix(l.command, "openssl")
	switch {
	case openssl && code == 20: // s_client also looks at what was sent
		return `Verify return code: (19|20|21) `, nil
	case openssl:
		return fmt.Sprintf(`Verify return code: %d `, code), nil
	case code == 0:
		return `^exit (0|8)\n`, nil // 8: curl finds nothing to do
	case verifyWords[code] == "":
		return "", fmt.Errorf("nothing says how curl words verify code %d", code)
	}
	return `^exit 60\n(?s:.*)(` + verifyWords[code] + `)`, nil
}

// TestPrintedLinesMeetTheirFault pastes every line that up prints for every scenario into a shell,
// and holds what openssl and curl say to the fault.
func TestPrintedLinesMeetTheirFault(t *testing.T) {
	if testing.Short() {
		t.Skip("some lines wait for what does not come")
	}
	for _, tool := range []string{"openssl", "curl", "bash"} {
		if _, err := exec.LookPath(tool); err != nil && os.Getenv("CI") != "" {
			t.Fatalf("%s is required in CI", tool)
		} else if err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	var all []scenarios.Scenario
	for _, s := range scenarios.All() {
		if lab.Unavailable(s) == "" {
			all = append(all, s)
		}
	}
	var work sync.WaitGroup
	var seen sync.Map
	tickets := make(chan struct{}, 8)
	for few := range slices.Chunk(all, inFull) {
		tickets <- struct{}{}
		work.Go(func() {
			defer func() { <-tickets }()
			for _, id := range pasteLines(t, few) {
				seen.Store(id, true)
			}
		})
	}
	work.Wait()
	for _, s := range all {
		for _, e := range s.On() {
			if _, ok := seen.Load(s.ID + " " + string(e)); !ok {
				t.Errorf("%s: no line was printed for %s", s.ID, e)
			}
		}
	}
}

// pasteLines serves some scenarios as a person does, and runs what is printed.
func pasteLines(t *testing.T, few []scenarios.Scenario) (seen []string) {
	args := []string{"up", "--base-port", "0"}
	for _, s := range few {
		args = append(args, s.ID)
	}
	text, stop := served(t, args...)
	defer stop()
	for l := range strings.Lines(text) {
		l = strings.TrimSuffix(l, "\n")
		if !commandLine.MatchString(l) && !strings.HasPrefix(l, "root ") && utf8.RuneCountInString(l) > terminal.Narrow {
			t.Errorf("%v: %d columns: %s", args, utf8.RuneCountInString(l), l)
		}
	}
	type place struct{ id, endpoint string }
	at := map[place][]printedLine{}
	for _, l := range printed(t, text) {
		p := place{l.scenario.ID, string(l.endpoint)}
		at[p] = append(at[p], l)
	}
	var last sync.WaitGroup
	for p, lines := range at {
		seen = append(seen, p.id+" "+p.endpoint)
		last.Go(func() { pasteInOrder(t, lines) })
	}
	last.Wait()
	return seen
}

// pasteInOrder runs the lines of one endpoint one after the other.
func pasteInOrder(t *testing.T, lines []printedLine) {
	var all strings.Builder
	for _, l := range lines {
		got := paste(l.command)
		all.WriteString(got)
		if want, err := l.wanted(); err != nil || !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("%s %s: %s\nwant %s %v\ngot %s", l.scenario.ID, l.endpoint, l.command, want, err, got)
		}
	}
	if want, ok := together[lines[0].scenario.ID]; ok {
		for _, w := range want {
			if !regexp.MustCompile(w).MatchString(all.String()) {
				t.Errorf("%s %s: of all lines none gave %s\n%s", lines[0].scenario.ID, lines[0].endpoint, w, all.String())
			}
		}
	}
}

func paste(command string) string {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", command)
	out, err := cmd.CombinedOutput()
	status := 0
	if err != nil {
		status = cmd.ProcessState.ExitCode()
	}
	return fmt.Sprintf("exit %d\n%s", status, out)
}
