package diagnose

import (
	"crypto/tls"
	"fmt"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// The alerts that mean something here: RFC 8446 section 6.2.
const (
	alertHandshakeFailure    = 40
	alertBadCertificate      = 42
	alertProtocolVersion     = 70
	alertUnrecognizedName    = 112
	alertCertificateRequired = 116
	alertNoProtocol          = 120
)

// alertName returns the name that RFC 8446 section 6 gives an alert.
func alertName(a uint8) string {
	name, ok := map[uint8]string{
		0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 22: "record_overflow", 40: "handshake_failure",
		42: "bad_certificate", 43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired",
		46: "certificate_unknown", 47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error",
		51: "decrypt_error", 70: "protocol_version", 71: "insufficient_security", 80: "internal_error",
		86: "inappropriate_fallback", 90: "user_canceled", 109: "missing_extension", 110: "unsupported_extension",
		112: "unrecognized_name", 113: "bad_certificate_status_response", 115: "unknown_psk_identity",
		116: "certificate_required", 120: "no_application_protocol",
	}[a]
	if !ok {
		return fmt.Sprintf("alert %d", a)
	}
	return fmt.Sprintf("%s (%d)", name, a)
}

// startTLS judges the upgrade, from the capability to the first byte of TLS.
func startTLS(c *connection) []finding.Finding {
	word := "STARTTLS"
	if c.Settings.Endpoint.Protocol() == account.POP3 {
		word = "STLS"
	}
	upgrading := c.Settings.Mode == account.StartTLS
	ended := c.Outcome == probe.Closed || c.Outcome == probe.WasReset
	switch {
	case c.Outcome == probe.NotOffered:
		return blocked(finding.StartTLSNotOffered, fmt.Sprintf("%s does not offer %s, so nothing would be encrypted", c.target(), word),
			finding.EditOfferStartTLS, "if the server offered it, TLS could begin", "it offers "+finding.Quoted(strings.Join(c.Capabilities, " ")))
	case c.Stage == probe.Upgrading && c.Outcome == probe.Declined:
		fs := blocked(finding.StartTLSRefused, fmt.Sprintf("%s offers %s and refuses it", c.target(), word),
			finding.EditAcceptStartTLS, "if the server accepted it, TLS could begin", "it says "+finding.Quoted(c.Answer))
		fs[0].Facts.Text = c.Answer
		return fs
	case c.Stage == probe.Upgrading && (ended || c.Outcome == probe.TimedOut || c.Outcome == probe.Unexpected):
		evidence := "the connection ended after the command: " + string(c.Outcome)
		if c.Answer != "" {
			evidence += "; of an answer came " + finding.Quoted(c.Answer)
		}
		return blocked(finding.StartTLSDropped, fmt.Sprintf("%s offers %s and does not answer it", c.target(), word),
			finding.EditAcceptStartTLS, "if the server answered, TLS could begin", evidence)
	case !upgrading || c.Stage != probe.Handshaking:
		return nil
	case ended && c.noByte():
		if c.says("large-hello") {
			return nil
		}
		return blocked(finding.StartTLSDropped, fmt.Sprintf("%s agrees to %s and then hangs up", c.target(), word),
			finding.EditBeginTLS, "if TLS began after the answer, the connection would go on", "it says "+finding.Quoted(c.Answer)+" and closes the connection")
	case c.Outcome == probe.NotTLS:
		return blocked(finding.NotTLSAfterStartTLS, fmt.Sprintf("%s agrees to %s and goes on in plaintext", c.target(), word),
			finding.EditBeginTLS, "if TLS began after the answer, the connection would go on", "it says "+finding.Quoted(c.Answer)+", then "+finding.Quoted(firstLine(string(c.Raw))))
	}
	return nil
}

// injection judges plaintext that arrived between the answer to STARTTLS and TLS.
func injection(c *connection) []finding.Finding {
	if said, _ := excused(&c.Observation); len(c.Injected) == 0 || said != "" {
		return nil // a server that takes back what it agreed to deceives nobody
	}
	fs := blocked(finding.InjectedPlaintext, fmt.Sprintf("%s sent more plaintext after agreeing to TLS: a client that keeps it can be deceived", c.target()),
		finding.EditDropPlaintext, "without those bytes the upgrade would be sound", "it sent "+finding.Quoted(string(c.Injected)))
	fs[0].Facts.Text = string(c.Injected[:min(len(c.Injected), finding.MaxQuote)])
	return fs
}

// handshake judges a handshake that began and failed for no reason of the certificate's.
func handshake(c *connection) []finding.Finding {
	if c.Stage != probe.Handshaking || c.says("client-certificate") {
		return nil
	}
	ended := c.Outcome == probe.Closed || c.Outcome == probe.WasReset
	switch {
	case c.Outcome == probe.Alert && c.TLS != nil && c.TLS.Alert != nil:
		fs := blocked(finding.HandshakeRefused, fmt.Sprintf("%s refuses the TLS handshake: %s", c.target(), alertName(*c.TLS.Alert)),
			finding.EditHandshake, "if the server accepted the ClientHello, the handshake would go on", "it sent the alert "+alertName(*c.TLS.Alert))
		fs[0].Facts.Alert = *c.TLS.Alert
		if *c.TLS.Alert == alertNoProtocol {
			fs[0].Summary = fmt.Sprintf("%s refuses every application protocol that the client names (ALPN)", c.target())
			fs[0].Evidence = []string{"offered " + orNone(c.offeredALPN()) + ", it sent the alert " + alertName(alertNoProtocol) + " (RFC 7301 section 3.2)"}
			fs[0].Counterfactual.Text = "if the server knew that protocol, or none were named, the handshake would go on"
		}
		return fs
	case ended && (!c.noByte() || c.implicit()):
		return blocked(finding.HandshakeDropped, fmt.Sprintf("%s hangs up during the TLS handshake", c.target()),
			finding.EditHandshake, "if the server answered the ClientHello, the handshake would go on", "the connection ended after the ClientHello was sent", c.Error)
	case c.Outcome == probe.TimedOut && (!c.noByte() || !c.implicit()):
		how, evidence := "begins the TLS handshake and does not end it", "the time limit of the handshake ran out"
		if c.noByte() {
			how, evidence = "does not answer the ClientHello", "not a byte came within the time limit of the handshake"
		}
		return blocked(finding.HandshakeTimeout, fmt.Sprintf("%s %s", c.target(), how),
			finding.EditHandshake, "if the server went on, the handshake could end", evidence)
	}
	return nil
}

// offeredALPN returns the protocol that the ClientHello of c named: only a web client does.
func (c *connection) offeredALPN() string {
	if c.Settings.Endpoint.Protocol() == account.HTTPS {
		return "http/1.1"
	}
	return ""
}

func orNone(protocol string) string {
	if protocol == "" {
		return "none"
	}
	return protocol
}

// staticRSA reports whether a cipher suite has the client encrypt to the server's key, so that
// the server signs nothing. Every such suite is of TLS 1.2 or older.
func staticRSA(suite uint16) bool {
	return strings.HasPrefix(tls.CipherSuiteName(suite), "TLS_RSA_WITH_")
}

// askedForCertificate reports whether the server asked the device for a certificate, and ended
// the connection when it got none.
func (c *connection) askedForCertificate() bool { return c.TLS != nil && c.TLS.ClientCertificate }

// clientCertificate judges a server that turns away whoever has no certificate. Under TLS 1.3
// that shows only after the handshake, at the first read.
func clientCertificate(c *connection) []finding.Finding {
	if c.TLS == nil || c.Outcome == probe.Fine {
		return nil
	}
	required := c.TLS.Alert != nil && *c.TLS.Alert == alertCertificateRequired
	afterAsking := c.askedForCertificate() && (c.Stage == probe.Handshaking || c.Stage == probe.Reading) &&
		(c.Outcome == probe.Closed || c.Outcome == probe.WasReset ||
			c.TLS.Alert != nil && (*c.TLS.Alert == alertBadCertificate || *c.TLS.Alert == alertHandshakeFailure))
	if !required && !afterAsking {
		return nil
	}
	evidence := []string{"it asked for a certificate during the handshake, and ended the connection when none came"}
	if c.TLS.Alert != nil {
		evidence = append(evidence, "it sent the alert "+alertName(*c.TLS.Alert))
	}
	return blocked(finding.ClientCertificateRequired, fmt.Sprintf("%s demands a certificate from the device", c.target()),
		finding.EditNoClientCertificate, "if the server did not demand one, the session would begin", evidence...)
}

// possession judges the proof of possession: the certificate came, and the handshake's signature was
// made with another key than the one it names.
func possession(c *connection) []finding.Finding {
	if c.Outcome != probe.BadSignature {
		return nil
	}
	fs := blocked(finding.KeyDoesNotMatch, fmt.Sprintf("%s has a private key that does not belong to its certificate", c.target()),
		finding.EditKey, "with the key that the certificate names, the handshake would be completed", "the certificates came, then the signature of the handshake did not fit: "+c.Error)
	if speaksTLS(&c.Observation) {
		fs[0].Facts.About = presentedLeaf(&c.Observation)
	}
	return fs
}
