package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mailtlslab/mailtlslab/cmd/internal/terminal"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/lesson"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// A selection is which scenarios a command is about: those of its arguments, or all, less what the
// filters keep back.
type selection struct {
	family, cause, endpoint, audience, shard string
}

// whichScenarios heads the filters in every command's help.
const whichScenarios = "Which scenarios"

// argumentsHelp tells in every command's help what its arguments may be.
const argumentsHelp = `An argument is an id, a number, a pattern of ids such as 'expired-*', a JSON file,
or ids with + between them, whose faults are put on one server; without one it is all
scenarios. The filters may be combined.`

// register adds the filters to a command.
func (s *selection) register(cmd *cobra.Command) {
	cmd.ValidArgsFunction = completeIDs
	cmd.Flags().StringVar(&s.family, "family", "", "only those of one `FAMILY`, such as time")
	cmd.Flags().StringVar(&s.cause, "cause", "", "only those in which this `CODE` must be found, such as name-mismatch")
	cmd.Flags().StringVar(&s.endpoint, "endpoint", "", "only those that run on this `ENDPOINT`, such as imaps")
	cmd.Flags().StringVar(&s.audience, "audience", "", "only those that the user, or the admin, can cure: `PARTY`")
	terminal.Group(cmd, whichScenarios, "family", "cause", "endpoint", "audience")
}

// all reports whether nothing was asked for by name.
func (s selection) all(args []string) bool { return len(args) == 0 && s == selection{} }

// choose returns the scenarios, each once. That there is none is an error.
func (s selection) choose(args []string) ([]scenarios.Scenario, error) {
	list, err := s.filtered(args)
	if err == nil && len(list) == 0 {
		return nil, usage("no scenario is all of that; 'mailtlslab list' names them all")
	}
	if err != nil || s.shard == "" {
		return list, err
	}
	var i, n int
	if _, err := fmt.Sscanf(s.shard, "%d/%d", &i, &n); err != nil || fmt.Sprintf("%d/%d", i, n) != s.shard || i < 1 || i > n {
		return nil, usage("--shard takes I/N, such as 2/4 for the second of four parts, not %q", terminal.Clip(s.shard))
	}
	return scenarios.Shard(list, i, n), nil
}

// filtered is choose, where none is an answer too.
func (s selection) filtered(args []string) ([]scenarios.Scenario, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	list, err := named(args)
	filter := scenarios.Filter{Family: scenarios.Family(s.family), Cause: finding.Code(s.cause), Endpoint: account.Endpoint(s.endpoint)}
	return slices.DeleteFunc(list, func(x scenarios.Scenario) bool {
		return !filter.Lets(x) || s.audience != "" && !slices.ContainsFunc(lesson.Cures(x), func(a action.Action) bool { return string(a.Party()) == s.audience })
	}), err
}

// check refuses a filter that is no word.
func (s selection) check() error {
	switch {
	case s.family != "" && !scenarios.Family(s.family).Valid():
		var all []string
		for _, family := range scenarios.Families() {
			all = append(all, string(family))
		}
		return usage("--family takes %s, not %q", orList(all), terminal.Clip(s.family))
	case s.endpoint != "" && !account.Endpoint(s.endpoint).Valid():
		return usage("--endpoint takes imaps, imap, pop3s, pop3, submissions, submission or https, not %q", terminal.Clip(s.endpoint))
	case s.audience != "" && s.audience != string(action.User) && s.audience != string(action.Admin):
		return usage("--audience takes user or admin, not %q", terminal.Clip(s.audience))
	}
	if _, ok := finding.Lookup(finding.Code(s.cause)); s.cause != "" && !ok {
		return usage("there is no code %q; 'mailtlslab explain' lists them all", terminal.Clip(s.cause))
	}
	return nil
}

// named returns the scenarios that the arguments stand for, and all of the catalogue when there
// are none.
func named(args []string) ([]scenarios.Scenario, error) {
	if len(args) == 0 {
		return scenarios.All(), nil
	}
	var out []scenarios.Scenario
	taken := func(id string) bool {
		return slices.ContainsFunc(out, func(t scenarios.Scenario) bool { return t.ID == id })
	}
	for _, arg := range args {
		if isScenarioFile(arg) {
			more, err := readScenarios(arg, taken)
			if err != nil {
				return nil, err
			}
			out = append(out, more...)
			continue
		}
		more, err := scenarios.Find(arg)
		if err != nil {
			return nil, notFound(err)
		}
		for _, s := range more {
			if !taken(s.ID) {
				out = append(out, s)
			}
		}
	}
	return out, nil
}

// notFound says of a word that stands for no scenario what may have been meant.
func notFound(err error) error {
	var unknown *scenarios.UnknownError
	switch {
	case !errors.As(err, &unknown):
		return usage("%w", err)
	case len(unknown.Nearest) > 0:
		return usage("there is no scenario %q; did you mean %s?", terminal.Clip(unknown.Word), orList(unknown.Nearest))
	}
	return usage("there is no scenario %q; 'mailtlslab list' names them all", terminal.Clip(unknown.Word))
}

// completeIDs lets the shell complete the ids of scenarios.
func completeIDs(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var out []cobra.Completion
	for _, s := range scenarios.All() {
		out = append(out, cobra.CompletionWithDesc(s.ID, s.Title))
	}
	return out, cobra.ShellCompDirectiveDefault
}

func orList(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
