package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/cmd/internal/file"
	"github.com/mailtlslab/mailtlslab/cmd/internal/terminal"
	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/verify"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

type verifyFlags struct {
	which   selection
	json    bool
	junit   string
	timeout time.Duration
}

func verifyCommand() *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify [ID|FILE…]",
		Short: "serve, diagnose and cure scenarios, and compare with what is expected",
		Long: `verify serves each scenario on loopback, connects to every endpoint, diagnoses it
without knowing the answer, compares the findings with the expected ones, carries out
each remedy that the diagnosis chose, and looks again. The exit status is 1 when
anything is not as expected. Of a scenario that says nothing of what must be found it
prints what was. ` + argumentsHelp,
		Example: `  mailtlslab verify --junit report.xml
  mailtlslab verify --shard 2/4
  mailtlslab verify mine.json expired-leaf+wrong-host-single`,
		RunE: func(cmd *cobra.Command, args []string) error { return verification(cmd, args, f) },
	}
	cmd.Flags().BoolVar(&f.json, "json", false, "write JSON")
	cmd.Flags().StringVar(&f.junit, "junit", "", "write a JUnit report to this `FILE` too")
	cmd.Flags().DurationVar(&f.timeout, "timeout", verify.DefaultTimeout, "how long a server may be silent in one step")
	cmd.Flags().StringVar(&f.which.shard, "shard", "", "only one part of them: `I/N`, such as 2/4")
	f.which.register(cmd)
	terminal.Group(cmd, whichScenarios, "shard")
	terminal.Group(cmd, "Looking", "timeout")
	terminal.Group(cmd, "Output", "json", "junit")
	return cmd
}

func verification(cmd *cobra.Command, ids []string, f verifyFlags) error {
	list, err := await(cmd.Context(), func() ([]scenarios.Scenario, error) { return f.which.choose(ids) })
	if err != nil {
		return err
	}
	if f.timeout <= 0 {
		return usage("--timeout must be more than 0, such as 1s, not %s", f.timeout)
	}
	authority, err := certs.NewAuthority(certs.Options{Permit: hostsOf(list)})
	if err != nil {
		return environment(err)
	}
	l, err := lab.New(lab.Options{Haste: verify.Haste, Authority: authority})
	if err != nil {
		return environment(err)
	}
	defer l.Close()
	p := terminal.NewProgress(cmd)
	p.Say("0 of %d scenarios …", len(list))
	var finished atomic.Int32
	start := time.Now()
	report := verify.Run(cmd.Context(), l, list, verify.Options{Timeout: f.timeout, Progress: func(verify.Row) {
		p.Say("%d of %d scenarios …", finished.Add(1), len(list))
	}})
	p.Done()
	if cmd.Context().Err() != nil {
		return interrupted()
	}
	if f.json {
		if err := terminal.WriteJSON(cmd.OutOrStdout(), report); err != nil {
			return environment(err)
		}
	} else {
		writeMatrix(cmd.OutOrStdout(), terminal.Colours(cmd), terminal.Width(cmd), report)
		writeSummary(cmd.OutOrStdout(), terminal.Colours(cmd), report, time.Since(start))
		if err := writeExpect(cmd.OutOrStdout(), report); err != nil {
			return environment(err)
		}
	}
	if f.junit != "" {
		if err := finish(cmd.Context(), func() error { return file.Write(f.junit, report.WriteJUnit) }); err != nil {
			return err
		}
	}
	if lacking := report.Environment(); lacking != "" {
		return environment(fmt.Errorf("this machine could not judge all of it: %s; free what is missing, such as open files (ulimit -n), or verify a part at a time (--shard)", terminal.Line(lacking)))
	}
	if !report.OK() {
		return &status{code: exitFindings}
	}
	return nil
}

// hostsOf returns the names of the scenarios' own, for which the lab's root must be allowed to issue.
func hostsOf(list []scenarios.Scenario) []string {
	var out []string
	for _, s := range list {
		out = append(out, s.Hosts()...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// writeExpect prints what was found of scenarios that say nothing of what must be, as a file has it.
func writeExpect(w io.Writer, r verify.Report) error {
	for _, row := range r.Rows {
		if !row.Unexpecting || len(row.Cells) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s says nothing of what must be found.\nTo have this expected, paste it into the file:\n\n", row.ID)
		var b strings.Builder
		if err := terminal.WriteJSON(&b, row.Expectations()); err != nil {
			return err
		}
		fmt.Fprintf(w, "  \"expect\": %s\n", strings.ReplaceAll(strings.TrimSpace(b.String()), "\n", "\n  "))
	}
	return nil
}
