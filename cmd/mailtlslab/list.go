package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mailtlslab/lab"
	"mailtlslab/lab/account"
	"mailtlslab/scenarios"
)

// listed is one scenario in "list --json". Other programs rely on these fields.
type listed struct {
	Number    int                `json:"number"`
	ID        string             `json:"id"`
	Family    scenarios.Family   `json:"family"`
	Title     string             `json:"title"`
	Endpoints []account.Endpoint `json:"endpoints"`
	// Unavailable says why this machine cannot run it.
	Unavailable string `json:"unavailable,omitempty"`
}

func listCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list the scenarios",
		Long: `list prints every scenario by family: its number, from which "up" derives its ports, its
id, which every other command takes, and what is broken.`,
		Example: "  mailtlslab list --json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out := cmd.OutOrStdout()
			if asJSON {
				all := []listed{}
				for _, s := range scenarios.All() {
					all = append(all, listed{s.Number, s.ID, s.Family, s.Title, s.On(), lab.Unavailable(s)})
				}
				return writeJSON(out, all)
			}
			writeList(out, colours(cmd), width(cmd), scenarios.All())
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

// writeList prints the scenarios family by family, in columns that fit all of them.
func writeList(w io.Writer, p palette, width int, all []scenarios.Scenario) {
	longest := 0
	for _, s := range all {
		longest = max(longest, len(s.ID))
	}
	indent := 5 + 2 + longest + 2
	family := scenarios.Family("")
	for i, s := range all {
		if s.Family != family {
			family = s.Family
			if i > 0 {
				fmt.Fprintln(w)
			}
			fmt.Fprintln(w, p.bold(string(family)))
		}
		words := s.Title
		if reason := lab.Unavailable(s); reason != "" {
			words += " (unavailable: " + reason + ")"
		}
		title := wrap(words, max(20, width-indent), strings.Repeat(" ", indent))
		fmt.Fprintf(w, "%5d  %-*s  %s\n", s.Number, longest, s.ID, title)
	}
}

// completeIDs lets the shell complete the ids of scenarios.
func completeIDs(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var out []cobra.Completion
	for _, s := range scenarios.All() {
		out = append(out, cobra.CompletionWithDesc(s.ID, s.Title))
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// chosen returns the scenarios with the given ids, each once; all when there are none.
func chosen(ids []string) ([]scenarios.Scenario, error) {
	if len(ids) == 0 {
		return scenarios.All(), nil
	}
	var out []scenarios.Scenario
	for _, id := range ids {
		s, err := one(id)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(out, func(t scenarios.Scenario) bool { return t.ID == s.ID }) {
			out = append(out, s)
		}
	}
	return out, nil
}

func one(id string) (scenarios.Scenario, error) {
	s, ok := scenarios.Lookup(id)
	if ok {
		return s, nil
	}
	nearest := scenarios.Nearest(id)
	if len(nearest) == 0 {
		return s, usage("there is no scenario %q; 'mailtlslab list' names them all", clip(id))
	}
	return s, usage("there is no scenario %q; did you mean %s?", clip(id), orList(nearest))
}

func orList(words []string) string {
	out := words[0]
	for i, w := range words[1:] {
		if i == len(words)-2 {
			out += " or " + w
		} else {
			out += ", " + w
		}
	}
	return out
}
