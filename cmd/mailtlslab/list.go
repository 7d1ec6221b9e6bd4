package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// listed is one scenario in "list --json". Other programs rely on these fields.
type listed struct {
	Number    int                `json:"number"`    // stable; fixed ports derive from it
	ID        string             `json:"id"`        // what every other command takes
	Family    scenarios.Family   `json:"family"`    // what is broken
	Title     string             `json:"title"`     // the same in one line
	Endpoints []account.Endpoint `json:"endpoints"` // those the scenario runs on
	// Unavailable says why this machine cannot run it.
	Unavailable string `json:"unavailable,omitempty"`
}

type listFlags struct {
	json     bool
	family   string
	cause    string
	endpoint string
	audience string
}

func listCommand() *cobra.Command {
	var f listFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list the scenarios",
		Long: `list prints every scenario by family: its number, from which "up" derives its ports, its
id, which every other command takes, and what is broken. The filters may be combined.`,
		Example: `  mailtlslab list --family time
  mailtlslab list --cause name-mismatch --audience user --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := filtered(f)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if f.json {
				all := []listed{}
				for _, s := range list {
					all = append(all, listed{s.Number, s.ID, s.Family, s.Title, s.On(), lab.Unavailable(s)})
				}
				return writeJSON(out, all)
			}
			if len(list) == 0 {
				_, err := fmt.Fprintln(cmd.ErrOrStderr(), "no scenario is all of that")
				return err
			}
			writeList(out, colours(cmd), width(cmd), list)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.json, "json", false, "write JSON")
	flags.StringVar(&f.family, "family", "", "only those of one `FAMILY`, such as time")
	flags.StringVar(&f.cause, "cause", "", "only those in which this `CODE` must be found, such as name-mismatch")
	flags.StringVar(&f.endpoint, "endpoint", "", "only those that run on this `ENDPOINT`, such as imaps")
	flags.StringVar(&f.audience, "audience", "", "only those that the user, or the admin, can cure: `PARTY`")
	return cmd
}

// filtered returns the scenarios that all filters let through.
func filtered(f listFlags) ([]scenarios.Scenario, error) {
	switch {
	case f.family != "" && !scenarios.Family(f.family).Valid():
		var all []string
		for _, family := range scenarios.Families() {
			all = append(all, string(family))
		}
		return nil, usage("--family takes %s, not %q", orList(all), clip(f.family))
	case f.endpoint != "" && !account.Endpoint(f.endpoint).Valid():
		return nil, usage("--endpoint takes imaps, imap, pop3s, pop3, submissions, submission or https, not %q", clip(f.endpoint))
	case f.audience != "" && f.audience != string(action.User) && f.audience != string(action.Admin):
		return nil, usage("--audience takes user or admin, not %q", clip(f.audience))
	}
	if _, ok := finding.Lookup(finding.Code(f.cause)); f.cause != "" && !ok {
		return nil, usage("there is no code %q; 'mailtlslab list --json' and docs/catalogue.md name those that are found", clip(f.cause))
	}
	return slices.DeleteFunc(scenarios.All(), func(s scenarios.Scenario) bool {
		return f.family != "" && string(s.Family) != f.family ||
			f.endpoint != "" && !slices.Contains(s.On(), account.Endpoint(f.endpoint)) ||
			f.cause != "" && !slices.Contains(expectedCodes(s), finding.Code(f.cause)) ||
			f.audience != "" && !slices.ContainsFunc(scenarioCures(s), func(a action.Action) bool { return string(a.Party()) == f.audience })
	}), nil
}

// expectedCodes returns what must be found in a scenario on any endpoint, each code once.
func expectedCodes(s scenarios.Scenario) []finding.Code {
	var out []finding.Code
	for _, e := range s.On() {
		for _, c := range s.Expected(e) {
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	return out
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

// chosen returns the scenarios with the given ids, and those of the given files, each once; all of
// the catalogue when there are none.
func chosen(ids []string) ([]scenarios.Scenario, error) {
	if len(ids) == 0 {
		return scenarios.All(), nil
	}
	var out []scenarios.Scenario
	for _, id := range ids {
		if isScenarioFile(id) {
			more, err := readScenarios(id)
			if err != nil {
				return nil, err
			}
			out = append(out, more...)
			continue
		}
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
