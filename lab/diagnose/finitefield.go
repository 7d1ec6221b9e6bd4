package diagnose

import (
	"fmt"
	"math/big"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// Bounds of a Diffie-Hellman prime, in bits.
const (
	// primeWanted is what RFC 9325 section 4.5 asks for, and OpenSSL at security level 2, the default
	// of Debian and Ubuntu.
	primeWanted = 2048
	// primeTaken is what all refuse to go below: OpenSSL at security level 1, NSS (1023), OpenJDK.
	primeTaken = 1024
)

// finiteField judges a server that exchanges keys by Diffie-Hellman over a finite field alone, which
// crypto/tls does not have, and others do. What it shows in an offer of such suites is what its
// clients see, so that the certificate there is judged too.
func (c *connection) finiteField(newest *probe.Observation) []finding.Finding {
	if !refusedWith(newest, alertProtocolVersion) && !refusedWith(newest, alertHandshakeFailure) {
		return nil
	}
	if o := c.offerThrough(); o != nil && probe.FiniteField(chosenSuite(o)) {
		c.shown(o)
		if bits := primeBits(o); bits > 0 && bits < primeWanted {
			return []finding.Finding{c.weakPrime(bits)}
		}
		return c.noCurve(fmt.Sprintf("to an offer of every cipher suite there is it chooses %s, with %s", suiteName(chosenSuite(o)), groupWords(o)),
			"Thunderbird 140 and Chromium 150 (measured), and programs made with Go or rustls, have no such suite; OpenSSL, GnuTLS and Windows have, so that curl, mutt and Outlook connect")
	}
	if !refusedWith(newest, alertHandshakeFailure) {
		return nil
	}
	o := c.offer(finiteSuites(), false)
	if o == nil || o.Outcome != probe.Fine || o.TLS == nil || o.TLS.Group < 256 || o.TLS.Group > 511 {
		return nil
	}
	evidence := []string{"to an offer of TLS 1.3 with the groups of RFC 7919 alone it chooses " + groupWords(o) + ", and it refuses every elliptic curve"}
	if older := c.offerThrough(); chosenSuite(older) != 0 {
		c.shown(older)
		evidence = append(evidence, "to a client of TLS 1.2 it answers with "+suiteName(chosenSuite(older)))
	}
	return c.noCurve(append(evidence, "programs made with Go, rustls or BoringSSL (Android, Chromium) have no such group; OpenSSL 3, GnuTLS and NSS have, so that curl, mutt and Thunderbird connect")...)
}

// shown has what an offer showed stand for the connection: it is what those see who connect.
func (c *connection) shown(o *probe.Observation) {
	if speaksTLS(o) {
		c.TLS = o.TLS
	}
}

// noCurve makes the finding about a server that some clients have a cipher in common with.
func (c *connection) noCurve(evidence ...string) []finding.Finding {
	fs := blocked(finding.NoCommonCipher, fmt.Sprintf("%s exchanges keys by Diffie-Hellman over a finite field (DHE) alone, which only a part of the clients can", c.target()),
		finding.EditCipher, "if the server allowed an elliptic curve (ECDHE) as well, every client of today could connect", evidence...)
	fs[0].Facts.Alert = alertHandshakeFailure
	return fs
}

func (c *connection) weakPrime(bits int) finding.Finding {
	refuses := fmt.Sprintf("OpenSSL at security level 2, the default of Debian and Ubuntu, takes none below %d bits (\"dh key too small\"); RFC 9325 section 4.5 asks for as many", primeWanted)
	if bits < primeTaken {
		refuses = fmt.Sprintf("OpenSSL, NSS and OpenJDK take none below %d bits (CVE-2015-4000, Logjam)", primeTaken)
	}
	f := finding.New(finding.WeakDH, fmt.Sprintf("%s exchanges keys with a Diffie-Hellman prime of %d bits", c.target(), bits))
	f.Evidence = []string{
		fmt.Sprintf("to an offer of every cipher suite there is it chooses %s, and sends a prime of %d bits", suiteName(chosenSuite(c.offerThrough())), bits), refuses,
		"it allows no elliptic curve, so that programs without such suites (Thunderbird, Android, Chromium, Go) cannot connect whatever the prime",
	}
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditCipher, Text: fmt.Sprintf("with elliptic curves (ECDHE), or a prime of %d bits, the clients would not refuse", primeWanted)}
	return f
}

// primeBits returns the length of the prime that an offer was answered with, 0 where none was.
func primeBits(o *probe.Observation) int {
	if o == nil || o.TLS == nil {
		return 0
	}
	return new(big.Int).SetBytes(o.TLS.Prime).BitLen()
}

// groupWords says what keys would be exchanged with.
func groupWords(o *probe.Observation) string {
	bits := map[uint16]int{256: 2048, 257: 3072, 258: 4096, 259: 6144, 260: 8192}[o.TLS.Group]
	if bits == 0 {
		for n, sum := range standardPrimes() {
			if finding.Fingerprint(o.TLS.Prime) == sum {
				bits = n
			}
		}
	}
	switch {
	case bits > 0:
		return fmt.Sprintf("the group ffdhe%d of RFC 7919", bits)
	case len(o.TLS.Prime) > 0:
		return fmt.Sprintf("a prime of %d bits", primeBits(o))
	}
	return "a prime that was not seen"
}

// standardPrimes are the SHA-256 of the primes of RFC 7919 appendix A, by their bits.
func standardPrimes() map[int]string {
	return map[int]string{
		2048: "9cd3b7f336872f46c09428d1bbc19877a4d440512cda8d1c1cf0cd6e33698966",
		3072: "0eaf67db3a839156d5013494a5318a772b5697d270d721f37f092efc69ea5a17",
		4096: "4648414224ac881b3d0dc59b466f96d06a558278776807797ecf1f66ff397b3e",
		6144: "227ac9066b3ddd9e193670cda2388fa884f65ba0cf98b742d1fe77a6687c79c7",
		8192: "770b14efaf6f049929c523113b3fa99a8d11dab1b18af3609590122075d19833",
	}
}

// offerThrough returns what came of an offer of all suites that need a certificate, read on to the
// certificate and the prime.
func (c *connection) offerThrough() *probe.Observation { return c.offer(certifiedSuites(), true) }

// offer has suites offered by hand, and returns what came of it; nil before that.
func (c *connection) offer(suites []uint16, through bool) *probe.Observation {
	set := c.Settings
	set.MinVersion, set.MaxVersion, set.SmallHello = 0, 0, false // they hold for no such hello
	if f := c.ask(probe.Ask{Kind: probe.Offer, Settings: set, Suites: suites, Through: through}); f != nil {
		return f.Observation
	}
	return nil
}
