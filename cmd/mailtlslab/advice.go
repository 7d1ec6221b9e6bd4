package main

import (
	"fmt"
	"io"
	"strings"

	"mailtlslab/lab/finding"
	"mailtlslab/lab/remedy"
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

// shortUser and shortAdmin are how many platforms and products a short answer has steps for.
const (
	shortUser  = 1
	shortAdmin = 2
)

// writeAdvice prints what is to be done, the person with the device first: for every platform
// and product, or for the first few.
func writeAdvice(w io.Writer, p palette, a remedy.Advice, all bool) {
	user, admin := a.User, a.Admin
	if !all {
		user, admin = user[:min(len(user), shortUser)], admin[:min(len(admin), shortAdmin)]
	}
	for _, steps := range user {
		writeSteps(w, p, "you", steps)
	}
	for _, steps := range admin {
		writeSteps(w, p, "admin", steps)
	}
	if more := len(a.User) + len(a.Admin) - len(user) - len(admin); more > 0 {
		fmt.Fprintf(w, "%s\n", labelled(p, "more", fmt.Sprintf("--all prints the steps for %d more platforms and products", more)))
	}
	fmt.Fprintf(w, "%s\n", labelled(p, "prevent", a.Prevention))
	fmt.Fprintf(w, "%s\n", labelled(p, "support", a.Support))
}

func writeSteps(w io.Writer, p palette, who string, s remedy.Steps) {
	known := string(s.Known.How)
	if s.Known.Source != "" {
		known += ": " + s.Known.Source
	}
	fmt.Fprintf(w, "%s\n", labelled(p, who, s.For))
	for _, step := range s.Steps {
		fmt.Fprintf(w, "            - %s\n", wrap(line(step), 64, "              "))
	}
	for config := range strings.Lines(safe(s.Config)) {
		fmt.Fprintf(w, "                %s", config)
	}
	if s.Config != "" && !strings.HasSuffix(s.Config, "\n") {
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "              %s\n", p.faint("("+line(known)+")"))
}

// labelled returns a paragraph behind a word in the margin.
func labelled(p palette, label, text string) string {
	return p.bold(fmt.Sprintf("  %-9s", label)) + " " + wrap(line(text), 66, "            ")
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
