package terminal

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// headingKey is where a flag notes its heading, and a command the order of its headings.
const headingKey = "mailtlslab heading"

// Group puts flags of a command below a heading of its help. Headings stand in the order in which
// they are first used; flags without one come last, below "Other flags". The flags must be there.
func Group(cmd *cobra.Command, heading string, names ...string) {
	for _, name := range names {
		if err := cmd.Flags().SetAnnotation(name, headingKey, []string{heading}); err != nil {
			panic(fmt.Sprintf("%s: %v", cmd.Name(), err)) // a misspelt name here, seen by every test
		}
	}
	if cmd.Annotations == nil {
		cmd.Annotations = map[string]string{}
	}
	cmd.Annotations[headingKey] += heading + "\n"
}

// NarrowHelp has a command and all below it tell about themselves within 80 columns. An
// example that is longer goes on behind a backslash.
func NarrowHelp(root *cobra.Command) {
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		about := cmd.Long
		if about == "" {
			about = cmd.Short
		}
		// The screen knows when it cannot be written to.
		_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%s\n\n", reflow(about))
		usageText(cmd.OutOrStdout(), cmd)
	})
	root.SetUsageFunc(func(cmd *cobra.Command) error {
		usageText(cmd.OutOrStdout(), cmd)
		return nil
	})
}

// reflow fills the lines of each paragraph anew.
func reflow(text string) string {
	var out []string
	for paragraph := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		if !strings.HasPrefix(paragraph, "  ") { // a list is as wide as it was written
			paragraph = Wrap(paragraph, Narrow, "")
		}
		out = append(out, paragraph)
	}
	return strings.Join(out, "\n\n")
}

// continued breaks a command that is too long for a line, so that it can be pasted all the same.
func continued(command string) string {
	if len([]rune(command)) <= Narrow {
		return command
	}
	return "  " + strings.ReplaceAll(Wrap(command, Narrow-len("      ")-len(" \\"), "      "), "\n", " \\\n")
}

func usageText(w io.Writer, cmd *cobra.Command) {
	line := cmd.UseLine()
	if cmd.HasAvailableSubCommands() {
		line = cmd.CommandPath() + " COMMAND"
	} else if cmd.HasAvailableFlags() && !strings.HasSuffix(line, "[flags]") {
		line += " [flags]"
	}
	fmt.Fprintf(w, "Usage:\n  %s\n", line)
	if cmd.Example != "" {
		fmt.Fprint(w, "\nExamples:\n")
		for example := range strings.SplitSeq(cmd.Example, "\n") {
			fmt.Fprintln(w, continued(example))
		}
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprint(w, "\nCommands:\n")
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() || sub.Name() == "help" {
				name := fmt.Sprintf("  %-*s  ", sub.NamePadding(), sub.Name())
				fmt.Fprintf(w, "%s%s\n", name, Wrap(sub.Short, Narrow-len(name), strings.Repeat(" ", len(name))))
			}
		}
	}
	flagTexts(w, cmd)
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\n'%s COMMAND --help' tells more about a command.\n", cmd.CommandPath())
	}
}

// flagTexts prints the flags, each below its heading.
func flagTexts(w io.Writer, cmd *cobra.Command) {
	const other = "Other flags"
	sets := map[string]*pflag.FlagSet{}
	cmd.InitDefaultHelpFlag()
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		heading := other
		if own := f.Annotations[headingKey]; len(own) > 0 {
			heading = own[0]
		}
		if sets[heading] == nil {
			sets[heading] = pflag.NewFlagSet(heading, pflag.ContinueOnError)
		}
		sets[heading].AddFlag(f)
	})
	for heading := range strings.SplitSeq(cmd.Annotations[headingKey]+other, "\n") {
		set := sets[heading]
		if set == nil || !set.HasAvailableFlags() {
			continue
		}
		delete(sets, heading) // a heading may be used twice
		if heading == other && cmd.Annotations[headingKey] == "" {
			heading = "Flags"
		}
		fmt.Fprintf(w, "\n%s:\n%s", heading, set.FlagUsagesWrapped(Narrow))
	}
}
