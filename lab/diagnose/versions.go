package diagnose

import (
	"crypto/tls"
	"fmt"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

const (
	ssl30                     = 0x0300
	alertInsufficientSecurity = 71
)

// refusal returns the alert by which the server refused the ClientHello, before it chose anything.
func (c *connection) refusal() (alert uint8, ok bool) {
	if c.Stage != probe.Handshaking || c.Outcome != probe.Alert || c.TLS == nil || c.TLS.Alert == nil || c.TLS.Version != 0 {
		return 0, false
	}
	return *c.TLS.Alert, true
}

// clientVersion judges a refusal of a device that does not speak every version: the same look
// without that limit tells whether the limit is the cause.
func clientVersion(c *connection) []finding.Finding {
	alert, ok := c.refusal()
	if !ok || c.Settings.MaxVersion == 0 || c.Settings.MaxVersion >= tls.VersionTLS13 {
		return nil
	}
	set := c.Settings
	set.MinVersion, set.MaxVersion = 0, 0
	o := c.look(set)
	if o == nil || !speaksTLS(o) || o.TLS.Version <= c.Settings.MaxVersion {
		return nil
	}
	if alert != alertProtocolVersion && c.again(probe.LookAgain) == nil {
		return nil // an alert that does not say so may have had a reason of the moment
	}
	newest, chosen := tls.VersionName(c.Settings.MaxVersion), tls.VersionName(o.TLS.Version)
	fs := blocked(finding.ClientTooOld, fmt.Sprintf("this device speaks nothing newer than %s, and %s demands more", newest, c.target()),
		finding.EditClient, "a device that speaks "+chosen+" connects",
		"offered no more than "+newest+", the server sends the alert "+alertName(alert), "offered everything, it chooses "+chosen)
	fs[0].Facts.Version = chosen
	return fs
}

// ciphers judges a refusal for want of a cipher. The alert handshake_failure alone says too
// little: a server without a certificate sends it too. One that cannot speak TLS 1.3 had to
// choose among the suites of TLS 1.2, nearly all of which were offered, and took none. Whether it
// has a certificate for them, notLoaded tells where that can be told, which hides this.
func ciphers(c *connection) []finding.Finding {
	alert, ok := c.refusal()
	if !ok || alert != alertHandshakeFailure && alert != alertInsufficientSecurity || c.says("client-version") {
		return nil
	}
	evidence := []string{"to an offer of every common cipher it sends the alert " + alertName(alert)}
	if alert == alertHandshakeFailure {
		newest := c.newestOnly()
		if fs := c.finiteField(newest); fs != nil {
			return fs
		}
		if !refusedWith(newest, alertProtocolVersion) {
			return nil
		}
		evidence = append(evidence, "to an offer of TLS 1.3 alone it sends the alert "+alertName(alertProtocolVersion)+
			": it speaks an older version, in which the cipher is all that is left to disagree on")
		evidence = append(evidence, c.beyondCiphers()...)
		c.shown(c.offerThrough())
	}
	fs := blocked(finding.NoCommonCipher, fmt.Sprintf("%s allows no cipher that the clients of today have", c.target()),
		finding.EditCipher, "if the server allowed a common cipher, the handshake would go on", evidence...)
	fs[0].Facts.Alert = alert
	return fs
}

// beyondCiphers says what the offers of uncommon suites tell where they do not decide.
func (c *connection) beyondCiphers() []string {
	o := c.offered()
	if suite := chosenSuite(o.certified); suite != 0 {
		return []string{"to an offer of every cipher suite there is it chooses " + suiteName(suite)}
	}
	const alike = "a server that was given no certificate at all can answer alike"
	if name := o.accepted(); name != "" {
		return []string{"it accepts " + name + ", which needs no certificate", alike}
	}
	return []string{alike}
}

// ancient judges a ServerHello of a version so old that crypto/tls has forgotten it.
func ancient(c *connection) []finding.Finding {
	if c.Outcome != probe.BadTLS || c.TLS == nil || c.TLS.Chosen == 0 || c.TLS.Chosen > ssl30 {
		return nil
	}
	const name = "SSL 3.0"
	fs := blocked(finding.ProtocolTooOld, fmt.Sprintf("%s speaks nothing newer than %s", c.target(), name),
		finding.EditVersion, "with TLS 1.2 or 1.3 the clients of today would connect", "everything from TLS 1.0 to 1.3 was offered; the server chose "+name)
	fs[0].Facts.Version = name
	return fs
}

// largeHello judges a connection that ends, or falls silent, when the ClientHello comes. With
// the key share of X25519MLKEM768 it no longer fits into one packet; a look with a small one
// tells whether that is the cause.
func largeHello(c *connection) []finding.Finding {
	ended := c.Outcome == probe.Closed || c.Outcome == probe.WasReset
	if !c.noByte() || !ended && c.Outcome != probe.TimedOut || c.Settings.SmallHello || c.says("certificate-not-loaded") {
		return nil
	}
	set := c.Settings
	set.SmallHello = true
	o := c.look(set)
	if o == nil || !speaksTLS(o) || !c.lasts() {
		return nil
	}
	return blocked(finding.LargeHelloIntolerant, fmt.Sprintf("at %s the connection ends when the ClientHello is larger than one packet", c.target()),
		finding.EditSmallHello, "with a ClientHello that fits into one packet the connection comes about",
		"after a ClientHello with a post-quantum key share not a byte comes, each of the times it was tried", "after one without it the server answers")
}
