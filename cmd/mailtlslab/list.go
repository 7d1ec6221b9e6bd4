package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

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
}

func listCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list the scenarios",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out := cmd.OutOrStdout()
			if asJSON {
				all := []listed{}
				for _, s := range scenarios.All() {
					all = append(all, listed{s.Number, s.ID, s.Family, s.Title, s.On()})
				}
				return writeJSON(out, all)
			}
			p := colours(cmd)
			w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
			family := scenarios.Family("")
			for _, s := range scenarios.All() {
				if s.Family != family {
					family = s.Family
					w.Flush()
					fmt.Fprintf(out, "\n%s\n", p.bold(string(family)))
				}
				fmt.Fprintf(w, "%5d\t%s\t%s\n", s.Number, s.ID, s.Title)
			}
			return w.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

// chosen returns the scenarios with the given ids, all when there are none.
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
		out = append(out, s)
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
		return s, usage("there is no scenario %q; 'mailtlslab list' names them all", id)
	}
	return s, usage("there is no scenario %q; did you mean %s?", id, orList(nearest))
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
