package main

import (
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/verify"
)

type verifyFlags struct {
	json    bool
	junit   string
	timeout time.Duration
}

func verifyCommand() *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify [ID|FILE…]",
		Short: "serve, diagnose and cure scenarios, and compare with what is expected",
		Long: `verify serves each scenario, also those of JSON files, on loopback, connects to every endpoint, diagnoses it
without knowing the answer, compares the findings with the expected ones, carries out
each remedy that the diagnosis chose, and looks again. The exit status is 1 when
anything is not as expected.`,
		Example:           "  mailtlslab verify --junit report.xml",
		ValidArgsFunction: completeIDs,
		RunE:              func(cmd *cobra.Command, args []string) error { return verification(cmd, args, f) },
	}
	cmd.Flags().BoolVar(&f.json, "json", false, "write JSON")
	cmd.Flags().StringVar(&f.junit, "junit", "", "write a JUnit report to this `FILE` too")
	cmd.Flags().DurationVar(&f.timeout, "timeout", verify.DefaultTimeout, "how long a server may be silent in one step")
	return cmd
}

func verification(cmd *cobra.Command, ids []string, f verifyFlags) error {
	list, err := chosen(ids)
	if err != nil {
		return err
	}
	if f.timeout <= 0 {
		return usage("--timeout must be more than 0, such as 1s, not %s", f.timeout)
	}
	l, err := lab.New(lab.Options{Haste: verify.Haste})
	if err != nil {
		return environment(err)
	}
	defer l.Close()
	p := newProgress(cmd)
	p.say("0 of %d scenarios …", len(list))
	var finished atomic.Int32
	start := time.Now()
	report := verify.Run(cmd.Context(), l, list, verify.Options{Timeout: f.timeout, Progress: func(verify.Row) {
		p.say("%d of %d scenarios …", finished.Add(1), len(list))
	}})
	p.done()
	if cmd.Context().Err() != nil {
		return interrupted()
	}
	if f.json {
		if err := writeJSON(cmd.OutOrStdout(), report); err != nil {
			return environment(err)
		}
	} else {
		writeMatrix(cmd.OutOrStdout(), colours(cmd), width(cmd), report)
		writeSummary(cmd.OutOrStdout(), colours(cmd), report, time.Since(start))
	}
	if f.junit != "" {
		if err := writeFile(f.junit, report.WriteJUnit); err != nil {
			return environment(err)
		}
	}
	if !report.OK() {
		return &status{code: exitFindings}
	}
	return nil
}
