package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// A screen is the command's output. It remembers the first write that failed, so that no command
// has to look at each, and ends what runs then: nobody is there to read the rest.
type screen struct {
	w     io.Writer
	end   func()
	width int // columns of the terminal; 0 when the output is none

	mu  sync.Mutex
	err error
}

func newScreen(w io.Writer, end func()) *screen {
	return &screen{w: w, end: end, width: columns(w)}
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.w.Write(p)
	if err != nil {
		s.err = err
		s.end()
	}
	return n, err
}

func (s *screen) broken() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// columns returns the width of the terminal that w is, and 0 when it is none.
func columns(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		return narrow
	}
	return width
}

// Widths that tables are laid out for. Output that is no terminal gets the wide layout.
const (
	narrow = 80
	wide   = 120
)

// width returns how many columns the command's output has: those of the terminal, or what COLUMNS
// says.
func width(cmd *cobra.Command) int {
	if s, ok := cmd.OutOrStdout().(*screen); ok && s.width > 0 {
		return s.width
	}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return max(n, 40)
	}
	return wide
}

// A palette colours words, on a terminal only.
type palette struct{ on bool }

// colours returns the palette for the command's output. NO_COLOR is honoured: https://no-color.org
func colours(cmd *cobra.Command) palette {
	s, ok := cmd.OutOrStdout().(*screen)
	return palette{ok && s.width > 0 && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

func (p palette) paint(code, s string) string {
	if !p.on {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p palette) bold(s string) string   { return p.paint("1", s) }
func (p palette) red(s string) string    { return p.paint("31", s) }
func (p palette) green(s string) string  { return p.paint("32", s) }
func (p palette) yellow(s string) string { return p.paint("33", s) }
func (p palette) faint(s string) string  { return p.paint("2", s) }

// progress is one line on the terminal that says what takes so long. It is on standard error, and
// nowhere unless both are terminals: then nobody parses either.
type progress struct {
	w  io.Writer
	mu sync.Mutex
}

func newProgress(cmd *cobra.Command) *progress {
	s, ok := cmd.OutOrStdout().(*screen)
	if !ok || s.width == 0 || columns(cmd.ErrOrStderr()) == 0 || os.Getenv("TERM") == "dumb" {
		return &progress{w: io.Discard}
	}
	return &progress{w: cmd.ErrOrStderr()}
}

const eraseLine = "\r\x1b[K"

func (p *progress) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// Progress that cannot be shown is no reason to stop.
	_, _ = fmt.Fprint(p.w, eraseLine+line(fmt.Sprintf(format, args...)))
}

func (p *progress) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = fmt.Fprint(p.w, eraseLine)
}

// wrap breaks text into lines of at most width characters, those after the first behind indent.
func wrap(text string, width int, indent string) string {
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
