package diagnose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"fmt"
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// otherClients looks with the eyes of other clients where TLS came about: one offer, of TLS 1.2 with
// those suites alone that need a key of the other type, and with the protocol named. A server that
// has nothing for it answers handshake_failure, and nothing is to be said; protocol_version says that
// it knows TLS 1.3 alone (RFC 8446 section 4.2.1), no_application_protocol that the name is refused
// (RFC 7301 section 3.2), and a ServerHello brings a second certificate, which is judged like the first.
func otherClients(c *connection) []finding.Finding {
	if !c.agreed() {
		return nil
	}
	o, nameRefused := c.otherView()
	var out []finding.Finding
	if nameRefused {
		out = append(out, c.refusesName())
	}
	if c.TLS.Version >= tls.VersionTLS13 && refusedWith(o, alertProtocolVersion) {
		out = append(out, c.newestAlone())
	}
	return out
}

// agreed reports whether a handshake ended well with an ordinary device, and somebody looks closer, or
// has. To read a certificate takes time, so that the rest is asked about first.
func (c *connection) agreed() bool {
	s := c.Settings
	offered := func(f probe.Further) bool { return f.Ask.Kind == probe.Offer && f.Ask.Through }
	if !c.judge.Closer && !slices.ContainsFunc(c.survey.Further, offered) {
		return false
	}
	return c.TLS != nil && c.TLS.Complete && !c.TLS.Resumed && c.TLS.Version >= tls.VersionTLS12 && leafOf(&c.Observation) != nil &&
		s.MaxVersion == 0 && s.MinVersion == 0 && !s.NoSNI
}

// otherView returns what other clients see of c, nil where nobody has looked: with the name of the
// protocol, or without one where the server refuses that.
func (c *connection) otherView() (o *probe.Observation, nameRefused bool) {
	if o = c.otherOffer(c.spokenALPN()); refusedWith(o, alertNoProtocol) {
		return c.otherOffer(""), true
	}
	return o, false
}

// otherOffer returns what came of the offer, nil where none was made. Only a judge that looks closer
// has it made, and once for all ports of one program, unless what came of it is out of the ordinary.
func (c *connection) otherOffer(alpn string) *probe.Observation {
	a := probe.Ask{Kind: probe.Offer, Settings: c.Settings, Suites: otherSuites(leafOf(&c.Observation).PublicKey), Through: true, ALPN: alpn}
	for i := range c.survey.Further {
		if sameAsk(c.survey.Further[i].Ask, a) {
			return c.survey.Further[i].Observation
		}
	}
	if c.judge.Closer && c.worthAnOffer() {
		c.ask(a)
	}
	return nil
}

// worthAnOffer reports whether c is the first connection to its program, or the offer to the first
// showed something.
func (c *connection) worthAnOffer() bool {
	for i := range c.survey.Observations {
		o := &c.survey.Observations[i]
		if o.Settings.Host != c.Settings.Host || !sameProgram(o.Settings.Endpoint.Protocol(), c.Settings.Endpoint.Protocol()) || o.TLS == nil || !o.TLS.Complete {
			continue
		}
		if sameLook(o.Settings, c.Settings) {
			return true
		}
		for _, f := range c.survey.Further {
			if f.Ask.Kind == probe.Offer && f.Observation != nil && sameLook(f.Ask.Settings, o.Settings) && !refusedWith(f.Observation, alertHandshakeFailure) {
				return true
			}
		}
		return false
	}
	return false
}

// sameProgram reports whether two protocols mostly are served by one program.
func sameProgram(a, b account.Protocol) bool {
	receives := func(p account.Protocol) bool { return p == account.IMAP || p == account.POP3 }
	return a == b || receives(a) && receives(b)
}

// spokenALPN returns the name that the protocol of c has in the registry of RFC 7301, "" where it has none.
func (c *connection) spokenALPN() string {
	switch p := c.Settings.Endpoint.Protocol(); p {
	case account.IMAP, account.POP3:
		return string(p)
	case account.HTTPS:
		return "http/1.1"
	}
	return ""
}

func (c *connection) refusesName() finding.Finding {
	f := finding.New(finding.HandshakeRefused, fmt.Sprintf("%s refuses every client that names its protocol %q (ALPN)", c.target(), c.spokenALPN()))
	f.Severity = finding.Warning
	f.Evidence = []string{
		"offered " + c.spokenALPN() + ", it sent the alert " + alertName(alertNoProtocol) + " (RFC 7301 section 3.2); without a name the handshake goes on",
		"most mail programs name none; programs made with go-imap do, and Delta Chat did (chatmail/core#5894)",
	}
	f.Facts.Alert = alertNoProtocol
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditHandshake, Text: "if the server knew that protocol, or had no list of them, these clients would connect"}
	return f
}

func (c *connection) newestAlone() finding.Finding {
	f := finding.New(finding.ClientTooOld, fmt.Sprintf("%s speaks TLS 1.3 alone: devices that know nothing newer than TLS 1.2 cannot connect", c.target()))
	f.Severity = finding.Warning
	f.Evidence = []string{
		"offered TLS 1.2 alone, it sent the alert " + alertName(alertProtocolVersion),
		"Windows has TLS 1.3 since Windows 11 and Server 2022 (https://learn.microsoft.com/windows/win32/secauthn/protocols-in-tls-ssl--schannel-ssp-), so that Outlook on Windows 10 cannot connect; Android has it since version 10, and OpenSSL since 1.1.1",
	}
	f.Facts.Version = tls.VersionName(tls.VersionTLS13)
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditVersion, Text: "if the server allowed TLS 1.2 as well, these devices would connect"}
	return f
}

// second judges the certificate that other clients are shown, where the offer to c brought one with a
// key of another type, and says of each finding whom it meets.
func (c *connection) second(found []finding.Finding) (all []finding.Finding, judged string) {
	if !c.agreed() {
		return found, ""
	}
	o, _ := c.otherView()
	mine, other := leafOf(&c.Observation), leafOf(o)
	if other == nil || keyType(mine.PublicKey) == keyType(other.PublicKey) {
		return found, ""
	}
	there := c.Observation
	there.TLS = o.TLS
	theirs := slices.DeleteFunc(slices.Clone(c.chain(there)), func(f finding.Finding) bool { return f.Severity == finding.Note })
	one, two := keyType(mine.PublicKey), keyType(other.PublicKey)
	found = slices.Clone(found)
	for i, f := range found {
		words := fmt.Sprintf("this is the certificate with the %s key; clients that ask for %s are shown another one, which is in order", one, two)
		switch {
		case f.Severity == finding.Note:
			continue
		case has(theirs, f.Code):
			words = fmt.Sprintf("the server has two certificates, and the one with the %s key has the same fault", two)
		case len(theirs) > 0:
			words = fmt.Sprintf("this is the certificate with the %s key; clients that ask for %s are shown another one, with a fault of its own", one, two)
		}
		found[i].Evidence = append(slices.Clone(f.Evidence), words)
	}
	for _, f := range theirs {
		if has(found, f.Code) {
			continue
		}
		f.Summary = fmt.Sprintf("clients that ask for a certificate with an %s key are shown another one: %s", two, f.Summary)
		f.Evidence = append(slices.Clone(f.Evidence), fmt.Sprintf("the server has two certificates; the one with the %s key is shown to clients that prefer it, and this one to those that know no other or prefer %s", one, two))
		found = append(found, f)
	}
	return found, fmt.Sprintf("the certificate with an %s key that other clients are shown", two)
}

// keyType returns what a key is called in a sentence.
func keyType(key crypto.PublicKey) string {
	switch key.(type) {
	case *rsa.PublicKey:
		return "RSA"
	case *ecdsa.PublicKey:
		return "ECDSA"
	}
	return "Ed25519"
}

// otherSuites are the suites that need a key of another type than this one: of TLS 1.2 and older,
// those with curves first.
func otherSuites(key crypto.PublicKey) []uint16 {
	if _, isRSA := key.(*rsa.PublicKey); isRSA {
		return []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, 0xC024, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
		}
	}
	return []uint16{
		tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256, 0xC028, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
		0x009E, 0x009F, 0xCCAA, 0x0067, 0x006B, 0x0033, 0x0039, // DHE
		tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_RSA_WITH_AES_128_CBC_SHA256, 0x003D,
		tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_AES_256_CBC_SHA,
	}
}
