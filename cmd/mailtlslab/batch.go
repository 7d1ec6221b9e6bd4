package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/mailtlslab/mailtlslab/cmd/internal/terminal"
	"github.com/mailtlslab/mailtlslab/lab/checkup"
	"github.com/mailtlslab/mailtlslab/lab/roots"
)

// batch answers the lines of a file in their order.
func batch(cmd *cobra.Command, f diagnoseFlags) error {
	store, err := await(cmd.Context(), func() (roots.Store, error) { return trusted(f) })
	if err != nil {
		return err
	}
	b := checkup.Batch{Roots: store.Roots}
	if b.At, err = dayOf(cmd, f.time); err != nil {
		return err
	}
	if b.At.IsZero() {
		b.At = time.Now()
	}
	in := cmd.InOrStdin()
	if f.batch != "-" {
		file, err := await(cmd.Context(), func() (*os.File, error) { return os.Open(f.batch) })
		if cmd.Context().Err() != nil {
			return err
		}
		if err != nil {
			return usage("cannot read --batch: %w", err)
		}
		defer file.Close()
		in = file
	}
	fails, lines := 0, 0
	out := bufio.NewWriterSize(cmd.OutOrStdout(), 64<<10)
	var unwritten error
	err = b.Run(cmd.Context(), in, func(answer any, more bool) error {
		lines++
		if judged, is := answer.(checkup.ChainAnswer); !is || judged.Verdict != checkup.OK {
			fails++
		}
		unwritten = terminal.WriteLine(out, answer)
		if unwritten == nil && !more {
			unwritten = out.Flush() // whoever waits for an answer gets it before he writes the next line
		}
		return unwritten
	})
	switch {
	case unwritten != nil:
		return environment(unwritten)
	case errors.Is(err, context.Canceled):
		return interrupted()
	case err != nil:
		return environment(fmt.Errorf("cannot read --batch to its end: %w", err))
	}
	if err := out.Flush(); err != nil {
		return environment(err)
	}
	if lines == 0 {
		return usage("--batch %s is empty; it takes one chain a line", f.batch)
	}
	if fails > 0 {
		return &status{code: exitFindings}
	}
	return nil
}
