package diagnose

import (
	"crypto/x509"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// maxQuote bounds what is quoted of a server's words in a sentence, in bytes.
const maxQuote = 200

// quoted returns a server's words for use in a sentence. They are escaped when printed, not here.
func quoted(s string) string { return "“" + clip(strings.TrimSpace(s)) + "”" }

// clip bounds what somebody else wrote, and makes it valid UTF-8, so that JSON keeps it.
func clip(s string) string {
	if len(s) <= maxQuote {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	cut := maxQuote
	for cut > maxQuote-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strings.ToValidUTF8(s[:cut], "\uFFFD") + "…"
}

// says returns the words of crypto/x509, which quote the certificate.
func says(err error) string { return "the library (crypto/x509) says: " + clip(err.Error()) }

// listed returns names as a person would list them, the first few of many.
func listed(names []string) string {
	const most = 4
	var told []string
	for _, n := range names[:min(len(names), most)] {
		told = append(told, clip(n))
	}
	last := len(told) - 1
	switch {
	case len(names) == 0:
		return "no server name"
	case len(names) == 1:
		return told[0]
	case len(names) > most:
		return fmt.Sprintf("%s and %d more", strings.Join(told, ", "), len(names)-most)
	}
	return strings.Join(told[:last], ", ") + " and " + told[last]
}

// commonName returns what to call a certificate: its Common Name, or else its whole subject.
func commonName(c *x509.Certificate) string {
	if cn := c.Subject.CommonName; cn != "" {
		return clip(cn)
	}
	if s := c.Subject.String(); s != "" {
		return clip(s)
	}
	return "a certificate without a name"
}

func issuerName(c *x509.Certificate) string {
	if cn := c.Issuer.CommonName; cn != "" {
		return clip(cn)
	}
	return clip(c.Issuer.String())
}

// span returns a duration in the largest unit that leaves a whole number above one.
func span(d time.Duration) string {
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

func day(t time.Time) string { return t.UTC().Format("2 January 2006 15:04 UTC") }
