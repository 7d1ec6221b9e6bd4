package diagnose

import (
	"fmt"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// SlowAfter is how long a server may take to say its first byte before it counts as slow: a
// third of the 30 seconds after which Nodemailer gives up on a greeting (GREETING_TIMEOUT of its
// smtp-connection). RFC 5321 section 4.5.3.2.1 allows five minutes.
const SlowAfter = 10 * time.Second

// slow judges how long the first byte was waited for. A second look must be as slow: the first
// may have met a busy moment, here or there.
func slow(c *connection) []finding.Finding {
	limit := c.judge.Slow
	if limit == 0 {
		limit = SlowAfter
	}
	if c.Waited < limit {
		return nil
	}
	evidence := []string{"the first byte came after " + seconds(c.Waited)}
	if f := c.ask(probe.Ask{Kind: probe.LookAgain, Settings: c.Settings}); f != nil && f.Observation != nil {
		if f.Observation.Waited > 0 && f.Observation.Waited < limit {
			return nil
		}
		evidence = append(evidence, "and on another connection after "+seconds(f.Observation.Waited))
	}
	f := finding.New(finding.SlowServer, fmt.Sprintf("%s takes %s to say its first word", c.target(), seconds(c.Waited)))
	f.Evidence = evidence
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditAnswerInTime, Text: "if it answered within " + seconds(limit) + ", no mail program would give up"}
	return []finding.Finding{f}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f seconds", d.Seconds()) }
