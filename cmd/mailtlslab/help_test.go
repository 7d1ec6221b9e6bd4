package main

import (
	"io"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mailtlslab/mailtlslab/cmd/internal/terminal"
)

// commandsBelow returns a command and all below it that can be seen.
func commandsBelow(cmd *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{cmd}
	for _, sub := range cmd.Commands() {
		if !sub.Hidden {
			all = append(all, commandsBelow(sub)...)
		}
	}
	return all
}

func pageOf(t *testing.T, cmd *cobra.Command) string {
	t.Helper()
	r := invoke(t, append(strings.Fields(cmd.CommandPath())[1:], "--help")...)
	if r.code != exitOK || r.errors != "" {
		t.Fatalf("%s --help: %+v", cmd.CommandPath(), r)
	}
	return r.out
}

// TestHelpFits80Columns holds the help of every command to a terminal of 80 columns.
func TestHelpFits80Columns(t *testing.T) {
	for _, cmd := range commandsBelow(command()) {
		for l := range strings.Lines(pageOf(t, cmd)) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(l, "\n")); n > terminal.Narrow {
				t.Errorf("%s: %d columns: %q", cmd.CommandPath(), n, l)
			}
		}
	}
}

var flagLine = regexp.MustCompile(`^(?:      |  -\w, )--([a-z-]+)(?: |$)`)

// TestHelpNamesEveryFlagOnce: a heading neither loses a flag nor shows one twice.
func TestHelpNamesEveryFlagOnce(t *testing.T) {
	for _, cmd := range commandsBelow(command()) {
		var shown []string
		for l := range strings.Lines(pageOf(t, cmd)) {
			if m := flagLine.FindStringSubmatch(l); m != nil {
				shown = append(shown, m[1])
			}
		}
		cmd.InitDefaultHelpFlag()
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			n := 0
			for _, s := range shown {
				if s == f.Name {
					n++
				}
			}
			if want := map[bool]int{false: 1, true: 0}[f.Hidden]; n != want {
				t.Errorf("%s --help shows --%s %d times, want %d", cmd.CommandPath(), f.Name, n, want)
			}
		})
	}
}

// TestGroups looks at a command whose flags stand below headings, one of them below none.
func TestGroups(t *testing.T) {
	cmd := &cobra.Command{Use: "thing", Short: "do a thing", Run: func(*cobra.Command, []string) {}}
	for _, name := range []string{"zebra", "apple", "mouse"} {
		cmd.Flags().Bool(name, false, "set the "+name)
	}
	terminal.Group(cmd, "Animals", "zebra", "mouse")
	terminal.Group(cmd, "Fruit", "apple")
	terminal.NarrowHelp(cmd)
	var out strings.Builder
	cmd.SetOut(&out)
	cmd.SetErr(io.Discard)
	cmd.SetArgs([]string{"--help"})
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	want := "do a thing\n\nUsage:\n  thing [flags]\n\n" +
		"Animals:\n      --mouse   set the mouse\n      --zebra   set the zebra\n\n" +
		"Fruit:\n      --apple   set the apple\n\n" +
		"Other flags:\n  -h, --help   help for thing\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestVersionLine(t *testing.T) {
	vcs := func(modified string) []debug.BuildSetting {
		return []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef0123456789abcdef01234567"}, {Key: "vcs.modified", Value: modified}}
	}
	for _, c := range []struct {
		info debug.BuildInfo
		want string
	}{
		{debug.BuildInfo{}, "mailtlslab development, commit unknown, go"},
		{debug.BuildInfo{Main: debug.Module{Version: "(devel)"}, Settings: vcs("false")}, "mailtlslab development, commit 0123456789ab, go"},
		{debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}, Settings: vcs("true")}, "mailtlslab v1.2.3, commit 0123456789ab with changes, go"},
	} {
		if got := versionLine(&c.info); !strings.HasPrefix(got, c.want) {
			t.Errorf("%+v: %q, want %q…", c.info, got, c.want)
		}
	}
	if flag, word := invoke(t, "--version"), invoke(t, "version"); flag != word || flag.code != exitOK || strings.Count(flag.out, "\n") != 1 {
		t.Errorf("--version gives %+v, version %+v", flag, word)
	}
}
