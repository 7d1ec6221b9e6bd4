package diagnose

import (
	"crypto/tls"
	"fmt"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// alertInappropriateFallback is RFC 7507 section 3.
const alertInappropriateFallback = 86

// offers are the answers to three ClientHellos of TLS 1.2; nil where nobody has offered that yet.
type offers struct {
	anonymous *probe.Observation // suites that need no certificate
	certified *probe.Observation // all suites that need one
	fallback  *probe.Observation // the anonymous ones, with the word that the client could do more
}

// offered has all three asked for at once, so that one round of looks will do.
func (c *connection) offered() offers {
	return offers{c.offer(anonymousSuites(), false), c.offerThrough(), c.offer(fallbackSuites(), false)}
}

// accepted returns the name of the anonymous suite that the server took, "" when it took none.
func (o offers) accepted() string { return anonymousName(chosenSuite(o.anonymous)) }

// chosenSuite returns the suite of the ServerHello that an offer got, 0 when it got none.
func chosenSuite(o *probe.Observation) uint16 {
	if o == nil || o.Outcome != probe.Fine || o.TLS == nil {
		return 0
	}
	return o.TLS.Cipher
}

// refusedWith reports whether a ClientHello was answered by this alert.
func refusedWith(o *probe.Observation, alert uint8) bool {
	return o != nil && o.Outcome == probe.Alert && o.TLS != nil && o.TLS.Alert != nil && o.TLS.Version == 0 && *o.TLS.Alert == alert
}

// noCertificate finds a server that goes on without its certificate: Postfix whose chain file is
// missing. It refuses every suite that needs a certificate, as one does whose cipher list fits
// nobody, and accepts those that need none, unless it was told not to. TLS_FALLBACK_SCSV tells the
// two apart. OpenSSL answers it by what it is set to speak (ssl_check_version_downgrade in
// ssl/statem/statem_lib.c), and a ClientHello by what it can speak (is_tls13_capable, same file):
// set to TLS 1.3 and refusing it, it has no certificate, or none with a key that TLS 1.3 knows.
// Of a server that is not set to TLS 1.3 this says nothing.
func noCertificate(c *connection) []finding.Finding {
	if !c.refusesCiphers() || !refusedWith(c.newestOnly(), alertProtocolVersion) {
		return nil
	}
	o := c.offered()
	if !refusedWith(o.certified, alertHandshakeFailure) || !refusedWith(o.fallback, alertInappropriateFallback) {
		return nil
	}
	refuses := "it refuses every cipher suite that needs a certificate, with the alert " + alertName(alertHandshakeFailure)
	if name := o.accepted(); name != "" {
		refuses = "it refuses every cipher suite that needs a certificate, and accepts " + name + ", which needs none"
	}
	return blocked(finding.CertificateNotLoaded, fmt.Sprintf("%s has no certificate to show: it could not load its certificate or its key, or was given none", c.target()),
		finding.EditPair, "with a certificate and a key that the server can load, the handshake would go on",
		refuses,
		"to an offer of TLS 1.3 alone it sends the alert "+alertName(alertProtocolVersion)+", and to a client that says it could do more than TLS 1.2 the alert "+
			alertName(alertInappropriateFallback)+": it is set to speak TLS 1.3 and cannot, for want of a certificate",
		"so does Postfix (3.7.11 and 3.10.13, measured) when the file that smtpd_tls_chain_files names is missing",
		"a certificate whose key fits neither TLS 1.3 nor any cipher suite of the server would look the same")
}

// refusesCiphers reports whether the alert is the one for want of a cipher, of a certificate, or
// of much else.
func (c *connection) refusesCiphers() bool {
	alert, ok := c.refusal()
	return ok && alert == alertHandshakeFailure && !c.says("client-version")
}

// newestOnly returns what came of an offer of TLS 1.3 alone.
func (c *connection) newestOnly() *probe.Observation {
	set := c.Settings
	set.MinVersion, set.MaxVersion = tls.VersionTLS13, 0
	return c.look(set)
}
