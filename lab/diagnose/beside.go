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

// beside says of what is wrong with the certificate of c that another port of the same host does not
// share it: then the right one is there already, and none has to be issued. Of an intermediate that
// is missing it says which port sends it.
func (c *connection) beside(found []finding.Finding) []finding.Finding {
	told := func(f finding.Finding) bool { return f.Code == finding.MissingIntermediate || wrongHere(f) }
	if c.TLS.Resumed || !slices.ContainsFunc(found, told) || slices.ContainsFunc(found, func(f finding.Finding) bool { return elsewhere(f.Code) }) {
		return found
	}
	c.askTheWeb(found)
	found = slices.Clone(found)
	good, bad := c.others()
	for i, f := range found {
		switch {
		case f.Code == finding.MissingIntermediate:
			if o := sends(slices.Concat(good, bad), f.Facts.Certificate); o != nil {
				found[i].Facts.Beside = o.Settings.Port
				found[i].Evidence = append(slices.Clone(f.Evidence), fmt.Sprintf("port %d of the same host sends it: the file that is used there has it", o.Settings.Port))
			}
		case wrongHere(f) && len(good) > 0:
			found[i].Facts.Beside = good[0].Settings.Port
			found[i].Summary = f.Summary + "; " + besides(good)
			found[i].Evidence = append(slices.Clone(f.Evidence), fmt.Sprintf("what port %d presents for %s is in order", good[0].Settings.Port, c.Settings.Host))
		}
	}
	return found
}

// besides names the ports that have the right certificate.
func besides(good []*probe.Observation) string {
	switch n := len(good); n {
	case 1:
		return fmt.Sprintf("port %d of the same host presents the right one", good[0].Settings.Port)
	default:
		return fmt.Sprintf("port %d of the same host and %d more present the right one", good[0].Settings.Port, n-1)
	}
}

// elsewhere reports whether a code says that not the server's own certificate was seen, or that it
// changes from one look to the next: then the ports cannot be compared.
func elsewhere(c finding.Code) bool {
	return slices.Contains(chain.Interceptions(), c) || slices.Contains([]finding.Code{
		finding.CaptivePortal, finding.InterceptionOnMailPort, finding.Intermittent, finding.MailServiceNotReloaded, finding.RenewedNotLoaded, finding.ExceptionStale,
	}, c)
}

// wrongHere reports whether a finding is an error that another certificate would not have.
func wrongHere(f finding.Finding) bool {
	return f.Severity == finding.Error && ofThisCertificate(f.Code)
}

// ofThisCertificate reports whether another certificate would not have the fault. What is wrong with
// the device, or with what lies beneath the whole host, another one would.
func ofThisCertificate(c finding.Code) bool {
	info, _ := finding.Lookup(c)
	return slices.Contains([]finding.Family{finding.Trust, finding.Names, finding.Time, finding.Keys, finding.Usage, finding.Revocation}, info.Family) &&
		info.Stage == finding.Certifying && c != finding.ClientClock && c != finding.RootMissingOnDevice && c != finding.SNIMissing && c != finding.OutgoingServerName
}

// others returns what was seen of the other ports of the host: those whose certificate is another one
// and in order for it, the mail ports first, and those of which that cannot be said.
func (c *connection) others() (good, bad []*probe.Observation) {
	for _, o := range seenOf(c.survey, c.Settings.Host) {
		if o.Settings.Port == c.Settings.Port || o.TLS.Resumed || bytes.Equal(o.TLS.Chain[0], c.TLS.Chain[0]) && len(o.TLS.Chain) == len(c.TLS.Chain) {
			continue
		}
		if found, _ := c.certified(*o); len(found) > 0 || !o.TLS.Complete || bytes.Equal(o.TLS.Chain[0], c.TLS.Chain[0]) {
			bad = append(bad, o)
			continue
		}
		good = append(good, o)
	}
	slices.SortStableFunc(good, func(a, b *probe.Observation) int { return web(a) - web(b) })
	return good, bad
}

func web(o *probe.Observation) int {
	if o.Settings.Endpoint.Protocol() == account.HTTPS {
		return 1
	}
	return 0
}

// sends returns the connection on which a certificate came, nil where it came on none.
func sends(all []*probe.Observation, der []byte) *probe.Observation {
	for _, o := range all {
		if slices.ContainsFunc(o.TLS.Chain[1:], func(sent []byte) bool { return bytes.Equal(sent, der) }) {
			return o
		}
	}
	return nil
}

// askTheWeb has https of the same host looked at where c is all that was to be looked at.
func (c *connection) askTheWeb(found []finding.Finding) {
	if !c.judge.Closer || len(c.survey.Observations) > 1 || c.Settings.Endpoint == account.Web || !slices.ContainsFunc(found, wrongHere) {
		return
	}
	set := account.For(account.Web, c.Settings.Host)
	set.Addresses, set.Clock = c.Settings.Addresses, c.Settings.Clock
	c.look(set)
}

// seenOf returns each connection to a host that showed a certificate, those that were asked for first.
func seenOf(s probe.Survey, host string) []*probe.Observation {
	var out []*probe.Observation
	add := func(o *probe.Observation) {
		if o != nil && o.Settings.Host == host && speaksTLS(o) {
			out = append(out, o)
		}
	}
	for i := range s.Observations {
		add(&s.Observations[i])
	}
	for i := range s.Further {
		f := &s.Further[i]
		if f.Ask.Kind == probe.Look && !slices.ContainsFunc(out, func(o *probe.Observation) bool {
			return f.Observation != nil && o.Settings.Port == f.Observation.Settings.Port
		}) {
			add(f.Observation)
		}
	}
	return out
}

// sentElsewhere returns the intermediates that only some connections to a host brought: what one port
// leaves out, another may send.
func sentElsewhere(s probe.Survey) []chain.Fetched {
	var out []chain.Fetched
	for _, o := range s.Observations {
		all := seenOf(s, o.Settings.Host)
		for _, a := range all {
			for _, der := range a.TLS.Chain[1:] {
				known := slices.ContainsFunc(out, func(f chain.Fetched) bool { return bytes.Equal(f.Certificate, der) })
				if !known && slices.ContainsFunc(all, func(b *probe.Observation) bool {
					return len(b.TLS.Chain) < len(a.TLS.Chain) && sends([]*probe.Observation{b}, der) == nil
				}) {
					out = append(out, chain.Fetched{Certificate: der})
				}
			}
		}
		if len(out) > maxElsewhere {
			return out[:maxElsewhere]
		}
	}
	return out
}

// maxElsewhere bounds how many certificates of other ports are taken for known: a chain has few.
const maxElsewhere = 20
