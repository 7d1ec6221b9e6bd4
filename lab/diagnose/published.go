package diagnose

import (
	"fmt"
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// published judges settings that nobody typed in: where the name, the port or the encryption is
// wrong, it is wrong for everybody who reads the same document.
func published(c *connection) []finding.Finding {
	if c.Settings.Published == "" {
		return nil
	}
	var wrong []finding.Finding
	for _, rule := range c.asked.After {
		wrong = append(wrong, c.before(rule)...)
	}
	if c.TLS != nil && len(c.TLS.Chain) > 0 {
		wrong = append(wrong, c.chain(c.Observation)...)
	}
	info, _ := finding.Lookup(finding.PublishedSettingsWrong)
	for _, w := range wrong {
		if !slices.Contains(info.Causes, w.Code) {
			continue
		}
		f := finding.New(finding.PublishedSettingsWrong, fmt.Sprintf("%s publishes %s, and that does not work: %s", finding.Clip(c.Settings.Published), c.Settings, w.Summary))
		f.Evidence = w.Evidence
		f.Facts = w.Facts
		f.Facts.Host, f.Facts.Cause = c.Settings.Host, w.Code
		f.Counterfactual = w.Counterfactual
		return []finding.Finding{f}
	}
	return nil
}
