package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
)

func paintSeverity(p palette, s finding.Severity) string {
	switch s {
	case finding.Error:
		return p.red(string(s))
	case finding.Warning:
		return p.yellow(string(s))
	}
	return p.faint(string(s))
}

// writeTitle prints how grave a finding is, what it is called, and its code: on one line where that fits.
func writeTitle(w io.Writer, p palette, severity finding.Severity, title string, code finding.Code) {
	const margin = 9
	indent := strings.Repeat(" ", margin)
	lines := wrap(title, narrow-margin, indent)
	last := lines[strings.LastIndexByte(lines, '\n')+1:]
	space := "  "
	if len([]rune(last))+len(code)+margin+len(space) > narrow {
		space = "\n" + indent
	}
	fmt.Fprintf(w, "%s%s%s%s%s\n", paintSeverity(p, severity), strings.Repeat(" ", margin-len(severity)), p.bold(lines), space, p.faint(string(code)))
}

// writeAdvice prints what is to be done, the person with the device first: the steps for every
// platform and product.
func writeAdvice(w io.Writer, p palette, a remedy.Advice) {
	writeParty(w, p, "you", a.User)
	writeParty(w, p, "admin", a.Admin)
	fmt.Fprintln(w, labelled(p, "prevent", a.Prevention))
	fmt.Fprintln(w, labelled(p, "help", a.Support))
}

// writeParty prints what one party does.
func writeParty(w io.Writer, p palette, who string, all []remedy.Steps) {
	for _, s := range all {
		fmt.Fprintln(w, labelled(p, who, s.For+":"))
		writeSteps(w, p, s)
		who = ""
	}
}

func writeSteps(w io.Writer, p palette, s remedy.Steps) {
	known := string(s.Known.How)
	if s.Known.Source != "" {
		known += ": " + s.Known.Source
	}
	for _, step := range s.Steps {
		fmt.Fprintf(w, "            - %s\n", wrap(line(step), 64, "              "))
	}
	for config := range strings.Lines(safe(s.Config)) {
		if strings.TrimSpace(config) != "" {
			fmt.Fprint(w, "                ")
		}
		fmt.Fprint(w, config)
	}
	if s.Config != "" && !strings.HasSuffix(s.Config, "\n") {
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "              %s\n", p.faint(wrap(line("("+known+")"), 64, "              ")))
}

// maxParagraph bounds a paragraph, in characters: a certificate can have thousands of names.
const maxParagraph = 600

// labelled returns a paragraph behind a word in the margin.
func labelled(p palette, label, text string) string {
	return p.bold(fmt.Sprintf("  %-9s", label)) + " " + wrap(breakable(shorten(line(text), maxParagraph), 66), 66, "            ")
}

// sentence begins with a capital, unless it begins with the name of a server or an address, and
// ends with a full stop.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	if first, _, _ := strings.Cut(s, " "); !strings.ContainsAny(strings.TrimRight(first, ".,;:"), ".:") {
		r, size := utf8.DecodeRuneInString(s)
		s = string(unicode.ToUpper(r)) + s[size:]
	}
	if strings.ContainsAny(s[len(s)-1:], ".!?") {
		return s
	}
	return s + "."
}

// breakable lets words that are longer than a line, as addresses of pages are, go on in the next,
// behind a slash where there is one.
func breakable(text string, width int) string {
	words := strings.Fields(text)
	for i, w := range words {
		var parts []string
		for r := []rune(w); len(r) > 0; {
			n := min(len(r), width)
			if slash := strings.LastIndex(string(r[:n]), "/"); n < len(r) && slash > 0 {
				n = utf8.RuneCountInString(string(r[:n])[:slash+1])
			}
			parts, r = append(parts, string(r[:n])), r[n:]
		}
		words[i] = strings.Join(parts, " ")
	}
	return strings.Join(words, " ")
}
