package remedy

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// check reports what is wrong with a's own sentences; its steps have been checked one by one.
func (a Advice) check() error {
	if err := checkText(a.Prevention); err != nil {
		return fmt.Errorf("prevention: %w", err)
	}
	if err := checkText(a.Support); err != nil {
		return fmt.Errorf("support: %w", err)
	}
	if !strings.HasPrefix(a.Support, "Your provider's support ") && !strings.Contains(a.Support, "beyond ordinary support") {
		return errors.New(`support: names nobody who can help: want "Your provider's support …", or what is "beyond ordinary support"`)
	}
	return nil
}

func (s Steps) check() error {
	if strings.TrimSpace(s.For) == "" {
		return errors.New("for: nobody is named")
	}
	if strings.ContainsAny(s.For, "{}") {
		return errors.New("for: a placeholder has no place here")
	}
	if len(s.Steps) == 0 {
		return errors.New("no steps")
	}
	for i, step := range s.Steps {
		if err := checkText(step); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	for _, p := range placeholderLike(s.Config) {
		if p != "{host}" {
			return fmt.Errorf("config: placeholder %s: only {host} may stand in lines that are run", p)
		}
	}
	if err := errors.Join(s.Procedure.check(), s.Effect.check(), checkCondition(s.When), checkCondition(s.Unless)); err != nil {
		return err
	}
	return s.Known.check()
}

// check holds each strength to the sort of source that makes it one.
func (k Known) check() error {
	switch k.How {
	case Proven:
		if !strings.ContainsAny(k.Source, "0123456789") {
			return errors.New("known: proven wants the product and its version as the source")
		}
	case Documented:
		if !strings.Contains(k.Source, "https://") {
			return errors.New("known: documented wants an address as the source")
		}
	case Simulated:
		if strings.TrimSpace(k.Source) == "" {
			return errors.New("known: simulated wants a source")
		}
	case Inference:
	default:
		return fmt.Errorf("known: how is %q: want proven, documented, simulated or inference", k.How)
	}
	return nil
}

// company returns a word by which somebody would speak as a company, empty where there is none.
func company(s string) string {
	for w := range strings.FieldsFuncSeq(s, func(r rune) bool { return !unicode.IsLetter(r) }) {
		switch w {
		case "we", "We", "our", "Our", "ours", "Ours", "paid", "Paid":
			return w
		}
	}
	return ""
}

// checkText wants whole sentences on one line, and no braces but those of placeholders.
func checkText(s string) error {
	switch {
	case strings.TrimSpace(s) == "":
		return errors.New("empty")
	case s != strings.TrimSpace(s) || strings.Contains(s, "\n"):
		return errors.New("spaces around it, or more than one line")
	case !strings.HasSuffix(s, "."):
		return errors.New("no full stop at the end")
	}
	if words := company(s); words != "" {
		return fmt.Errorf("%q: nobody here is a company that sells help", words)
	}
	rest := s
	for _, p := range placeholders() {
		rest = strings.ReplaceAll(rest, p, "")
	}
	if strings.ContainsAny(rest, "{}") {
		return errors.New("unknown placeholder or stray brace")
	}
	return nil
}

var placeholderShape = regexp.MustCompile(`\{[a-z]+\}`)

// placeholderLike finds what looks like a placeholder among braces that may be syntax.
func placeholderLike(config string) []string {
	return placeholderShape.FindAllString(config, -1)
}
