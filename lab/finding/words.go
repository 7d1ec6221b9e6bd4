package finding

import (
	"crypto/x509"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// MaxQuote bounds what is Quoted of a server's words in a sentence, in bytes.
const MaxQuote = 200

// Quoted returns a server's words for use in a sentence. They are escaped when printed, not here.
func Quoted(s string) string { return "“" + Clip(strings.TrimSpace(s)) + "”" }

// Clip bounds what somebody else wrote, and makes it valid UTF-8, so that JSON keeps it.
func Clip(s string) string {
	if len(s) <= MaxQuote {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	cut := MaxQuote
	for cut > MaxQuote-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strings.ToValidUTF8(s[:cut], "\uFFFD") + "…"
}

// AndList joins words as a sentence does: "a, b and c".
func AndList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// Listed returns names as a person would list them, the first few of many.
func Listed(names []string) string {
	const most = 4
	var told []string
	for _, n := range names[:min(len(names), most)] {
		told = append(told, Clip(n))
	}
	switch {
	case len(names) == 0:
		return "no server name"
	case len(names) > most:
		return fmt.Sprintf("%s and %d more", strings.Join(told, ", "), len(names)-most)
	}
	return AndList(told)
}

// Span returns a duration in the largest unit that leaves a whole number above one.
func Span(d time.Duration) string {
	if d < 0 {
		d = -d
	}
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{365 * 24 * time.Hour, "year"}, {24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if n := int(d / unit.size); n > 1 || n == 1 && unit.name != "year" {
			if n == 1 {
				return "1 " + unit.name
			}
			return fmt.Sprintf("%d %ss", n, unit.name)
		}
	}
	return "less than a minute"
}

// Day returns a moment as it is written in a sentence.
func Day(t time.Time) string { return t.UTC().Format("2 January 2006 15:04 UTC") }

// CertificateName returns what to call a certificate in a sentence. It is the certificate's own word.
func CertificateName(c *x509.Certificate) string {
	if cn := c.Subject.CommonName; cn != "" {
		return Clip(cn)
	}
	if s := c.Subject.String(); s != "" {
		return Clip(s)
	}
	return "a certificate without a name"
}
