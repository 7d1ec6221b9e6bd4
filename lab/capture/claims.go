package capture

import (
	"fmt"
	"slices"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// Findings returns what the tool itself names as wrong, and what its own words about the dates of
// the certificate show at a given time. They are the tool's claims: nobody here saw the connection.
func (t Transcript) Findings(at time.Time) []finding.Finding {
	var out []finding.Finding
	add := func(f finding.Finding) {
		if !slices.ContainsFunc(out, func(g finding.Finding) bool { return g.Code == f.Code }) {
			f.Facts.Host = t.Settings.Host
			out = append(out, f)
		}
	}
	known := len(t.Chain) == 0
	if end := t.Leaf.NotAfter; known && !end.IsZero() && at.After(end) {
		f := finding.New(finding.Expired, fmt.Sprintf("according to %s the certificate expired on %s", t.Tool, day(end)))
		f.Facts.At, f.Facts.Subject, f.Facts.Issuer = end, t.Leaf.Subject, t.Leaf.Issuer
		f.Counterfactual = &finding.Counterfactual{Edit: finding.EditTime, Text: fmt.Sprintf("until %s it was valid", day(end))}
		add(f)
	}
	if begin := t.Leaf.NotBefore; known && !begin.IsZero() && at.Before(begin) {
		f := finding.New(finding.NotYetValid, fmt.Sprintf("according to %s the certificate is valid only from %s", t.Tool, day(begin)))
		f.Facts.At, f.Facts.Subject, f.Facts.Issuer = begin, t.Leaf.Subject, t.Leaf.Issuer
		f.Counterfactual = &finding.Counterfactual{Edit: finding.EditTime, Text: fmt.Sprintf("from %s it will be valid", day(begin))}
		add(f)
	}
	for _, c := range t.Claims {
		code := c.Code
		// A leaf that is in date by the same text cannot be the one that has expired.
		if code == finding.Expired && !t.Leaf.NotAfter.IsZero() && at.Before(t.Leaf.NotAfter) {
			code = finding.IntermediateExpired
		}
		tool := string(t.Tool)
		switch {
		case c.Tool != "":
			tool = string(c.Tool)
		case tool == "":
			tool = "the text"
		}
		f := finding.New(code, fmt.Sprintf("according to %s: %s", tool, c.Text))
		f.Facts.Subject, f.Facts.Issuer = t.Leaf.Subject, t.Leaf.Issuer
		f.Evidence = []string{"this is what the tool says; nobody here saw the connection"}
		add(f)
	}
	return out
}

func day(t time.Time) string { return t.UTC().Format("2 January 2006 15:04 UTC") }
