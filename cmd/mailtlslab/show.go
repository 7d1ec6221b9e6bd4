package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
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
` + argumentsHelp,
		Example: "  mailtlslab show missing-intermediate",
		RunE: func(cmd *cobra.Command, args []string) error {
			if which.all(args) {
				return usage("show takes an ID; 'mailtlslab list' names them all")
			}
			list, err := which.choose(args)
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
				chains, err := drawings(s)
				if err != nil {
					return environment(fmt.Errorf("%s cannot be built: %w", s.ID, err))
				}
				if i > 0 {
					fmt.Fprintf(cmd.OutOrStdout(), "\n%s\n\n", strings.Repeat("─", narrow))
				}
				show(cmd.OutOrStdout(), colours(cmd), s, book, all, chains)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write the scenario as JSON")
	cmd.Flags().BoolVar(&all, "all", false, "print the steps for every platform and product")
	which.register(cmd)
	group(cmd, "Output", "all", "json")
	return cmd
}

// writeScenarios writes scenarios as the file that "up" and "verify" take: one alone, several as a list.
func writeScenarios(w io.Writer, list []scenarios.Scenario) error {
	if len(list) == 1 {
		return writeJSON(w, scenarioFile{schemaURL, list[0]})
	}
	return writeJSON(w, list)
}

func show(w io.Writer, p palette, s scenarios.Scenario, book *remedy.Book, all bool, chains []drawing) {
	fmt.Fprintf(w, "%s  %s\n\n", p.bold(fmt.Sprintf("%d %s", s.Number, s.ID)), p.faint(string(s.Family)))
	fmt.Fprintf(w, "%s\n\n%s\n\n", p.bold(s.Title+"."), wrap(s.Story, 78, ""))
	fmt.Fprintln(w, labelled(p, "account", s.AccountHost()+" on "+endpointWords(s.On())))
	if len(s.References) > 0 {
		fmt.Fprintln(w, labelled(p, "see", strings.Join(s.References, "; ")))
	}
	for _, d := range chains {
		fmt.Fprintln(w)
		if len(d.on) < len(s.On()) {
			fmt.Fprintf(w, "  on %s\n\n", endpointWords(d.on))
		}
		d.write(w, p, "  ")
	}
	var codes []finding.Code
	on := map[finding.Code][]account.Endpoint{}
	for _, e := range s.On() {
		for _, code := range s.Expected(e) {
			if len(on[code]) == 0 {
				codes = append(codes, code)
			}
			on[code] = append(on[code], e)
		}
	}
	for _, code := range codes {
		info, _ := finding.Lookup(code)
		fmt.Fprintln(w)
		writeTitle(w, p, info.Severity, info.Title, info.Code)
		if len(on[code]) < len(s.On()) {
			fmt.Fprintln(w, labelled(p, "where", endpointWords(on[code])))
		}
		advice, ok := book.For(code)
		advice = advice.Fill(finding.Facts{Host: s.AccountHost()})
		switch {
		case ok && all:
			writeAdvice(w, p, advice)
		case ok:
			fmt.Fprintln(w, labelled(p, "you", advice.Short.You))
			fmt.Fprintln(w, labelled(p, "admin", advice.Short.Admin))
		}
	}
	if len(codes) == 0 {
		fmt.Fprintf(w, "\n%s\n", p.green("Nothing is wrong here, and nothing may be found."))
	}
	fmt.Fprintf(w, "\n  mailtlslab up %[1]s\n      serves it for a mail program\n  mailtlslab verify %[1]s\n      diagnoses it and proves the cure\n", s.ID)
}

// endpointWords lists endpoints as a sentence does.
func endpointWords(on []account.Endpoint) string {
	if len(on) == len(account.Endpoints()) {
		return "all seven endpoints"
	}
	words := make([]string, len(on))
	for i, e := range on {
		words[i] = string(e)
	}
	return andList(words)
}
