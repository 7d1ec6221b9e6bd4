package terminal

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// hostile is what a terminal would obey: escape sequences, C1 controls, line ends, a change of
// direction, a zero width blank, a tag character and bytes that are no UTF-8.
const hostile = "a\x1b[31mred\x1b]0;title\x07 \u009b2J \r\nb \u202egnp.exe\u2069 \u200bz \U000e0041 \xff\x80 \x00\x7f"

// inert fails for text that a terminal would do anything with but show it.
func inert(t testing.TB, s string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Errorf("no UTF-8: %.200q", s)
	}
	for _, r := range s {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			t.Fatalf("%U in %.200q", r, s)
		}
	}
}

func TestSafe(t *testing.T) {
	for in, want := range map[string]string{
		"":                       "",
		"plain, äöü, 漢字, ✓":      "plain, äöü, 漢字, ✓",
		"two\nlines":             "two\nlines",
		"\x1b[31m":               `\x1b[31m`,
		"\u009b2J":               `\u009b2J`,
		"\u202egnp":              `\u202egnp`,
		"\r\t\x00\x7f":           `\r\t\x00\x7f`,
		"\xff\x80":               `\xff\x80`,
		"\u200b\ufeff\U000e0041": `\u200b\ufeff\U000e0041`,
		"�":                      "�", // the character itself, well formed
	} {
		if got := Safe(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if got := Line("two\nlines\r"); got != `two\nlines\r` {
		t.Errorf("line: %q", got)
	}
	inert(t, Safe(hostile))
	inert(t, Line(hostile))
}

func FuzzSafe(f *testing.F) {
	for _, s := range []string{"", "plain", hostile, "\x9b", "�", "\u2028\u2029\u0085"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Safe(s)
		inert(t, got)
		inert(t, Line(s))
		if strings.Contains(Line(s), "\n") {
			t.Errorf("%q: more than a line", Line(s))
		}
		if got != Safe(got) {
			t.Errorf("%q: escaping again gives %q", got, Safe(got))
		}
		if printable(s) && got != s {
			t.Errorf("%q was changed to %q", s, got)
		}
		if n := len([]rune(Shorten(s, 60))); n > 61 {
			t.Errorf("%d characters left of 60", n)
		}
	})
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r != '\n' && !strconv.IsPrint(r) })
}

func TestEncode(t *testing.T) {
	in := map[string]string{"text": "<&> " + strings.ToValidUTF8(hostile, "?"), "emoji": "😀", "line": "\u2028"}
	for name, write := range map[string]func(*strings.Builder) error{
		"indented": func(b *strings.Builder) error { return WriteJSON(b, in) },
		"line":     func(b *strings.Builder) error { return WriteLine(b, in) },
	} {
		var b strings.Builder
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		inert(t, b.String())
		var back map[string]string
		if err := json.Unmarshal([]byte(b.String()), &back); err != nil {
			t.Fatal(err)
		}
		for k, v := range in {
			if back[k] != v {
				t.Errorf("%s: %s came back as %q", name, k, back[k])
			}
		}
		if name == "line" && strings.Count(b.String(), "\n") != 1 {
			t.Errorf("%d lines", strings.Count(b.String(), "\n"))
		}
	}
	if err := WriteJSON(&strings.Builder{}, func() {}); err == nil {
		t.Error("a function was encoded")
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text, want string
		width      int
	}{
		{"", "", 10},
		{"one two three", "one two\n> three", 8},
		{"  blanks \n go ", "blanks go", 20},
		{"averyveryverylongword here", "averyveryverylongword\n> here", 5},
		{"äöü äöü äöü", "äöü äöü\n> äöü", 7},
	} {
		if got := Wrap(c.text, c.width, "> "); got != c.want {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}
