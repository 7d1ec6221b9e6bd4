package diagnose

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// certificates judges the chain of c, alone and beside everything else that was seen, and returns
// the path of the one that the findings are about.
func (s *session) certificates(c *connection) ([]finding.Finding, chain.Path) {
	found := s.chain(c.Observation)
	c = s.connection(c.Observation) // a comparison may look behind it
	for _, rule := range comparisons {
		found = rule.ask(c, found)
	}
	return found, s.judged(c.Observation).Path
}

func sameLeaf(a, b *probe.Observation) bool {
	return leafOf(a) != nil && leafOf(b) != nil && bytes.Equal(a.TLS.Chain[0], b.TLS.Chain[0])
}

// keptSession looks behind a resumed session, in which no certificate is shown: what a new one
// shows is judged in place of what was remembered.
func keptSession(c *connection, found []finding.Finding) []finding.Finding {
	if !c.TLS.Resumed {
		return found
	}
	f := c.ask(probe.Ask{Kind: probe.Look, Settings: c.Settings})
	if f == nil || leafOf(f.Observation) == nil || f.Observation.TLS.Resumed {
		return found
	}
	remembered, fresh := leafOf(&c.Observation), f.Observation
	found = c.chain(*fresh)
	same := sameLeaf(&c.Observation, fresh)
	c.TLS = fresh.TLS
	if same || remembered == nil {
		return found
	}
	s := finding.New(finding.StaleSession, fmt.Sprintf("the mail program goes on with a session that %s began under another certificate than it has now", c.target()))
	s.Evidence = []string{
		fmt.Sprintf("the session was resumed, which shows no certificate; it began with the one valid until %s", finding.Day(remembered.NotAfter)),
		fmt.Sprintf("a look without it shows one valid until %s", finding.Day(leafOf(fresh).NotAfter)),
	}
	s.Facts.Host, s.Facts.At, s.Facts.About = c.Settings.Host, leafOf(fresh).NotAfter, presentedLeaf(fresh)
	return append(found, s)
}

// overridable reports whether an exception made by hand covers a finding: mistrust, name and
// dates (Thunderbird 140, measured), and nothing else.
func overridable(f finding.Finding) bool {
	info, _ := finding.Lookup(f.Code)
	return info.Family == finding.Trust || info.Family == finding.Names || info.Family == finding.Time
}

// oldException judges certificates that were once trusted by hand: one that is still presented
// is accepted, and one that is gone brings its question back.
func oldException(c *connection, found []finding.Finding) []finding.Finding {
	var stored []account.Exception
	for _, x := range c.Settings.Exceptions {
		if x.Host == c.Settings.Host && x.Port == c.Settings.Port {
			stored = append(stored, x)
		}
	}
	now := finding.Fingerprint(c.TLS.Chain[0])
	if slices.ContainsFunc(stored, func(x account.Exception) bool { return x.Fingerprint == now }) {
		return slices.DeleteFunc(found, overridable)
	}
	at := slices.IndexFunc(found, func(f finding.Finding) bool { return finding.Hides(finding.ExceptionStale, f.Code) })
	if len(stored) == 0 || at < 0 {
		return found
	}
	f := finding.New(finding.ExceptionStale, fmt.Sprintf("somebody once trusted a certificate of %s by hand, and the server has another one now", c.Settings.Host))
	f.Evidence = append([]string{
		fmt.Sprintf("the exception is for the fingerprint %s, the server presents %s", finding.Clip(stored[0].Fingerprint), now),
		"beneath it: " + found[at].Summary,
	}, found[at].Evidence...)
	f.Facts.Host, f.Facts.Fingerprint, f.Facts.Cause = c.Settings.Host, now, found[at].Code
	f.Facts.About, f.Facts.Subject, f.Facts.Issuer = presentedLeaf(&c.Observation), found[at].Facts.Subject, found[at].Facts.Issuer
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditException, Text: "if the exception were for this certificate, the device would accept it; from a trusted CA it would need none"}
	return append(found, f)
}

// notReloaded finds mail services that go on with an expired certificate while the web server of
// the same host has its successor. Where the same service has the successor on its other port,
// the certificate was set for one port, and no reload helps.
func notReloaded(c *connection, found []finding.Finding) []finding.Finding {
	web := c.onWeb()
	if !has(found, finding.Expired) || web == nil {
		return found
	}
	old, successor := leafOf(&c.Observation), leafOf(web)
	if old == nil || !slices.Equal(chain.Names(old), chain.Names(successor)) || !successor.NotAfter.After(old.NotAfter) || has(c.chain(*web), finding.Expired) {
		return found
	}
	if other, ok := c.Settings.Endpoint.Sibling(); ok {
		if o := c.seenOn(other); o != nil && !sameLeaf(o, &c.Observation) {
			return found
		}
	}
	f := finding.New(finding.MailServiceNotReloaded, fmt.Sprintf("%s still presents the certificate that expired on %s, and the web server has the new one", c.target(), finding.Day(old.NotAfter)))
	f.Evidence = []string{
		fmt.Sprintf("on https the certificate for the same names is valid until %s", finding.Day(successor.NotAfter)),
		fmt.Sprintf("the device's clock says %s", finding.Day(c.At)),
	}
	f.Facts.Host, f.Facts.At, f.Facts.About, f.Facts.Subject = c.Settings.Host, old.NotAfter, presentedLeaf(&c.Observation), chain.Name(old)
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditCertificate, Text: "with the certificate that the web server has, it would be accepted"}
	return append(found, f)
}
