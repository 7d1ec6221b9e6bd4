package main

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mailtlslab/mailtlslab/cmd/internal/terminal"
	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
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

func listCommand() *cobra.Command {
	var which selection
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [ID|FILE…]",
		Short: "list the scenarios",
		Long: `list prints scenarios by family: the number, from which "up" derives its ports, the
id, which every other command takes, and what is broken. ` + argumentsHelp,
		Example: `  mailtlslab list --family time
  mailtlslab list --cause name-mismatch --audience user --json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := await(cmd.Context(), func() ([]scenarios.Scenario, error) { return which.filtered(args) })
			if err != nil {
				return err
			}
			if asJSON {
				all := []listed{}
				for _, s := range list {
					all = append(all, listed{s.Number, s.ID, s.Family, s.Title, s.On(), lab.Unavailable(s)})
				}
				return terminal.WriteJSON(cmd.OutOrStdout(), all)
			}
			if len(list) == 0 {
				_, err := fmt.Fprintln(cmd.ErrOrStderr(), "no scenario is all of that")
				return err
			}
			writeList(cmd.OutOrStdout(), terminal.Colours(cmd), terminal.Width(cmd), list)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	which.register(cmd)
	terminal.Group(cmd, "Output", "json")
	return cmd
}

// writeList prints the scenarios family by family, in columns that fit all of them.
func writeList(w io.Writer, p terminal.Palette, width int, all []scenarios.Scenario) {
	longest := 0
	for _, s := range all {
		longest = max(longest, len(s.ID))
	}
	indent := 5 + 2 + longest + 2
	family := scenarios.Family("none yet")
	for i, s := range all {
		if s.Family != family {
			family = s.Family
			if i > 0 {
				fmt.Fprintln(w)
			}
			fmt.Fprintln(w, p.Bold(cmp.Or(string(family), "of your own")))
		}
		words := s.Title
		if reason := lab.Unavailable(s); reason != "" {
			words += " (unavailable: " + reason + ")"
		}
		title := terminal.Wrap(terminal.Line(words), max(20, width-indent), strings.Repeat(" ", indent))
		fmt.Fprintf(w, "%5s  %-*s  %s\n", numberWord(s.Number), longest, s.ID, title)
	}
}

// numberWord writes a scenario's number, where it has one.
func numberWord(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}
