package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mailtlslab/mailtlslab/lab/action"
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

// writeTitle begins what is said about one code.
func writeTitle(w io.Writer, p palette, info finding.Info) {
	fmt.Fprintf(w, "\n%s  %s  %s\n", paintSeverity(p, info.Severity), p.bold(info.Title), p.faint(string(info.Code)))
}

// shortUser and shortAdmin are how many platforms and products a short answer has steps for.
const (
	shortUser  = 1
	shortAdmin = 2
)

// writeAdvice prints what is to be done, the person with the device first: the cures that the
// diagnosis chose, then the steps for every platform and product, or for the first few.
func writeAdvice(w io.Writer, p palette, a remedy.Advice, cures []action.Action, all bool) {
	user, admin := a.User, a.Admin
	if !all {
		user, admin = user[:min(len(user), shortUser)], admin[:min(len(admin), shortAdmin)]
	}
	writeParty(w, p, "you", curesBy(cures, action.User), user)
	writeParty(w, p, "admin", curesBy(cures, action.Admin), admin)
	if more := len(a.User) + len(a.Admin) - len(user) - len(admin); more > 0 {
		fmt.Fprintln(w, labelled(p, "more", fmt.Sprintf("--all prints the steps for %d more platforms and products", more)))
	}
	fmt.Fprintln(w, labelled(p, "prevent", a.Prevention))
	fmt.Fprintln(w, labelled(p, "support", a.Support))
}

// curesBy returns the cures that are up to one party, as sentences, each once.
func curesBy(cures []action.Action, party action.Party) []string {
	var out []string
	for _, c := range cures {
		if words := sentence(cureWords(c)); c.Party() == party && !slices.Contains(out, words) {
			out = append(out, words)
		}
	}
	return out
}

// cureWords says what an action is, and what has to be known before it is carried out: a server
// that is not who it claims to be chooses the names in its certificate.
func cureWords(a action.Action) string {
	if a.Kind == action.UseHost {
		return a.String() + ", but only once the provider has confirmed that name"
	}
	return a.String()
}

// writeParty prints what one party does. The cures are each enough on their own.
func writeParty(w io.Writer, p palette, who string, cures []string, all []remedy.Steps) {
	for i, cure := range cures {
		if i > 0 {
			cure = "Or " + strings.ToLower(cure[:1]) + cure[1:]
		}
		fmt.Fprintln(w, labelled(p, who, cure))
		who = ""
	}
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
	return p.bold(fmt.Sprintf("  %-9s", label)) + " " + wrap(shorten(line(text), maxParagraph), 66, "            ")
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
