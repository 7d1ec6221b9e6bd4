package diagnose

import (
	"fmt"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// alertInternalError is RFC 8446 section 6.2.
const alertInternalError = 80

// An excuse is what a server says in place of TLS when TLS could not even be set up.
type excuse struct {
	phrase string // in lower case; the servers put codes before it
	of     string // who says so
}

// excuses are the words of servers that could not load their certificate or key: measured on Debian
// 12 and 13 with a key of another certificate, an encrypted one, a wrong order and a missing file.
// They are said as well of what else TLS is set up with: CA files, DH parameters, CRLs.
func excuses() []excuse {
	return []excuse{
		// Answers to STARTTLS. Postfix: src/smtpd/smtpd.c and src/postscreen/postscreen_starttls.c;
		// Exim: src/smtp_in.c, where "some local configuration problem was discovered before".
		{"tls not available due to local problem", "Postfix (3.7.11 and 3.10.13, measured)"},
		{"tls currently unavailable", "Exim (4.96, measured)"},
		// In plaintext after it has agreed. Dovecot: src/login-common/client-common.c.
		{"tls initialization failed", "Dovecot (2.3.19.1 and 2.4.1, measured)"},
	}
}

// notLoaded finds servers that could not load their certificate or key. From outside that looks
// like a line gone dead, unless the server says so: on this port, or on a port for TLS, which has
// no words before TLS, by the port of the same service that has. One that goes on without them
// shows it by what it refuses.
func notLoaded(c *connection) []finding.Finding {
	if said, of := excused(&c.Observation); said != "" {
		evidence := "it says " + finding.Quoted(said)
		if c.Stage == probe.Handshaking {
			evidence = "it says " + finding.Quoted(c.Answer) + ", then " + finding.Quoted(said)
		}
		return cannotLoad(c, fmt.Sprintf("%s cannot begin TLS, because it could not load its certificate or its key", c.target()), said, evidence, of)
	}
	if fs := notLoadedNextDoor(c); fs != nil {
		return fs
	}
	return noCertificate(c)
}

func notLoadedNextDoor(c *connection) []finding.Finding {
	how := c.abrupt()
	set, ok := c.sibling()
	if how == "" || !ok || set.Mode != account.StartTLS {
		return nil
	}
	o := c.look(set)
	if o == nil {
		return nil
	}
	said, of := excused(o)
	if said == "" {
		return nil
	}
	return cannotLoad(c, fmt.Sprintf("%s cannot begin TLS, and the same service says so on port %d: it could not load its certificate or its key", c.target(), set.Port),
		said, how, fmt.Sprintf("on port %d, asked for TLS, it says %s", set.Port, finding.Quoted(said)), of)
}

func cannotLoad(c *connection, summary, said string, evidence ...string) []finding.Finding {
	last := len(evidence) - 1
	evidence[last] = "these are the words of " + evidence[last] + " when a file that TLS is set up with cannot be loaded, mostly certificate or key: the server's log says which file"
	fs := blocked(finding.CertificateNotLoaded, summary, finding.EditPair, "with a certificate and a key that the server can load, TLS would begin", evidence...)
	fs[0].Facts.Text = finding.Clip(said)
	return fs
}

// excused returns the line in which a server says that it cannot begin TLS, and whose words they
// are; "" where it says nothing of the kind, or where TLS came about all the same: then somebody
// else has said it.
func excused(o *probe.Observation) (said, of string) {
	switch {
	case o.Stage == probe.Upgrading && o.Outcome == probe.Declined:
		said = o.Answer
	case o.Stage == probe.Handshaking && o.Settings.Mode == account.StartTLS && (o.TLS == nil || o.TLS.Version == 0):
		// Which of the two it is depends on whether the answer came in the same packet.
		said = string(o.Injected) + string(o.Raw)
	}
	for line := range strings.Lines(said) {
		for _, x := range excuses() {
			if strings.Contains(strings.ToLower(line), x.phrase) {
				return strings.TrimSpace(line), x.of
			}
		}
	}
	return "", ""
}

// abrupt says how a port for TLS ended the connection at the ClientHello, before it had chosen
// anything; "" when it did not. A server without a certificate hangs up, or sends an alert that
// tells nothing (Postfix whose certificate file is missing, measured: handshake_failure).
func (c *connection) abrupt() string {
	if !c.implicit() {
		return ""
	}
	if alert, ok := c.refusal(); ok && (alert == alertHandshakeFailure || alert == alertInternalError) {
		return "at the ClientHello it sends the alert " + alertName(alert)
	}
	if c.noByte() && (c.Outcome == probe.Closed || c.Outcome == probe.WasReset) {
		return "at the ClientHello it hangs up without a byte"
	}
	return ""
}
