package diagnose

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/internal/bound"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// certified returns what is wrong with the certificate of o in the eyes of o's own device, errors
// only, and false when no certificate came.
func (s *session) certified(o probe.Observation) ([]finding.Finding, bool) {
	if o.TLS == nil || len(o.TLS.Chain) == 0 {
		return nil, false
	}
	return slices.DeleteFunc(slices.Clone(s.chain(o)), func(f finding.Finding) bool { return f.Severity != finding.Error }), true
}

// misnamed returns the finding that the certificate of o is for another name, nil when it is not.
func (s *session) misnamed(o probe.Observation) *finding.Finding {
	found, _ := s.certified(o)
	for i, f := range found {
		switch f.Code {
		case finding.NameMismatch, finding.WildcardDepth:
			return &found[i]
		}
	}
	return nil
}

// sniMissing recognises a client that does not say which server it wants: with the name in the
// ClientHello the same server shows a certificate that is in order.
func sniMissing(c *connection) []finding.Finding {
	host := c.Settings.Host
	if c.Settings.Relayed() && !c.Settings.NoSNI {
		return sendersWithoutName(c)
	}
	if !c.Settings.NoSNI || net.ParseIP(host) != nil {
		return nil
	}
	wrong, ok := c.certified(c.Observation)
	if !ok || len(wrong) == 0 {
		return nil
	}
	set := c.Settings
	set.NoSNI = false
	o := c.look(set)
	if o == nil {
		return nil
	}
	if again, ok := c.certified(*o); !ok || len(again) > 0 {
		return nil
	}
	// Two machines in turn behind one name would look the same: without the name once more.
	once := c.again(probe.LookAgain)
	if once == nil {
		return nil
	}
	if found, ok := c.certified(*once); ok && len(found) == 0 {
		return nil
	}
	f := finding.New(finding.SNIMissing, fmt.Sprintf("the device does not tell %s which server it wants, and gets the certificate for %s", c.target(), finding.Listed(leafNames(c.Observation))))
	f.Evidence = []string{
		"the ClientHello had no server name (SNI)",
		"a second look that sent the name " + host + " was shown another certificate, which is in order",
	}
	f.Facts.Host, f.Facts.Names, f.Facts.About = host, leafNames(c.Observation), presentedLeaf(&c.Observation)
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditSendServerName, Text: "with the server name in the ClientHello the right certificate comes"}
	return []finding.Finding{f}
}

// leafNames returns the names of the certificate that o shows.
func leafNames(o probe.Observation) []string {
	leaf, err := bound.Certificate(o.TLS.Chain[0])
	if err != nil {
		return nil
	}
	return chain.Names(leaf)
}

// noSuchName judges the one alert that is about the name in the ClientHello: RFC 6066 section 3.
func noSuchName(c *connection) []finding.Finding {
	if c.Outcome != probe.Alert || c.TLS == nil || c.TLS.Alert == nil || *c.TLS.Alert != alertUnrecognizedName {
		return nil
	}
	name := c.Settings.SNI()
	if name == "" {
		fs := blocked(finding.ServerHasNoSuchName, fmt.Sprintf("%s refuses every device that does not say which server it wants", c.target()),
			finding.EditName, "with a server name that it knows, the handshake would go on", "no server name was sent, and it sent the alert "+alertName(alertUnrecognizedName))
		fs[0].Facts.Host, fs[0].Facts.Detail = c.Settings.Host, finding.DetailNoNameSent
		return fs
	}
	fs := blocked(finding.ServerHasNoSuchName, fmt.Sprintf("%s knows no server named %s, and ends the handshake", c.target(), name),
		finding.EditName, "with a name that the server knows, the handshake would go on", "it was asked for "+name+", and sent the alert "+alertName(alertUnrecognizedName))
	fs[0].Facts.Host = name
	return fs
}

// outgoingName recognises the name that was forgotten: the certificate is right for receiving,
// and the account has another name for sending.
func outgoingName(c *connection) []finding.Finding {
	if c.Settings.Endpoint.Protocol() != account.Submission {
		return nil
	}
	wrong := c.misnamed(c.Observation)
	if wrong == nil {
		return nil
	}
	leaf, err := bound.Certificate(c.TLS.Chain[0])
	if err != nil {
		return nil
	}
	for _, o := range c.survey.Observations {
		in := o.Settings.Host
		receives := o.Settings.Endpoint.Protocol() == account.IMAP || o.Settings.Endpoint.Protocol() == account.POP3
		if !receives || !o.Listed || strings.EqualFold(in, c.Settings.Host) || leaf.VerifyHostname(in) != nil {
			continue
		}
		if found, ok := c.certified(o); !ok || len(found) > 0 {
			continue
		}
		f := finding.New(finding.OutgoingServerName, fmt.Sprintf("the certificate is for %s, and for sending the account has %s", finding.Listed(chain.Names(leaf)), c.Settings.Host))
		f.Evidence = append(slices.Clone(wrong.Evidence), fmt.Sprintf("%s is in order under the name %s, for which this certificate would be right as well", o.Settings.Endpoint, in))
		f.Facts.Host, f.Facts.Names, f.Facts.About = c.Settings.Host, first(in, chain.Names(leaf)), wrong.Facts.About
		f.Counterfactual = wrong.Counterfactual
		return []finding.Finding{f}
	}
	return nil
}

// first returns names with name before all others.
func first(name string, names []string) []string {
	return append([]string{name}, slices.DeleteFunc(slices.Clone(names), func(n string) bool { return strings.EqualFold(n, name) })...)
}

// autodiscoverName recognises the name that no person has typed in: Outlook makes it of the mail
// address, so the certificate has to cover it.
func autodiscoverName(c *connection) []finding.Finding {
	domain, ok := strings.CutPrefix(strings.ToLower(c.Settings.Host), "autodiscover.")
	if !ok || c.Settings.Endpoint != account.Web {
		return nil
	}
	wrong := c.misnamed(c.Observation)
	if wrong == nil {
		return nil
	}
	f := finding.New(finding.AutodiscoverName, fmt.Sprintf("the certificate does not cover %s, where mail programs look for the settings of %s", c.Settings.Host, domain))
	f.Evidence = wrong.Evidence
	f.Facts.Host, f.Facts.Names, f.Facts.About = c.Settings.Host, wrong.Facts.Names, wrong.Facts.About
	f.Counterfactual = wrong.Counterfactual
	return []finding.Finding{f}
}

// workingNames returns the account's other server names under which this very service is in
// order: the one for receiving, mostly, where the one for sending does not exist.
func (c *connection) workingNames() []string {
	for _, o := range c.survey.Observations {
		if !o.Listed || o.Outcome != probe.Fine || strings.EqualFold(o.Settings.Host, c.Settings.Host) {
			continue
		}
		set := c.Settings
		set.Host, set.Published = o.Settings.Host, ""
		there := c.look(set)
		if there == nil || there.Outcome != probe.Fine {
			return nil
		}
		if found, ok := c.certified(*there); ok && len(found) == 0 {
			return []string{o.Settings.Host}
		}
		return nil
	}
	return nil
}
