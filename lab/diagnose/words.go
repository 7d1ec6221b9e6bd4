package diagnose

import (
	"crypto/x509"
	"fmt"
	"strings"
	"time"
)

// maxQuote bounds what is quoted of a server's words in a sentence, in bytes.
const maxQuote = 200

// quoted returns a server's words for use in a sentence. They are escaped when printed, not here.
func quoted(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > maxQuote {
		s = s[:maxQuote] + "…"
	}
	return "“" + s + "”"
}

// listed returns names as a person would list them, the first few of many.
func listed(names []string) string {
	const most = 4
	switch {
	case len(names) == 0:
		return "no server name"
	case len(names) == 1:
		return names[0]
	case len(names) > most:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// commonName returns what to call a certificate: its Common Name, or else its whole subject.
func commonName(c *x509.Certificate) string {
	if cn := c.Subject.CommonName; cn != "" {
		return cn
	}
	if s := c.Subject.String(); s != "" {
		return s
	}
	return "a certificate without a name"
}

func issuerName(c *x509.Certificate) string {
	if cn := c.Issuer.CommonName; cn != "" {
		return cn
	}
	return c.Issuer.String()
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
