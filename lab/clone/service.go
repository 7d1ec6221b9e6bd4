package clone

import (
	"crypto/tls"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/fault"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// serve clones what was seen of one port.
func (b *builder) serve(p *port) {
	p.service.On = []account.Endpoint{p.endpoint()}
	b.wire(p)
	b.upgrade(p)
	b.versions(p)
	b.kind(p)
	if b.seenThrough(p) {
		b.certificates(p)
	}
}

// seenThrough reports whether the chain of a port is that of the server.
func (b *builder) seenThrough(p *port) bool {
	path, ok := pathOf(p)
	return p.TLS != nil && len(p.TLS.Chain) > 0 && !(ok && b.onPath() && path == b.out.Path) && !(b.onPath() && b.out.Path == account.CorporateProxy)
}

// wire clones what goes wrong below TLS.
func (b *builder) wire(p *port) {
	w := &p.service.Wire
	switch {
	case p.Outcome == probe.Refused, p.has(finding.PortClosed, finding.SiblingPortOpen):
		w.Closed = true
	case p.has(finding.HostUnreachable):
		w.Dropped = true
		b.note("%s: the network had no way there; in the clone nothing answers.", quoted(p.Settings.Target()))
	case p.Stage == probe.Connecting && p.Outcome == probe.TimedOut, p.has(finding.ConnectTimeout):
		w.Dropped = true
	case p.has(finding.ConnectionReset):
		if w.Accept = fault.Reset; p.Outcome == probe.Closed {
			w.Accept = fault.Close
		}
	case p.has(finding.NoGreeting):
		w.Accept = fault.Hang
	case p.has(finding.SlowServer):
		const longest = 5 * time.Minute
		if w.Delay = min(max(p.Waited, 0), longest).Round(time.Millisecond); w.Delay == 0 { // nobody measured it
			w.Delay = 12 * time.Second
		}
	case p.has(finding.HandshakeDropped):
		w.Hello.Then = fault.Close
	case p.has(finding.HandshakeTimeout):
		w.Hello.Then = fault.Hang
	case p.has(finding.HandshakeRefused):
		const fatal, record = 2, 21
		alert := p.of(finding.HandshakeRefused).Facts.Alert
		if p.TLS != nil && p.TLS.Alert != nil {
			alert = *p.TLS.Alert
		}
		w.Hello = fault.Hello{Reply: []byte{record, 3, 3, 0, 2, fatal, alert}, Then: fault.Close}
	}
}

// tagged is how an IMAP answer begins: with the tag that the probe chose.
var tagged = regexp.MustCompile(`^a[0-9]+ `)

// upgrade clones what happens before and at STARTTLS.
func (b *builder) upgrade(p *port) {
	s := &p.service
	if p.has(finding.CertificateNotLoaded) {
		s.NotLoaded = true
		return
	}
	s.Preauth = p.has(finding.PreauthBlocksTLS) && p.endpoint().Protocol() == account.IMAP
	s.ClearLogins = p.has(finding.PlaintextLoginAllowed)
	word, agrees, refuses := "STARTTLS", "220 2.0.0 ready to start TLS", "502 5.5.1 command not implemented"
	switch p.endpoint().Protocol() {
	case account.IMAP:
		agrees, refuses = "{tag} OK begin TLS negotiation now", "{tag} BAD unknown command"
	case account.POP3:
		word, agrees, refuses = "STLS", "+OK begin TLS negotiation", "-ERR unknown command"
	}
	said := strings.TrimRight(printable(p.Answer), "\n")
	if p.endpoint().Protocol() == account.IMAP {
		said = tagged.ReplaceAllString(said, "{tag} ")
	}
	if said == "" {
		said = agrees
	}
	line := fault.Line{Command: word, Answer: said}
	switch {
	case p.has(finding.StartTLSNotOffered):
		s.Wire.Hide = []string{word}
		line.Answer = refuses
	case p.has(finding.StartTLSRefused):
	case p.has(finding.StartTLSDropped):
		if line.Then = fault.Drop; p.Outcome == probe.TimedOut {
			line.Then = fault.Stay
		}
	case p.has(finding.NotTLSAfterStartTLS):
	case p.has(finding.InjectedPlaintext):
		line.Then = fault.Go
		if more := strings.Trim(printable(string(p.Injected)), "\n"); more != "" {
			line.Answer += "\n" + more
		}
	default:
		return
	}
	s.Wire.Lines = []fault.Line{line}
}

// printable is what a stranger's server said, as a scenario can have it: in lines.
func printable(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\r\n", "\n")
	const most = 1000
	return s[:min(len(s), most)]
}

// rarest is a suite of TLS 1.2 that hardly any client has: TLS_ECDHE_ECDSA_WITH_ARIA_128_GCM_SHA256
// (RFC 6209).
const rarest = 0xC05C

// versions clones the limits of the protocol.
func (b *builder) versions(p *port) {
	s := &p.service
	s.UnknownName = p.has(finding.ServerHasNoSuchName)
	s.ClientCertificate = p.has(finding.ClientCertificateRequired)
	t := p.TLS
	switch {
	case t == nil:
	case p.has(finding.ProtocolTooOld) && t.Chosen != 0:
		s.MaxVersion = 0x0300
	case p.has(finding.NoCommonCipher):
		s.MaxVersion, s.Ciphers = tls.VersionTLS12, []uint16{b.uncommon(p)}
	case p.has(finding.ClientTooOld):
		if s.MinVersion = tls.VersionTLS13; p.Settings.MaxVersion != 0 && p.Settings.MaxVersion < tls.VersionTLS12 {
			s.MinVersion = tls.VersionTLS12
		}
	case t.FromRecords || t.Version < tls.VersionTLS10 || t.Version > tls.VersionTLS12:
	case p.Settings.MaxVersion == 0 || t.Version < p.Settings.MaxVersion:
		s.MaxVersion = t.Version
		if slices.ContainsFunc(tls.InsecureCipherSuites(), func(c *tls.CipherSuite) bool { return c.ID == t.Cipher }) && t.Version > tls.VersionTLS11 {
			s.Ciphers = []uint16{t.Cipher}
		}
	}
	if p.has(finding.ProtocolTooOld) && s.MaxVersion == 0 {
		s.MaxVersion = tls.VersionTLS10
	}
	if p.has(finding.NoCommonCipher) && t == nil {
		s.MaxVersion, s.Ciphers = tls.VersionTLS12, []uint16{rarest}
	}
}

// uncommon returns the suite that a server chose among all that there are.
func (b *builder) uncommon(p *port) uint16 {
	for _, f := range b.survey.Further {
		o := f.Observation
		if f.Ask.Kind == probe.Offer && f.Ask.Settings.Target() == p.Settings.Target() && o != nil && o.Outcome == probe.Fine && o.TLS != nil && o.TLS.Cipher != 0 && serves(o.TLS.Cipher) {
			return o.TLS.Cipher
		}
	}
	return rarest
}

// serves reports whether a suite is none that the lab's servers would agree on after all.
func serves(suite uint16) bool {
	all := slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites())
	return !slices.ContainsFunc(all, func(c *tls.CipherSuite) bool { return c.ID == suite })
}

// kind clones what the port speaks, and when TLS begins.
func (b *builder) kind(p *port) {
	s := &p.service
	if f := p.of(finding.WrongService); f.Code != "" {
		speaks := f.Facts.Speaks
		if speaks == finding.PlainHTTP {
			speaks, s.Mode = account.HTTPS, account.Plaintext
		} else if p.implicit() && p.Outcome == probe.NotTLS {
			s.Mode = account.Plaintext
		}
		if speaks.Valid() {
			s.Speaks = speaks
		}
	}
	if p.has(finding.PortSpeaksPlaintext) {
		s.Mode = account.Plaintext
	}
	if f := p.of(finding.WrongEncryptionType); f.Code != "" && f.Facts.Mode.Valid() && f.Facts.Mode != p.endpoint().Mode() {
		s.Mode = f.Facts.Mode
	}
}

// unheard notes what was found and is carried by nothing that a clone has.
func (b *builder) unheard(p *port) {
	if b.options.Exact {
		b.note("The certificates are the server's own, whose private keys are not known here: every handshake ends in %s, and nothing is expected.", finding.KeyDoesNotMatch)
	}
	if f := p.of(finding.LifetimeTooLong); f.Facts.Detail == finding.DetailPublic {
		b.note("That %s is valid for too long is a rule for public roots, which the lab's are not.", quoted(f.Facts.Subject))
	}
	for _, c := range p.codes {
		info, _ := finding.Lookup(c)
		nothing := healthy(p.service) && b.out.Device == (scenarios.Device{}) && b.out.DNS == (scenarios.DNS{}) && b.out.Path == account.Direct
		if slices.Contains(carried(), c) && !(nothing && slices.Contains([]finding.Family{finding.Network, finding.Service, finding.Protocol}, info.Family)) {
			continue
		}
		b.note("%s: %s (%s) was found, and the clone has nothing of it.", quoted(p.Settings.Target()), quoted(info.Title), quoted(string(c)))
	}
}

// carried are the codes that come back with what a clone has.
func carried() []finding.Code {
	return []finding.Code{
		finding.HostNotFound, finding.ConnectTimeout, finding.PortClosed, finding.SiblingPortOpen, finding.ConnectionReset, finding.CaptivePortal,
		finding.AddressFamilyDifference, finding.SlowServer, finding.NoGreeting, finding.WrongService, finding.PortSpeaksPlaintext, finding.WrongEncryptionType,
		finding.StartTLSNotOffered, finding.StartTLSRefused, finding.StartTLSDropped, finding.NotTLSAfterStartTLS, finding.CertificateNotLoaded,
		finding.InjectedPlaintext, finding.CapabilityStripped, finding.PreauthBlocksTLS, finding.PlaintextLoginAllowed, finding.PublishedSettingsWrong,
		finding.HandshakeDropped, finding.HandshakeRefused, finding.HandshakeTimeout, finding.ProtocolTooOld, finding.ClientCertificateRequired,
		finding.KeyDoesNotMatch, finding.NoCommonCipher, finding.ClientTooOld, finding.ServerHasNoSuchName, finding.LargeHelloIntolerant,
		finding.DefaultInstallationCertificate, finding.SelfSigned, finding.IssuerNotTrusted, finding.IssuerUnknown, finding.MissingIntermediate,
		finding.IssuerKeyMismatch, finding.IssuerNotACA, finding.PathLengthExceeded, finding.CANotAllowedForName, finding.ChainOrder,
		finding.UnrelatedCertificate, finding.RootAlsoSent, finding.RootMissingOnDevice, finding.RootDistrusted, finding.ExpiredCrossSign,
		finding.LocalInterception, finding.Interception, finding.InterceptionOnMailPort, finding.InterceptedButValid,
		finding.NoSAN, finding.ConnectByIP, finding.WildcardDepth, finding.NameMismatch, finding.IDNEncoding, finding.SNIMissing,
		finding.OutgoingServerName, finding.AutodiscoverName,
		finding.Expired, finding.NotYetValid, finding.IntermediateExpired, finding.IntermediateNotYetValid, finding.RootExpired, finding.RootNotYetValid,
		finding.ExpiresSoon, finding.ClientClock, finding.LifetimeTooLong, finding.BadSignature, finding.WeakSignature, finding.WeakKey,
		finding.WrongPurpose, finding.IntermediateWrongPurpose, finding.CAUsedAsServer, finding.UnknownCriticalExtension, finding.KeyUsageForbids,
		finding.Revoked, finding.StapleRequired, finding.StaleStaple, finding.RevocationUnknown,
		finding.Intermittent, finding.MailServiceNotReloaded, finding.ExceptionStale, finding.StaleSession, finding.CredentialsRefused,
		finding.MalformedCertificate,
	}
}
