package diagnose

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// moreLooks is how often a connection is looked at again when its host seems to have several
// machines that differ. With two machines in turn, four looks see each of them twice.
const moreLooks = 3

// intermittent finds connections that meet different certificates, some of them bad. One look
// cannot know; it is repeated where the ports of a host differ without a rule, or where the
// caller wants it. What all looks have in common stays as it is.
func intermittent(c *connection, found []finding.Finding) []finding.Finding {
	looks := c.looks()
	if len(looks) < 2 || !slices.ContainsFunc(looks, func(o *probe.Observation) bool { return !sameLeaf(o, &c.Observation) }) {
		if n := c.repeats(); n > 0 {
			set := c.Settings
			set.Session = account.Session{}
			c.ask(probe.Ask{Kind: probe.Repeat, Settings: set, Count: n})
		}
		return found
	}
	common, bad, best, worst := c.compare(looks)
	if bad == 0 {
		return found
	}
	f := finding.New(finding.Intermittent, fmt.Sprintf("%d of %d connections to %s met a certificate that is refused, and the others a good one", bad, len(looks), c.target()))
	good := leafOf(best)
	f.Evidence = []string{"some met: " + worst.Summary}
	if good != nil {
		f.Evidence = append(f.Evidence, fmt.Sprintf("others met one valid from %s to %s", finding.Day(good.NotBefore), finding.Day(good.NotAfter)))
	}
	f.Facts.Host, f.Facts.Cause, f.Facts.Fingerprint = c.Settings.Host, worst.Code, finding.Fingerprint(best.TLS.Chain[0])
	f.Facts.About, f.Facts.Subject, f.Facts.At = worst.Facts.About, worst.Facts.Subject, worst.Facts.At
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditCertificate, Text: "if every machine behind the name had the good certificate, every connection would come about"}
	return append(common, f)
}

// repeats returns how often to look again: as the caller says, or where it seems worth it.
func (c *connection) repeats() int {
	switch {
	case c.judge.Repeat > 0:
		return c.judge.Repeat
	case c.uneven():
		return moreLooks
	}
	return 0
}

// looks returns every look at c's connection that showed a certificate, c's own first.
func (c *connection) looks() []*probe.Observation {
	var out []*probe.Observation
	add := func(o *probe.Observation) {
		if o != nil && o.TLS != nil && len(o.TLS.Chain) > 0 && !o.TLS.Resumed && sameLook(o.Settings, c.Settings) {
			out = append(out, o)
		}
	}
	add(&c.Observation)
	for i := range c.survey.Further {
		further := &c.survey.Further[i]
		if further.Ask.Kind == probe.Offer {
			continue // other suites may bring another certificate
		}
		add(further.Observation)
		for j := range further.Repeats {
			add(&further.Repeats[j])
		}
	}
	return out
}

// compare returns what all looks have in common, how many have an error of their own, which of
// them has none, and such an error.
func (c *connection) compare(looks []*probe.Observation) (common []finding.Finding, bad int, best *probe.Observation, worst finding.Finding) {
	judged := make([][]finding.Finding, len(looks))
	for i, o := range looks {
		judged[i] = c.chain(*o)
	}
	inAll := func(f finding.Finding) bool {
		return !slices.ContainsFunc(judged, func(fs []finding.Finding) bool { return !has(fs, f.Code) })
	}
	for i, fs := range judged {
		own := slices.IndexFunc(fs, func(f finding.Finding) bool { return f.Severity == finding.Error && !inAll(f) })
		if own < 0 {
			best = looks[i]
			continue
		}
		bad++
		worst = fs[own]
	}
	if best == nil { // each look has a fault of its own: there is no good machine
		return nil, 0, nil, worst
	}
	for _, f := range judged[0] {
		if inAll(f) {
			common = append(common, f)
		}
	}
	return common, bad, best, worst
}

// uneven reports whether the ports of the host show different certificates for no reason that
// the ports give: neither the protocol nor the moment at which TLS begins goes with it.
func (c *connection) uneven() bool {
	byProtocol, byMode := map[account.Protocol][]byte{}, map[account.Mode][]byte{}
	protocol, mode := true, true
	for i := range c.survey.Observations {
		o := &c.survey.Observations[i]
		if o.Settings.Host != c.Settings.Host || o.TLS == nil || len(o.TLS.Chain) == 0 || o.TLS.Resumed {
			continue
		}
		leaf, p, m := o.TLS.Chain[0], o.Settings.Endpoint.Protocol(), o.Settings.Mode
		if p == account.HTTPS {
			m = "" // the web server is a program of its own
		}
		if known, ok := byProtocol[p]; ok && !bytes.Equal(known, leaf) {
			protocol = false
		}
		if known, ok := byMode[m]; ok && !bytes.Equal(known, leaf) {
			mode = false
		}
		byProtocol[p], byMode[m] = leaf, leaf
	}
	return !protocol && !mode
}
