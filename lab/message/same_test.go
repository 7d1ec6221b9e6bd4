package message

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A change is what happens to a message on its way from the screen to the reader, or from one
// server to another.
type change struct {
	name string
	make func(string) string
}

func changes() []change {
	placeholders := func(host, name, address, number, when string) func(string) string {
		fill := strings.NewReplacer("<host>", host, "<cert-name>", name, "<cert-name-2>", "www."+name, "<names>", name+", DNS:*."+name, "<ip>", address,
			"<line>", number, "<n>", number, "<port>", number, "<thread>", "80"+number+"7F0000", "<time>", when, "<date>", when, "<issuer-CN>", name+" CA",
			"<server>", host, "<client>", "unknown", "<account>", "anna@"+name, "<subject-DN>", "/CN="+name, "<issuer-DN>", "/O="+name, "<file>", "../ssl/record/rec_layer_s3.c",
			"<local>", address+":51234", "<remote>", address+":993", "<certificate>", host, "<certificates>", host, "<ver>", "3.0."+number, "<dn>", "CN="+name)
		return fill.Replace
	}
	curly := strings.NewReplacer("'", "’", " \"", " “", "\"", "”", "-", "‐")
	space := regexp.MustCompile(` `)
	return []change{
		{"another server", placeholders("mail.example.com", "srv12.example.net", "192.0.2.41", "993", "2026-11-09T22:49:43Z")},
		{"a third one", placeholders("posta.società.example.org", "*.shared.example.net", "2001:db8::25", "1601", "Oct 18 07:59:59 2026 GMT")},
		{"one with numbers", placeholders("mx-14.0x80.example.com", "12045.example.net", "[198.51.100.7]", "0", "18. Oktober 2026 um 07:59")},
		{"upper case", strings.ToUpper},
		{"lower case", strings.ToLower},
		{"typographic", curly.Replace},
		{"wrapped", func(s string) string { return wrap(s, "\r\n") }},
		{"indented", func(s string) string { return wrap(s, "\n    ") }},
		{"non-breaking", func(s string) string { return space.ReplaceAllString(s, "\u00a0") }},
		{"quoted", func(s string) string { return "it says: " + s }},
		{"in brackets", func(s string) string { return "[Error: " + s + "]" }},
		{"with a head", func(s string) string { return "Nov  3 09:14:21 mx1 app[21877]: " + s }},
		{"told on", func(s string) string { return s + " – since this morning, on all devices." }},
	}
}

// wrap breaks after each fourth word.
func wrap(s, with string) string {
	words := strings.Split(s, " ")
	var out strings.Builder
	for i, w := range words {
		switch {
		case i > 0 && i%4 == 0:
			out.WriteString(with)
		case i > 0:
			out.WriteString(" ")
		}
		out.WriteString(w)
	}
	return out.String()
}

// whole are messages that are known only when nothing stands before or behind them.
func whole(m Meaning) bool {
	return strings.HasPrefix(m.Words, "^") || strings.HasSuffix(m.Words, "$")
}

// TestTheSameWhoeverSaysIt: what a message means does not depend on names, addresses, dates, numbers,
// case, quotes, line breaks and what stands around it.
func TestTheSameWhoeverSaysIt(t *testing.T) {
	n := 0
	for _, f := range facts(t) {
		want, ok := Find(f.Message, f.side())
		if !ok {
			continue
		}
		for _, c := range changes() {
			text := c.make(f.Message)
			got, _ := Find(text, f.side())
			n++
			if !slices.Equal(got.Codes, want.Codes) && !(whole(want) && len(text) > len(f.Message)+3) {
				t.Errorf("%s: %q: %v by %q, and it was %v by %q", c.name, text, got.Codes, got.Words, want.Codes, want.Words)
			}
		}
	}
	t.Logf("%d changed messages", n)
}
