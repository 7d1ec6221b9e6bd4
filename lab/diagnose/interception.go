package diagnose

import (
	"bytes"
	"crypto/x509"
	"fmt"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/internal/bound"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// interceptionOnMailPort finds interception that leaves the web alone: on https the same host
// has a certificate of somebody else.
func interceptionOnMailPort(c *connection, found []finding.Finding) []finding.Finding {
	web := c.onWeb()
	if !has(found, finding.Interception) || web == nil {
		return found
	}
	direct := c.chain(*web)
	for _, code := range chain.Interceptions() {
		if has(direct, code) {
			return found
		}
	}
	issuer := leafOf(web)
	if issuer == nil || bytes.Equal(issuer.RawIssuer, leafOf(&c.Observation).RawIssuer) {
		return found
	}
	f := finding.New(finding.InterceptionOnMailPort, fmt.Sprintf("something on the way opens the connection to port %d, and leaves web pages alone", c.Settings.Port))
	for _, g := range found {
		if g.Code == finding.Interception {
			f.Evidence, f.Facts, f.Counterfactual = append(f.Evidence, g.Evidence...), g.Facts, g.Counterfactual
		}
	}
	f.Evidence = append(f.Evidence, fmt.Sprintf("on https the certificate of %s comes from %s", c.Settings.Host, chain.IssuerName(issuer)))
	return append(found, f)
}

// onWeb returns what was seen of https on the host of a mail connection, nil when nothing was.
func (c *connection) onWeb() *probe.Observation {
	if c.Settings.Endpoint.Protocol() == account.HTTPS {
		return nil
	}
	return c.seenOn(account.Web)
}

// seenOn returns what the survey saw of another endpoint of the same host, if it saw a chain.
func (s *connection) seenOn(e account.Endpoint) *probe.Observation {
	for i := range s.survey.Observations {
		o := &s.survey.Observations[i]
		if o.Settings.Endpoint == e && o.Settings.Host == s.Settings.Host && leafOf(o) != nil {
			return o
		}
	}
	return nil
}

// leafOf returns the leaf of an observation, nil when there is none that can be read.
func leafOf(o *probe.Observation) *x509.Certificate {
	if o == nil || o.TLS == nil || len(o.TLS.Chain) == 0 {
		return nil
	}
	c, err := bound.Certificate(o.TLS.Chain[0])
	if err != nil {
		return nil
	}
	return c
}

// portalCertificate finds a login page that answers inside TLS. Its certificate is for another
// name, as a wrong one of the server's would be; but a mail server greets, and what is here
// waits, and answers a web page's request. https, where every server does that, goes by the mail
// ports: the same certificate there as here.
func portalCertificate(c *connection, found []finding.Finding) []finding.Finding {
	said := c.portalInside()
	if said == "" && c.Settings.Endpoint.Protocol() == account.HTTPS && redirects(c.First) {
		for i := range c.survey.Observations {
			mail := c.connection(c.survey.Observations[i])
			if sameLeaf(&c.Observation, &mail.Observation) && mail.Settings.Host == c.Settings.Host && mail.portalInside() != "" {
				said = mail.portalInside()
			}
		}
	}
	if said == "" {
		return found
	}
	leaf := leafOf(&c.Observation)
	fs := blocked(finding.CaptivePortal, fmt.Sprintf("instead of %s a network login page answers, with a certificate for %s", c.target(), finding.Listed(chain.Names(leaf))),
		finding.EditNetwork, "from a network without a login page the server itself would answer",
		fmt.Sprintf("the certificate is for %s, not for %s", finding.Listed(chain.Names(leaf)), c.Settings.Host),
		"inside TLS a mail port gives no greeting, and answers a web request with "+finding.Quoted(said))
	fs[0].Facts.Text, fs[0].Facts.Names, fs[0].Facts.About = said, chain.Names(leaf), presentedLeaf(&c.Observation)
	return append(found, fs...)
}

// portalInside returns the HTTP status line that a mail port answers inside TLS, under a
// certificate for another name and in place of a greeting; empty when it does not.
func (c *connection) portalInside() string {
	leaf := leafOf(&c.Observation)
	if c.Settings.Endpoint.Protocol() == account.HTTPS || !c.implicit() || c.Stage != probe.Reading || c.Outcome != probe.TimedOut ||
		leaf == nil || leaf.VerifyHostname(c.Settings.Host) == nil {
		return ""
	}
	set := c.Settings
	set.Endpoint = account.Web
	o := c.look(set)
	if o == nil || !redirects(o.First) {
		return ""
	}
	return firstLine(o.First)
}

// redirects reports whether an HTTP answer sends the client elsewhere, or says that the network
// wants a login (511, RFC 6585 section 6).
func redirects(said string) bool {
	status := httpStatus(said)
	return speaks(said) == finding.PlainHTTP && len(status) == 3 && (status[0] == '3' || status == "511")
}
