// Command mailtlslab is the bad-certificate lab for mail: it serves mail with certificates and
// settings broken on purpose, diagnoses a server, names the remedy, and proves it.
//
// The exit status is 0 when all is as expected, 1 for findings or a mismatch, 2 for wrong usage or a
// file that cannot be read, and 3 when there is no verdict: the environment failed, or what was given
// does not decide it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/mailtlslab/mailtlslab/cmd/internal/terminal"
)

// The exit statuses.
const (
	exitOK          = 0
	exitFindings    = 1
	exitUsage       = 2
	exitEnvironment = 3
	exitNoVerdict   = 3 // nothing that was given decides it
	// exitUnread is for an output whose reader has gone, such as head, which is nobody's mistake:
	// what a shell shows of a program that the signal ended, 128 and the number of SIGPIPE.
	exitUnread = 141
)

func main() {
	// Go ends a program by the signal when the reader of its output goes away. Here the write
	// fails instead, so that everything is closed.
	signal.Ignore(syscall.SIGPIPE)
	boundMemory(os.Args[1:])
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program whatever it is doing
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// memoryLimit is how much memory a diagnosis lets grow before it collects what it no longer needs. No
// evidence needs as much; without it twice as much could be in use.
const memoryLimit = 64 << 20

// boundMemory sets the limit, unless the environment does, for what reads strangers' evidence.
func boundMemory(args []string) {
	if len(args) > 0 && (args[0] == "diagnose" || args[0] == "clone") && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}

// run executes one command line and returns the exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out := terminal.NewScreen(ctx, stdout, cancel)
	// Standard error may lead to the same reader. That it is not read is no reason to end.
	stderr = terminal.NewScreen(ctx, stderr, func() {})
	root := command()
	root.SetArgs(asWords(args))
	root.SetIn(stdin)
	root.SetOut(out)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	broken := out.Broken()
	if errors.Is(broken, syscall.EPIPE) {
		return exitUnread
	}
	if broken != nil {
		// Whatever else went wrong did so because nobody reads any more.
		err = environment(fmt.Errorf("cannot write the output: %w", broken))
	}
	var s *status
	switch {
	case err == nil:
		return exitOK
	case !errors.As(err, &s):
		// What cobra itself complains about is always the command line.
		s = usage("%w; 'mailtlslab --help' names the commands, 'mailtlslab COMMAND --help' its flags", err)
	}
	if s.err != nil {
		// Nothing can be done when this cannot be written either.
		_, _ = fmt.Fprintln(stderr, "mailtlslab: "+terminal.Line(s.Error()))
	}
	return s.code
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:     "mailtlslab",
		Version: version(),
		Short:   "the bad-certificate lab for mail",
		Long: `mailtlslab serves mail (IMAP, POP3, submission and the HTTPS around them) with
certificates and settings broken on purpose, diagnoses what is wrong with a mail
server without knowing the answer, names the remedy, and proves that it works.

The exit status is 0 when all is as expected, 1 for findings or a mismatch, 2 for
wrong usage or a file that cannot be read, and 3 when there is no verdict: the
environment failed, or what was given does not decide it.`,
		Example: `  mailtlslab up expired-leaf            serve one failure, for a client to meet
  mailtlslab diagnose mail.example.com  say what is wrong with a server`,
		SilenceErrors:         true,
		SilenceUsage:          true,
		DisableFlagsInUseLine: true,
		CompletionOptions:     cobra.CompletionOptions{HiddenDefaultCmd: true},
		Args:                  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return unknownCommand(cmd, args[0])
		},
	}
	root.SuggestionsMinimumDistance = 2
	root.SetVersionTemplate("{{.Version}}\n")
	terminal.NarrowHelp(root)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if strings.Contains(err.Error(), "missing unit in duration") {
			return usage("%w; say which, such as 5s or 2m", err)
		}
		return usage("%w; '%s --help' names the flags", err, cmd.CommandPath())
	})
	root.SetHelpCommand(helpCommand(root))
	root.AddCommand(listCommand(), showCommand(), upCommand(), verifyCommand(), diagnoseCommand(), cloneCommand(), explainCommand(), versionCommand())
	return root
}

func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "explain a command and its flags",
		RunE: func(_ *cobra.Command, args []string) error {
			about, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(root, args[0])
			}
			return about.Help()
		},
	}
}

func unknownCommand(root *cobra.Command, name string) error {
	if near := root.SuggestionsFor(name); len(near) > 0 {
		return usage("there is no command %q; did you mean %s?", terminal.Clip(name), orList(near))
	}
	return usage("there is no command %q; 'mailtlslab --help' names them all", terminal.Clip(name))
}

// noArgs is cobra.NoArgs with an error that says what to leave out.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("%s takes no argument, and was given %q; '%s --help' names its flags", cmd.Name(), terminal.Clip(args[0]), cmd.CommandPath())
	}
	return nil
}

// status ends a command with an exit status, and a message unless err is nil.
type status struct {
	code int
	err  error
}

func (s *status) Error() string {
	if s.err == nil {
		return fmt.Sprintf("exit status %d", s.code)
	}
	return s.err.Error()
}

func (s *status) Unwrap() error { return s.err }

func usage(format string, args ...any) *status {
	return &status{exitUsage, fmt.Errorf(format, args...)}
}

func environment(err error) *status { return &status{exitEnvironment, err} }

// interrupted is what a command that was to give an answer ends with after Ctrl-C.
func interrupted() *status { return environment(errors.New("interrupted before there was an answer")) }
