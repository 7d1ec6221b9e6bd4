package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mailtlslab/mailtlslab/cmd/internal/face"
	"github.com/mailtlslab/mailtlslab/cmd/internal/terminal"
	"github.com/mailtlslab/mailtlslab/lab/checkup"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// explained is "explain --json". Other programs rely on these fields.
type explained struct {
	Version  int              `json:"version"` // of this form
	Code     finding.Code     `json:"code"`
	Title    string           `json:"title"` // what it says, in one line
	Family   finding.Family   `json:"family"`
	Severity finding.Severity `json:"severity"`
	Basis    string           `json:"basis"`             // whose rule makes it that severe
	Hides    []finding.Code   `json:"hides,omitempty"`   // what cannot be seen while it holds
	RFC8460  string           `json:"rfc8460,omitempty"` // the matching result type of TLSRPT
	Shown    []string         `json:"scenarios"`         // the scenarios that show it
	Advice   remedy.Advice    `json:"advice"`
}

func explainCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explain [CODE | WORDS]",
		Short: "tell what a code or a message means, and all that can be done",
		Long: `explain tells what a code such as "expired" means, by whose rule it is as grave as it is,
what cannot be seen while it holds, which scenarios show it, and what to do about it on
every platform and with every product. Without a code it lists them all.

Given the words of a phone, a mail program or a library it says what is behind them: the
same as 'mailtlslab diagnose "the words"'.`,
		Example: `  mailtlslab explain missing-intermediate
  mailtlslab explain "Cannot Verify Server Identity"`,
		ValidArgsFunction: func(_ *cobra.Command, args []string, start string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return slices.DeleteFunc(allCodes(), func(c string) bool { return !strings.HasPrefix(c, start) }), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return codesList(cmd, asJSON)
			}
			if words := strings.Join(args, " "); len(args) > 1 || len(strings.Fields(words)) > 1 || wordsOf(words) {
				return diagnosis(cmd, []string{words}, diagnoseFlags{timeout: 5 * time.Second, usage: "server", json: asJSON, noFetch: true})
			}
			return explain(cmd, args[0], asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

func explain(cmd *cobra.Command, name string, asJSON bool) error {
	info, ok := finding.Lookup(finding.Code(strings.ToLower(name)))
	if !ok {
		if s, is := scenarios.Lookup(name); is {
			return usage("%q is a scenario and no code; 'mailtlslab show %s' tells it", s.ID, s.ID)
		}
		if near := scenarios.NearestOf(name, allCodes()); len(near) > 0 {
			return usage("there is no code %q; did you mean %s?", terminal.Clip(name), orList(near))
		}
		return usage("there is no code %q; 'mailtlslab explain' lists them all", terminal.Clip(name))
	}
	book, err := remedy.OpenAbout(info.Code)
	if err != nil {
		return environment(err)
	}
	advice, _ := book.For(info.Code)
	e := explained{
		Version: checkup.Version, Code: info.Code, Title: info.Title, Family: info.Family, Severity: info.Severity, Basis: info.Basis,
		RFC8460: info.RFC8460, Shown: scenarios.Showing(info.Code), Advice: advice.Fill(finding.Facts{}),
	}
	for _, other := range finding.All() {
		if finding.Hides(info.Code, other.Code) {
			e.Hides = append(e.Hides, other.Code)
		}
	}
	if e.Shown == nil {
		e.Shown = []string{}
	}
	if asJSON {
		return terminal.WriteJSON(cmd.OutOrStdout(), e)
	}
	e.write(cmd.OutOrStdout(), terminal.Colours(cmd))
	return nil
}

// codesList prints every code of the vocabulary, family by family.
func codesList(cmd *cobra.Command, asJSON bool) error {
	if asJSON {
		return usage("explain --json takes a CODE, such as expired")
	}
	w, p := cmd.OutOrStdout(), terminal.Colours(cmd)
	family := finding.Family("")
	for _, info := range finding.All() {
		if info.Family != family {
			fmt.Fprintf(w, "%s%s\n", map[bool]string{true: "", false: "\n"}[family == ""], p.Bold(string(info.Family)))
			family = info.Family
		}
		fmt.Fprintf(w, "  %s\n      %s\n", info.Code, terminal.Wrap(info.Title, terminal.Narrow-6, "      "))
	}
	return nil
}

func (e explained) write(w io.Writer, p terminal.Palette) {
	say := func(label, text string) { fmt.Fprintln(w, face.Labelled(p, label, text)) }
	fmt.Fprintf(w, "%s  %s\n", p.Bold(string(e.Code)), terminal.Wrap(e.Title, terminal.Narrow-len(e.Code)-2, strings.Repeat(" ", len(e.Code)+2)))
	say("weight", fmt.Sprintf("%s, by %s", e.Severity, e.Basis))
	if e.RFC8460 != "" {
		say("tlsrpt", e.RFC8460+" (RFC 8460)")
	}
	if len(e.Hides) > 0 {
		say("hides", finding.AndList(codeWords(e.Hides)))
	}
	if len(e.Shown) > 0 {
		say("try it", "mailtlslab up "+e.Shown[0])
	}
	if len(e.Shown) > 1 {
		say("also", strings.Join(e.Shown[1:], ", "))
	}
	fmt.Fprintln(w)
	face.WriteAdvice(w, p, e.Advice)
}

// allCodes returns every code of the vocabulary.
func allCodes() []string {
	var out []string
	for _, info := range finding.All() {
		out = append(out, string(info.Code))
	}
	return out
}

func codeWords(codes []finding.Code) []string {
	out := make([]string, len(codes))
	for i, c := range codes {
		out[i] = string(c)
	}
	return out
}
