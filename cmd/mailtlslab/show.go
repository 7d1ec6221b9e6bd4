package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mailtlslab/mailtlslab/cmd/internal/face"
	"github.com/mailtlslab/mailtlslab/cmd/internal/terminal"
	"github.com/mailtlslab/mailtlslab/lab/lesson"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

func showCommand() *cobra.Command {
	var asJSON, all bool
	var which selection
	cmd := &cobra.Command{
		Use:   "show ID|FILE…",
		Short: "tell a scenario's story, its fault and its cure",
		Long: `show tells what happened in a scenario, on which connections of the account it shows, how
the chain of certificates is broken, what must be found, and what the person with the
device and the admin do about it. With --json it is a file that "up" and "verify" take.
` + strings.Replace(argumentsHelp, "; without one it is all\nscenarios", "", 1),
		Example: "  mailtlslab show missing-intermediate",
		RunE: func(cmd *cobra.Command, args []string) error {
			if which.all(args) {
				return usage("show takes an ID, or a filter such as --family time; 'mailtlslab list' names them all")
			}
			list, err := await(cmd.Context(), func() ([]scenarios.Scenario, error) { return which.choose(args) })
			if err != nil {
				return err
			}
			if asJSON {
				return writeScenarios(cmd.OutOrStdout(), list)
			}
			book, err := remedy.Open()
			if err != nil {
				return environment(err)
			}
			for i, s := range list {
				told, err := lesson.Tell(s, book)
				if err != nil {
					return environment(fmt.Errorf("%s cannot be built: %w", s.ID, err))
				}
				if i > 0 {
					fmt.Fprintf(cmd.OutOrStdout(), "\n%s\n\n", strings.Repeat("─", terminal.Narrow))
				}
				arg := s.ID
				if _, known := scenarios.Lookup(arg); !known && len(args) == 1 {
					arg = args[0] // a file, or ids with + between them
				}
				show(cmd.OutOrStdout(), terminal.Colours(cmd), told, arg, all)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write the scenario as JSON")
	cmd.Flags().BoolVar(&all, "all", false, "print the steps for every platform and product")
	which.register(cmd)
	terminal.Group(cmd, "Output", "all", "json")
	return cmd
}

// writeScenarios writes scenarios as the file that "up" and "verify" take: one alone, several as a list.
func writeScenarios(w io.Writer, list []scenarios.Scenario) error {
	for i := range list {
		list[i].ID = scenarios.FileID(list[i].ID) // of combined ones
	}
	if len(list) == 1 {
		return terminal.WriteJSON(w, scenarioFile{schemaURL, list[0]})
	}
	return terminal.WriteJSON(w, list)
}

func show(w io.Writer, p terminal.Palette, told lesson.Telling, arg string, all bool) {
	s := told.Scenario
	head := s.ID
	if s.Number > 0 {
		head = fmt.Sprintf("%d %s", s.Number, s.ID)
	}
	if s.Family != "" {
		head += "  " + string(s.Family)
	}
	fmt.Fprintf(w, "%s\n\n%s\n\n", p.Bold(head), p.Bold(terminal.Wrap(terminal.Line(s.Title+"."), terminal.Narrow, "")))
	if s.Story != "" {
		fmt.Fprintf(w, "%s\n\n", terminal.Wrap(terminal.Line(s.Story), terminal.Narrow-2, ""))
	}
	fmt.Fprintln(w, face.Labelled(p, "account", s.AccountHost()+" on "+lesson.Endpoints(s.On())))
	if len(s.References) > 0 {
		fmt.Fprintln(w, face.Labelled(p, "see", strings.Join(s.References, "; ")))
	}
	for _, d := range told.Chains {
		fmt.Fprintln(w)
		if len(d.On) < len(s.On()) {
			fmt.Fprintf(w, "  on %s\n\n", lesson.Endpoints(d.On))
		}
		for _, l := range d.Text(terminal.Line, p.Red) {
			fmt.Fprintln(w, strings.TrimRight("  "+l, " "))
		}
	}
	for _, f := range told.Found {
		fmt.Fprintln(w)
		face.WriteTitle(w, p, f.Severity, f.Title, f.Code)
		if len(f.On) > 0 {
			fmt.Fprintln(w, face.Labelled(p, "where", lesson.Endpoints(f.On)))
		}
		if all {
			face.WriteAdvice(w, p, f.Advice)
			continue
		}
		fmt.Fprintln(w, face.Labelled(p, "you", f.Advice.Short.You))
		fmt.Fprintln(w, face.Labelled(p, "admin", f.Advice.Short.Admin))
	}
	switch {
	case !s.Expects():
		fmt.Fprintf(w, "\n%s\n", p.Yellow("It says nothing of what must be found: 'mailtlslab verify' tells what is."))
	case len(told.Found) == 0:
		fmt.Fprintf(w, "\n%s\n", p.Green("Nothing is wrong here, and nothing may be found."))
	}
	fmt.Fprintf(w, "\n  mailtlslab up %[1]s\n      serves it for a mail program\n  mailtlslab verify %[1]s\n      diagnoses it and proves the cure\n", lesson.Quoted(arg))
}
