package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"mailtlslab/lab/finding"
	"mailtlslab/lab/remedy"
	"mailtlslab/scenarios"
)

func showCommand() *cobra.Command {
	var asJSON, all bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "tell a scenario's story, its fault and its cure",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := one(args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), s)
			}
			book, err := remedy.Open()
			if err != nil {
				return environment(err)
			}
			show(cmd.OutOrStdout(), colours(cmd), s, book, all)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write the scenario as JSON")
	cmd.Flags().BoolVar(&all, "all", false, "print the steps for every platform and product")
	return cmd
}

func show(w io.Writer, p palette, s scenarios.Scenario, book *remedy.Book, all bool) {
	fmt.Fprintf(w, "%s  %s\n\n", p.bold(fmt.Sprintf("%d %s", s.Number, s.ID)), p.faint(string(s.Family)))
	fmt.Fprintf(w, "%s\n\n%s\n\n", p.bold(s.Title), wrap(s.Story, 78, ""))
	var on []string
	for _, e := range s.On() {
		on = append(on, string(e))
	}
	fmt.Fprintf(w, "account     %s on %s\n", s.AccountHost(), strings.Join(on, " "))
	fmt.Fprintf(w, "sources     %s\n", strings.Join(s.References, "; "))
	seen := map[finding.Code]bool{}
	for _, x := range s.Expect {
		for _, code := range x.Findings {
			if seen[code] {
				continue
			}
			seen[code] = true
			info, _ := finding.Lookup(code)
			fmt.Fprintf(w, "\n%s  %s: %s\n", paintSeverity(p, info.Severity), p.bold(string(code)), info.Title)
			advice, ok := book.For(code)
			if ok {
				writeAdvice(w, p, advice.Fill(finding.Facts{Host: s.AccountHost()}), all)
			}
		}
	}
	if len(seen) == 0 {
		fmt.Fprintf(w, "\n%s\n", p.green("nothing is wrong, and nothing may be found"))
	}
	fmt.Fprintf(w, "\n  mailtlslab up %[1]s       serves it for a mail program\n  mailtlslab verify %[1]s   diagnoses and cures it\n", s.ID)
}
