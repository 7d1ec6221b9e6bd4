package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"mailtlslab/lab"
	"mailtlslab/lab/account"
	"mailtlslab/lab/finding"
	"mailtlslab/lab/verify"
)

func verifyCommand() *cobra.Command {
	var asJSON bool
	var junit string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "verify [ID…]",
		Short: "serve, diagnose and cure scenarios, and compare with what is expected",
		Long: `verify serves each scenario on loopback, connects to every endpoint, diagnoses it
without knowing the answer, compares the findings with the expected ones, carries out
each remedy that the diagnosis chose, and looks again. The exit status is 1 when
anything is not as expected.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := chosen(args)
			if err != nil {
				return err
			}
			l, err := lab.New(lab.Options{})
			if err != nil {
				return environment(err)
			}
			defer l.Close()
			start := time.Now()
			report := verify.Run(cmd.Context(), l, list, verify.Options{Timeout: timeout})
			if cmd.Context().Err() != nil {
				return environment(fmt.Errorf("interrupted"))
			}
			if junit != "" {
				if err := writeFile(junit, report.WriteJUnit); err != nil {
					return environment(err)
				}
			}
			if asJSON {
				err = writeJSON(cmd.OutOrStdout(), report)
			} else {
				writeMatrix(cmd.OutOrStdout(), colours(cmd), report, time.Since(start))
			}
			if err == nil && !report.OK() {
				err = &status{code: exitFindings}
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	cmd.Flags().StringVar(&junit, "junit", "", "write a JUnit report to this `FILE` too")
	cmd.Flags().DurationVar(&timeout, "timeout", verify.DefaultTimeout, "how long a server may be silent in one step")
	return cmd
}

// writeFile writes a whole file, or leaves none behind.
func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("cannot write the report: %w", err)
	}
	if err = write(f); err == nil {
		err = f.Close()
	} else {
		f.Close()
	}
	if err != nil {
		os.Remove(name)
		return fmt.Errorf("cannot write %s: %w", name, err)
	}
	return nil
}

// writeMatrix prints a row a scenario and a column an endpoint, then what was not as expected.
func writeMatrix(w io.Writer, p palette, r verify.Report, took time.Duration) {
	t := table.NewWriter()
	t.SetOutputMirror(w)
	style := table.StyleLight
	style.Options = table.OptionsNoBordersAndSeparators
	t.SetStyle(style)
	header := table.Row{"", "scenario"}
	for _, e := range account.Endpoints() {
		header = append(header, string(e))
	}
	t.AppendHeader(append(header, "found", "cured by"))
	cells, cures := 0, 0
	for _, row := range r.Rows {
		line := table.Row{row.Number, row.ID}
		for _, e := range account.Endpoints() {
			line = append(line, mark(p, row, e))
		}
		for _, c := range row.Cells {
			cells++
			cures += len(c.Cures)
		}
		t.AppendRow(append(line, strings.Join(found(row), "\n"), strings.Join(curedBy(row), "\n")))
	}
	t.Render()
	fmt.Fprintln(w)
	bad := 0
	for _, row := range r.Rows {
		if row.OK() {
			continue
		}
		bad++
		if row.Problem != "" {
			fmt.Fprintf(w, "%s %s: %s\n", p.red("✗"), row.ID, line(row.Problem))
		}
		for _, c := range row.Cells {
			for _, problem := range c.Problems {
				fmt.Fprintf(w, "%s %s on %s: %s\n", p.red("✗"), row.ID, c.Endpoint, line(problem))
			}
		}
	}
	summary := fmt.Sprintf("%d scenarios on %d endpoints: found as expected, and clean after each of %d cures, in %.1f s", len(r.Rows), cells, cures, took.Seconds())
	if bad > 0 {
		summary = fmt.Sprintf("%d of %d scenarios not as expected", bad, len(r.Rows))
		fmt.Fprintln(w, p.red(summary))
		return
	}
	fmt.Fprintln(w, p.green(summary))
}

// mark is one cell of the matrix: as expected or not, and not served.
func mark(p palette, row verify.Row, e account.Endpoint) string {
	i := slices.IndexFunc(row.Cells, func(c verify.Cell) bool { return c.Endpoint == e })
	switch {
	case i < 0:
		return p.faint("·")
	case !row.Cells[i].OK():
		return p.red("✗")
	case len(row.Cells[i].Found) == 0:
		return p.green("ok")
	}
	return p.green("✓")
}

// found lists what was found in a row, each code once, with its endpoints where they differ.
func found(row verify.Row) []string {
	var out []string
	for _, c := range row.Cells {
		for _, code := range c.Found {
			if !slices.Contains(out, string(code)) {
				out = append(out, string(code))
			}
		}
	}
	if len(out) == 0 && row.Problem == "" {
		return []string{"clean"}
	}
	return out
}

// curedBy lists what cured a row, each kind of action once, with what it left where it left anything.
func curedBy(row verify.Row) []string {
	var out []string
	for _, c := range row.Cells {
		for _, cure := range c.Cures {
			words := string(cure.Action.Kind)
			if len(cure.Left) > 0 {
				words += " (leaves " + joinCodes(cure.Left) + ")"
			}
			if !slices.Contains(out, words) {
				out = append(out, words)
			}
		}
	}
	return out
}

func joinCodes(codes []finding.Code) string {
	var out []string
	for _, c := range codes {
		out = append(out, string(c))
	}
	return strings.Join(out, ", ")
}
