package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// cliReference writes docs/cli.md: what --help prints of each command, so that a page that is read
// on the web says what the program says.
func cliReference(t *testing.T) []byte {
	t.Helper()
	t.Setenv("COLUMNS", "80")
	var b bytes.Buffer
	b.WriteString("# Commands and flags\n\n")
	b.WriteString("What `mailtlslab --help` and `mailtlslab COMMAND --help` print. `make generate` writes this page; do not edit it.\n\n")
	commands := reference(command())
	for _, c := range commands {
		fmt.Fprintf(&b, "- [`%s`](#%s): %s\n", c.CommandPath(), strings.ReplaceAll(c.CommandPath(), " ", "-"), c.Short)
	}
	for _, c := range commands {
		args := append(strings.Fields(c.CommandPath())[1:], "--help")
		var help, stderr bytes.Buffer
		if code := run(context.Background(), args, strings.NewReader(""), &help, &stderr); code != exitOK {
			t.Fatalf("%q: status %d: %s", args, code, stderr.String())
		}
		fmt.Fprintf(&b, "\n## %s\n\n```text\n%s\n```\n", c.CommandPath(), bytes.TrimSpace(help.Bytes()))
	}
	return b.Bytes()
}

// reference returns the commands that a person types, the program itself first.
func reference(c *cobra.Command) []*cobra.Command {
	out := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() && sub.Name() != "help" {
			out = append(out, reference(sub)...)
		}
	}
	return out
}

func TestReferenceHasEveryCommand(t *testing.T) {
	page := string(cliReference(t))
	for _, name := range []string{"list", "show", "up", "verify", "diagnose"} {
		if !strings.Contains(page, "\n## mailtlslab "+name+"\n") || !strings.Contains(page, "](#mailtlslab-"+name+"): ") {
			t.Errorf("nothing about %s", name)
		}
	}
	for _, flag := range []string{"--timeout", "--strict", "--export", "--junit"} {
		if !strings.Contains(page, flag) {
			t.Errorf("nothing about %s", flag)
		}
	}
}
