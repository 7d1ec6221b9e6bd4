// Command mailtlslab is the bad-certificate lab for mail: it serves mail with certificates and
// settings broken on purpose, diagnoses a server, names the remedy, and proves it.
//
// The exit status is 0 when all is as expected, 1 for findings or a mismatch, 2 for wrong usage,
// and 3 when the environment failed.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// The exit statuses.
const (
	exitOK          = 0
	exitFindings    = 1
	exitUsage       = 2
	exitEnvironment = 3
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run executes one command line and returns the exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := command()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var s *status
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &s):
		if s.err != nil {
			fmt.Fprintln(stderr, "mailtlslab: "+safe(s.Error()))
		}
		return s.code
	}
	// What cobra itself complains about is always the command line.
	fmt.Fprintln(stderr, "mailtlslab: "+safe(err.Error()))
	fmt.Fprintln(stderr, "run 'mailtlslab --help' for the commands, or 'mailtlslab COMMAND --help' for its flags")
	return exitUsage
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:   "mailtlslab",
		Short: "the bad-certificate lab for mail",
		Long: `mailtlslab serves mail (IMAP, POP3, submission and the HTTPS around them) with
certificates and settings broken on purpose, diagnoses what is wrong with a mail
server without knowing the answer, names the remedy, and proves that it works.`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.AddCommand(listCommand(), showCommand(), upCommand(), verifyCommand(), diagnoseCommand(), versionCommand())
	return root
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

func usage(format string, args ...any) error { return &status{exitUsage, fmt.Errorf(format, args...)} }

func environment(err error) error { return &status{exitEnvironment, err} }
