package diagnose

import (
	"crypto/tls"
	"fmt"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// blocked returns the finding that ends a connection: code and sentence, and what would have to
// be different.
func blocked(code finding.Code, summary string, edit finding.Edit, instead string, evidence ...string) []finding.Finding {
	f := finding.New(code, summary)
	f.Evidence = evidence
	f.Counterfactual = &finding.Counterfactual{Edit: edit, Text: instead}
	return []finding.Finding{f}
}

func (c *connection) target() string { return c.Settings.Target() }

// noByte reports whether TLS was begun at once and not a byte came back.
func (c *connection) noByte() bool {
	return c.Stage == probe.Handshaking && len(c.Raw) == 0 && (c.TLS == nil || c.TLS.Version == 0 && c.TLS.Alert == nil && c.TLS.Received == 0)
}

// implicit reports whether TLS was due from the first byte.
func (c *connection) implicit() bool { return c.Settings.Mode == account.ImplicitTLS }

// reachable judges DNS and the way to the host.
func reachable(c *connection) []finding.Finding {
	host := c.Settings.Host
	switch {
	case c.Outcome == probe.NoSuchHost:
		fs := blocked(finding.HostNotFound, fmt.Sprintf("there is no server named %s in DNS", host),
			finding.EditName, "with a name that exists there would be a server to look at", c.Error)
		fs[0].Facts.Host, fs[0].Facts.Names = host, c.workingNames()
		return fs
	case c.Outcome == probe.Unreachable:
		return blocked(finding.HostUnreachable, fmt.Sprintf("the network has no way to %s", c.target()),
			finding.EditNetwork, "from a network with a way to it the server could be looked at", c.Error)
	case c.Stage == probe.Connecting && c.Outcome == probe.TimedOut:
		if c.notOffered() {
			return absent(c)
		}
		return blocked(finding.ConnectTimeout, fmt.Sprintf("nothing answers at %s: something on the way drops the packets, mostly a firewall", c.target()),
			finding.EditNetwork, "if the packets were let through, the port would answer or refuse", "TCP got neither an answer nor a refusal")
	}
	return nil
}

// notOffered reports whether this port was only tried because it is a standard one, and the
// host answers on another.
func (c *connection) notOffered() bool {
	if c.Listed {
		return false
	}
	for _, o := range c.survey.Observations {
		if o.Stage != probe.Resolving && o.Stage != probe.Connecting {
			return true
		}
	}
	return false
}

func absent(c *connection) []finding.Finding {
	f := finding.New(finding.NotOffered, fmt.Sprintf("%s does not offer %s on port %d", c.Settings.Host, c.Settings.Endpoint, c.Settings.Port))
	return []finding.Finding{f}
}

// refused judges a refused port, by whether the same service answers on its other one.
func refused(c *connection) []finding.Finding {
	if c.Outcome != probe.Refused {
		return nil
	}
	if c.notOffered() {
		return absent(c)
	}
	evidence := fmt.Sprintf("the host refuses connections to port %d", c.Settings.Port)
	if set, ok := c.sibling(); ok {
		if o := c.look(set); o != nil && speaksTLS(o) {
			fs := blocked(finding.SiblingPortOpen, fmt.Sprintf("port %d is closed; the same service answers on port %d with %s", c.Settings.Port, set.Port, set.Mode.Words()),
				finding.EditPort, fmt.Sprintf("on port %d with %s the connection comes about", set.Port, set.Mode.Words()), evidence)
			fs[0].Facts.Port, fs[0].Facts.Mode = set.Port, set.Mode
			return fs
		}
	}
	fs := blocked(finding.PortClosed, fmt.Sprintf("nothing listens at %s", c.target()),
		finding.EditOpenPort, "if the service listened there, the connection would come about", evidence)
	fs[0].Facts.Port = c.Settings.Port
	return fs
}

// sibling returns the settings of the same service on its other standard port. Between servers there
// is none.
func (c *connection) sibling() (account.Settings, bool) {
	other, ok := c.Settings.Endpoint.Sibling()
	if !ok || c.Settings.Relayed() {
		return account.Settings{}, false
	}
	set := c.Settings
	set.Endpoint, set.Port, set.Mode = other, other.Port(), other.Mode()
	return set, true
}

// samePort returns the settings with another mode on the same port.
func (c *connection) samePort(m account.Mode) account.Settings {
	set := c.Settings
	set.Mode = m
	return set
}

func speaksTLS(o *probe.Observation) bool { return o != nil && o.TLS != nil && len(o.TLS.Chain) > 0 }

// cut judges a connection that ends before the server said anything.
func cut(c *connection) []finding.Finding {
	ended := c.Outcome == probe.WasReset || c.Outcome == probe.Closed
	switch {
	case !ended:
		return nil
	case (c.Stage == probe.Greeting || c.Stage == probe.Asking) && c.Greeting == "":
	case c.implicit() && c.noByte():
		if c.says("certificate-not-loaded") {
			return nil // some hang up as soon as TCP stands: Postfix, Dovecot and Exim, measured
		}
		// Cut at once, or only when TLS begins? A look that stays silent tells.
		set := c.samePort(account.Plaintext)
		if set.Endpoint == account.Web {
			set.Endpoint = account.IMAPS // a client of the web would speak first
		}
		if o := c.look(set); o != nil && !(o.Stage == probe.Greeting && (o.Outcome == probe.WasReset || o.Outcome == probe.Closed)) {
			return nil
		}
	default:
		return nil
	}
	return blocked(finding.ConnectionReset, fmt.Sprintf("%s takes the connection and cuts it at once", c.target()),
		finding.EditServerState, "if the connection were left open, the server could speak", "TCP connects, then the connection ends before a byte has come", c.Error)
}

// silent judges a server that never speaks. On a port for STARTTLS the cause may be that the
// server waits for TLS.
func silent(c *connection) []finding.Finding {
	if c.Outcome != probe.TimedOut || c.unfinished() != "" {
		return nil
	}
	switch {
	case c.Stage == probe.Greeting:
		set := c.samePort(account.ImplicitTLS)
		if o := c.look(set); o != nil && speaksTLS(o) && c.lasts() {
			return wrongEncryption(c, set, fmt.Sprintf("port %d waits for TLS from the first byte, and the account waits for a greeting in plaintext", c.Settings.Port))
		}
	case c.Stage == probe.Handshaking && c.implicit() && c.noByte():
		if c.says("large-hello") {
			return nil
		}
	case c.Stage == probe.Asking:
		return blocked(finding.ServiceUnavailable, fmt.Sprintf("%s greets and then answers nothing", c.target()),
			finding.EditServerState, "if the server answered, STARTTLS could begin", "greeting: "+finding.Quoted(c.Greeting))
	case c.Stage == probe.Reading:
		return blocked(finding.ServiceUnavailable, fmt.Sprintf("%s completes the TLS handshake and then says nothing", c.target()),
			finding.EditServerState, "if the server spoke inside TLS, the session would begin", "the handshake was completed")
	default:
		return nil
	}
	return blocked(finding.NoGreeting, fmt.Sprintf("%s takes the connection and says nothing", c.target()),
		finding.EditServerState, "if the server spoke, the connection would go on", "TCP connects; not a byte came within the time limit")
}

// unfinished returns what came of a line or an answer that was not ended when the time limit ran
// out, or the connection did: "" where nothing of it came.
func (c *connection) unfinished() string {
	switch {
	case c.Outcome != probe.TimedOut && c.Outcome != probe.Closed && c.Outcome != probe.WasReset:
		return ""
	case c.Stage == probe.Greeting:
		return c.Greeting
	case c.Stage == probe.Asking || c.Stage == probe.Upgrading:
		return c.Answer
	case c.Stage == probe.Reading:
		return c.First
	}
	return ""
}

func wrongEncryption(c *connection, set account.Settings, why string) []finding.Finding {
	fs := blocked(finding.WrongEncryptionType,
		fmt.Sprintf("the account is set to %s, and port %d wants %s", c.Settings.Mode.Words(), c.Settings.Port, set.Mode.Words()),
		finding.EditMode, fmt.Sprintf("with %s on this port the connection comes about", set.Mode.Words()), why)
	fs[0].Facts.Port, fs[0].Facts.Mode = set.Port, set.Mode
	return fs
}

// portal recognises a network's login page in place of the server: nothing else redirects a
// TLS connection with plain HTTP.
func portal(c *connection) []finding.Finding {
	said := string(c.Raw)
	if c.Outcome != probe.NotTLS || speaks(said) != finding.PlainHTTP {
		return nil
	}
	status := httpStatus(said)
	if !strings.HasPrefix(status, "3") && status != "511" {
		return nil
	}
	fs := blocked(finding.CaptivePortal, fmt.Sprintf("instead of %s a network login page answers", c.target()),
		finding.EditNetwork, "from a network without a login page the server itself would answer", "to the first bytes of TLS came plain HTTP: "+finding.Quoted(firstLine(said)))
	fs[0].Facts.Text = firstLine(said)
	return fs
}

// service judges a greeting that belongs to another protocol.
func service(c *connection) []finding.Finding {
	said := c.said()
	found := speaks(said)
	if found == "" || found == c.Settings.Endpoint.Protocol() || found == finding.PlainHTTP && (c.Settings.Endpoint.Protocol() == account.HTTPS || c.says("portal")) {
		return nil
	}
	fs := blocked(finding.WrongService, fmt.Sprintf("%s speaks %s, not %s", c.target(), spoken(found), spoken(c.Settings.Endpoint.Protocol())),
		finding.EditService, fmt.Sprintf("if %s answered there, the connection would go on", spoken(c.Settings.Endpoint.Protocol())), "it says "+finding.Quoted(firstLine(said)))
	fs[0].Facts.Speaks, fs[0].Facts.Text = found, firstLine(said)
	return fs
}

// said returns the server's first words, in the clear or inside TLS.
func (c *connection) said() string {
	switch {
	case c.Outcome == probe.NotTLS && c.implicit():
		return string(c.Raw)
	case c.Greeting != "":
		return c.Greeting
	}
	return c.First
}

// encryption judges plaintext where TLS was due from the first byte: the server's fault on the
// port that is meant for TLS, the account's on one that offers STARTTLS.
func encryption(c *connection) []finding.Finding {
	said := string(c.Raw)
	want := c.Settings.Endpoint.Protocol()
	plainWeb := want == account.HTTPS && speaks(said) == finding.PlainHTTP
	if c.Outcome != probe.NotTLS || !c.implicit() || speaks(said) != want && !plainWeb {
		return nil
	}
	if e, ok := account.EndpointOnPort(c.Settings.Port); want != account.HTTPS && (!ok || e.Mode() != account.ImplicitTLS) {
		set := c.samePort(account.StartTLS)
		if o := c.look(set); o != nil && speaksTLS(o) {
			return wrongEncryption(c, set, fmt.Sprintf("port %d greets in plaintext (%s) and offers STARTTLS, and the account begins TLS at once", c.Settings.Port, finding.Quoted(firstLine(said))))
		}
	}
	fs := blocked(finding.PortSpeaksPlaintext, fmt.Sprintf("%s speaks plaintext where TLS should begin at once", c.target()),
		finding.EditMode, "if the server spoke TLS on this port, the connection would come about", "it says "+finding.Quoted(firstLine(said)))
	fs[0].Facts.Text, fs[0].Facts.Port = firstLine(said), c.Settings.Port
	return fs
}

// declined judges a server that answers only to send the client away, in words or without.
func declined(c *connection) []finding.Finding {
	said, ended := c.Greeting, c.Outcome == probe.Closed || c.Outcome == probe.WasReset
	switch {
	case c.Outcome == probe.Declined && (c.Stage == probe.Greeting || c.Stage == probe.Asking):
	case c.Outcome == probe.Declined && c.Stage == probe.Reading:
		said = c.First
	case ended && (c.Stage == probe.Greeting || c.Stage == probe.Asking) && c.Greeting != "":
	case ended && c.Stage == probe.Reading && !c.askedForCertificate():
		said = c.First
	default:
		return nil
	}
	evidence := "it says " + finding.Quoted(said)
	switch {
	case ended && said == "":
		evidence = "it completes the TLS handshake and ends the connection without a word"
	case ended:
		evidence += ", and ends the connection"
	}
	fs := blocked(finding.ServiceUnavailable, fmt.Sprintf("%s answers and declines to serve", c.target()),
		finding.EditServerState, "if the server served, the connection would go on", evidence)
	fs[0].Facts.Text = said
	return fs
}

// violation judges what no server of any protocol here would say.
func violation(c *connection) []finding.Finding {
	switch {
	case c.Outcome == probe.TooLong:
		return blocked(finding.ProtocolViolation, fmt.Sprintf("%s does not stop talking: its reply is longer than the protocol allows", c.target()),
			finding.EditServerState, "if the reply ended, the connection would go on", "the stage was "+string(c.Stage))
	case c.Outcome == probe.TimedOut && c.Stage != probe.Upgrading && c.unfinished() != "":
		return blocked(finding.ProtocolViolation, fmt.Sprintf("%s begins to speak and does not come to an end", c.target()),
			finding.EditServerState, "if what it says ended, the connection would go on",
			"while "+string(c.Stage)+", this came within the time limit, and not the end of it: "+finding.Quoted(c.unfinished()))
	case c.Stage == probe.Asking && c.Outcome == probe.Unexpected && !c.says("service"):
		return blocked(finding.ProtocolViolation, fmt.Sprintf("%s greets well and then answers what its protocol does not know", c.target()),
			finding.EditServerState, "if the answer followed the protocol, the connection would go on", "it answers "+finding.Quoted(c.Answer))
	case c.Outcome == probe.Unexpected && c.Stage != probe.Upgrading && !c.says("service"),
		c.Outcome == probe.NotTLS && c.implicit() && speaks(string(c.Raw)) == "":
		return blocked(finding.ProtocolViolation, fmt.Sprintf("what %s says is neither TLS nor any protocol of mail", c.target()),
			finding.EditService, "if the right service answered there, the connection would go on", "it says "+finding.Quoted(firstLine(c.said())))
	}
	return nil
}

// version judges the TLS version that was agreed on.
func version(c *connection) []finding.Finding {
	if c.TLS == nil || c.TLS.Version == 0 || c.TLS.Version >= tls.VersionTLS12 {
		return nil
	}
	name := tls.VersionName(c.TLS.Version)
	fs := blocked(finding.ProtocolTooOld, fmt.Sprintf("%s speaks nothing newer than %s", c.target(), name),
		finding.EditVersion, "with TLS 1.2 or 1.3 the clients of today would connect", "everything from TLS 1.0 to 1.3 was offered; the server chose "+name)
	fs[0].Facts.Version = name
	return fs
}

// login judges the one thing that can be wrong when everything else is right.
func login(c *connection) []finding.Finding {
	if c.LoginRefused == "" {
		return nil
	}
	fs := blocked(finding.CredentialsRefused, fmt.Sprintf("the connection to %s is in order; the server refuses the user name or the password", c.target()),
		finding.EditPassword, "with the right password the login would succeed", "it says "+finding.Quoted(c.LoginRefused))
	fs[0].Facts.Text = c.LoginRefused
	return fs
}

func (c *connection) unexplained() finding.Finding {
	f := finding.New(finding.Unexplained, fmt.Sprintf("the connection to %s failed while %s, and these rules do not explain why", c.target(), c.Stage))
	f.Evidence = []string{"outcome: " + string(c.Outcome)}
	if c.Error != "" {
		f.Evidence = append(f.Evidence, "the library says: "+c.Error)
	}
	return f
}
