package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// safe returns s with everything escaped that could move the cursor, change colours or reverse
// the direction of a terminal: control characters, format characters, bytes that are no UTF-8.
// Line ends stay.
func safe(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n' || strconv.IsPrint(r):
			b.WriteRune(r)
		default:
			q := strconv.QuoteRuneToASCII(r)
			b.WriteString(q[1 : len(q)-1])
		}
		i += size
	}
	return b.String()
}

// line is safe for text that must stay on one line.
func line(s string) string { return strings.ReplaceAll(safe(s), "\n", `\n`) }

// writeJSON writes v as one indented JSON value. What encoding/json leaves raw and a terminal
// would obey, such as U+009B, is escaped as JSON allows.
func writeJSON(w io.Writer, v any) error {
	return encode(w, v, "  ")
}

// writeLine writes v as JSON on one line.
func writeLine(w io.Writer, v any) error { return encode(w, v, "") }

func encode(w io.Writer, v any, indent string) error {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return err
	}
	var out strings.Builder
	for _, r := range b.String() {
		if r == '\n' || strconv.IsPrint(r) {
			out.WriteRune(r)
			continue
		}
		if r > 0xffff {
			r = utf8.RuneError
		}
		fmt.Fprintf(&out, `\u%04x`, r)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// A palette colours words, on a terminal only.
type palette struct{ on bool }

// colours returns the palette for the command's output. NO_COLOR is honoured: https://no-color.org
func colours(cmd *cobra.Command) palette {
	f, ok := cmd.OutOrStdout().(*os.File)
	return palette{ok && term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
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
