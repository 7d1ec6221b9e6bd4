// Package terminal is what the commands share of writing to a terminal, or to a file in its place:
// its width, colours, progress, help, and the escaping of what strangers wrote.
package terminal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// A Screen is the command's output. It remembers the first write that failed, so that no command
// has to look at each, and ends what runs then: nobody is there to read the rest.
//
// A reader who takes nothing, as a full pipe or a stopped terminal, makes a command wait, but not
// much longer than until Ctrl-C.
type Screen struct {
	w     io.Writer
	ctx   context.Context // of the command
	end   func()
	width int // columns of the terminal; 0 when the output is none

	mu  sync.Mutex // held by one writer at a time
	err error
}

// lastWords is how long a write may take after Ctrl-C.
const lastWords = time.Second

// errUnread is what a write ends with that nobody took.
var errUnread = errors.New("nobody reads it")

// NewScreen returns the screen on w of a command that runs until ctx ends. end is called when nobody
// is there to read the rest.
func NewScreen(ctx context.Context, w io.Writer, end func()) *Screen {
	return &Screen{w: w, ctx: ctx, end: end, width: columns(w)}
}

func (s *Screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.write(p)
	if err != nil {
		s.err = err
		s.end()
	}
	return n, err
}

// write waits for the system's write, which nothing can interrupt. One that is left behind ends with
// the program.
func (s *Screen) write(p []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	text := bytes.Clone(p) // p is the caller's again when this returns
	go func() {
		n, err := s.w.Write(text)
		done <- result{n, err}
	}()
	select {
	case r := <-done:
		return r.n, r.err
	case <-s.ctx.Done():
	}
	patience := time.NewTimer(lastWords)
	defer patience.Stop()
	select {
	case r := <-done:
		return r.n, r.err
	case <-patience.C:
		return 0, errUnread
	}
}

// Broken returns the error of the first write that failed, nil where none did.
func (s *Screen) Broken() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// columns returns the width of the terminal that w is, and 0 when it is none.
func columns(w io.Writer) int {
	if s, ok := w.(*Screen); ok {
		return s.width
	}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		return Narrow
	}
	return width
}

// Widths that tables are laid out for. Output that is no terminal gets the wide layout.
const (
	Narrow = 80
	Wide   = 120
)

// Width returns how many columns the command's output has: those of the terminal, or what COLUMNS
// says.
func Width(cmd *cobra.Command) int {
	if s, ok := cmd.OutOrStdout().(*Screen); ok && s.width > 0 {
		return s.width
	}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return max(n, 40)
	}
	return Wide
}

// A Palette colours words, on a terminal only.
type Palette struct{ on bool }

// Colours returns the palette for the command's output. NO_COLOR is honoured: https://no-color.org
func Colours(cmd *cobra.Command) Palette {
	s, ok := cmd.OutOrStdout().(*Screen)
	return Palette{ok && s.width > 0 && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

func (p Palette) paint(code, s string) string {
	if !p.on {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// Bold and the colours return s as the palette shows it.
func (p Palette) Bold(s string) string   { return p.paint("1", s) }
func (p Palette) Red(s string) string    { return p.paint("31", s) }
func (p Palette) Green(s string) string  { return p.paint("32", s) }
func (p Palette) Yellow(s string) string { return p.paint("33", s) }
func (p Palette) Faint(s string) string  { return p.paint("2", s) }

// Progress is one line on the terminal that says what takes so long. It is on standard error, and
// nowhere unless both are terminals: then nobody parses either.
type Progress struct {
	w  io.Writer
	mu sync.Mutex
}

// NewProgress returns the progress of a command.
func NewProgress(cmd *cobra.Command) *Progress {
	s, ok := cmd.OutOrStdout().(*Screen)
	if !ok || s.width == 0 || columns(cmd.ErrOrStderr()) == 0 || os.Getenv("TERM") == "dumb" {
		return &Progress{w: io.Discard}
	}
	return &Progress{w: cmd.ErrOrStderr()}
}

const eraseLine = "\r\x1b[K"

// Say shows this in place of what was shown before.
func (p *Progress) Say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// Progress that cannot be shown is no reason to stop.
	_, _ = fmt.Fprint(p.w, eraseLine+Line(fmt.Sprintf(format, args...)))
}

// Done takes it off the screen.
func (p *Progress) Done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = fmt.Fprint(p.w, eraseLine)
}

// Wrap breaks text into lines of at most width characters, those after the first behind indent.
func Wrap(text string, width int, indent string) string {
	var b strings.Builder
	column := 0
	for _, word := range strings.Fields(text) {
		n := len([]rune(word))
		if column > 0 && column+1+n > width {
			b.WriteString("\n" + indent)
			column = 0
		} else if column > 0 {
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
}
