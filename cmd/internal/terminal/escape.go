package terminal

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Safe returns s with everything escaped that could move the cursor, change colours or reverse
// the direction of a terminal: control characters, format characters, bytes that are no UTF-8.
// Line ends stay.
func Safe(s string) string {
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

// Line is safe for text that must stay on one line.
func Line(s string) string { return strings.ReplaceAll(Safe(s), "\n", `\n`) }

// Clip shortens what somebody typed or a server sent, for an error of one line.
func Clip(s string) string { return Shorten(s, 60) }

// Shorten keeps the first n characters of s.
func Shorten(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i] + "…"
		}
		n--
	}
	return s
}

// WriteJSON writes v as one indented JSON value. What encoding/json leaves raw and a terminal
// would obey, such as U+009B, is escaped as JSON allows.
func WriteJSON(w io.Writer, v any) error { return encode(w, v, "  ") }

// WriteLine writes v as JSON on one line.
func WriteLine(w io.Writer, v any) error { return encode(w, v, "") }

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
		switch {
		case r == '\n' || strconv.IsPrint(r):
			out.WriteRune(r)
		case r > 0xffff: // RFC 8259 section 7: a surrogate pair
			r -= 0x10000
			fmt.Fprintf(&out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}
