package face

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mailtlslab/mailtlslab/cmd/internal/terminal"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
)

func paintSeverity(p terminal.Palette, s finding.Severity) string {
	switch s {
	case finding.Error:
		return p.Red(string(s))
	case finding.Warning:
		return p.Yellow(string(s))
	}
	return p.Faint(string(s))
}

// WriteTitle prints how grave a finding is, what it is called, and its code: on one line where that fits.
func WriteTitle(w io.Writer, p terminal.Palette, severity finding.Severity, title string, code finding.Code) {
	const margin = 9
	indent := strings.Repeat(" ", margin)
	lines := terminal.Wrap(title, terminal.Narrow-margin, indent)
	last := lines[strings.LastIndexByte(lines, '\n')+1:]
	space := "  "
	if len([]rune(last))+len(code)+margin+len(space) > terminal.Narrow {
		space = "\n" + indent
	}
	fmt.Fprintf(w, "%s%s%s%s%s\n", paintSeverity(p, severity), strings.Repeat(" ", margin-len(severity)), p.Bold(lines), space, p.Faint(string(code)))
}

// WriteAdvice prints what is to be done, the person with the device first: the steps for every
// platform and product.
func WriteAdvice(w io.Writer, p terminal.Palette, a remedy.Advice) {
	writeParty(w, p, "you", a.User, true)
	writeParty(w, p, "admin", a.Admin, true)
	fmt.Fprintln(w, Labelled(p, "prevent", a.Prevention))
	fmt.Fprintln(w, Labelled(p, "help", a.Support))
}

// writeParty prints what one party does, and how that is known where it is asked for.
func writeParty(w io.Writer, p terminal.Palette, who string, all []remedy.Steps, sourced bool) {
	before := ""
	for _, s := range all {
		if s.For != before || sourced {
			fmt.Fprintln(w, Labelled(p, who, s.For+":"))
		}
		writeSteps(w, p, s, sourced)
		who, before = "", s.For
	}
}

func writeSteps(w io.Writer, p terminal.Palette, s remedy.Steps, sourced bool) {
	known := string(s.Known.How)
	if s.Known.Source != "" {
		known += ": " + s.Known.Source
	}
	for _, step := range s.Steps {
		fmt.Fprintf(w, "            - %s\n", terminal.Wrap(terminal.Line(step), 64, "              "))
	}
	for config := range strings.Lines(terminal.Safe(s.Config)) {
		if strings.TrimSpace(config) != "" {
			fmt.Fprint(w, "                ")
		}
		fmt.Fprint(w, config)
	}
	if s.Config != "" && !strings.HasSuffix(s.Config, "\n") {
		fmt.Fprintln(w)
	}
	if !sourced {
		return
	}
	fmt.Fprintf(w, "              %s\n", p.Faint(terminal.Wrap(terminal.Line("("+known+")"), 64, "              ")))
}

// maxParagraph bounds a paragraph, in characters: a certificate can have thousands of names.
const maxParagraph = 600

// Labelled returns a paragraph behind a word in the margin.
func Labelled(p terminal.Palette, label, text string) string {
	return p.Bold(fmt.Sprintf("  %-9s", label)) + " " + terminal.Wrap(Breakable(terminal.Shorten(terminal.Line(text), maxParagraph), 66), 66, "            ")
}

// Sentence begins with a capital, unless it begins with the name of a server or an address, and
// ends with a full stop.
func Sentence(s string) string {
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

// Breakable lets words that are longer than a line, as addresses of pages are, go on in the next,
// behind a slash where there is one.
func Breakable(text string, width int) string {
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
