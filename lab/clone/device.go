package clone

import (
	"math"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// device clones how the account is set up.
func (b *builder) device() {
	d := &b.out.Device
	for i := range b.ports {
		p := &b.ports[i]
		set := p.Settings
		switch {
		case set.Host == b.host:
		case set.Published != "":
			p.service.PublishedHost = set.Host
		case p.endpoint().Protocol() == account.Submission && (d.OutgoingHost == "" || d.OutgoingHost == set.Host):
			d.OutgoingHost = set.Host
		default:
			b.note("%s: the account has several server names, and the clone has %s for all but sending.", quoted(set.Target()), quoted(b.host))
		}
		d.NoSNI = d.NoSNI || set.NoSNI
		if set.MaxVersion > 0x0300 && set.MaxVersion <= 0x0304 {
			d.MaxVersion = set.MaxVersion
		}
		d.LacksRoot = d.LacksRoot || len(set.MissingRoots) > 0
		d.OldException = d.OldException || p.has(finding.ExceptionStale)
		d.OldSession = d.OldSession || p.TLS != nil && p.TLS.Resumed
		d.Published = d.Published || set.Published != ""
		if p.has(finding.CredentialsRefused) {
			d.Password = "another-password"
		}
		if at := p.of(finding.ClientClock).Facts.At; !at.IsZero() {
			d.Clock = int(math.Round(p.At.Sub(at).Hours() / 24))
		} else if !set.Clock.IsZero() && d.Clock == 0 && b.options.Fixed {
			b.note("The device's clock was set to %s, and the lab has the time of the day on which it serves.", set.Clock.UTC().Format(time.RFC3339))
		}
		b.mode(p)
	}
}

// mode clones an encryption setting that is not that of the port. There is one for the whole account.
func (b *builder) mode(p *port) {
	set := p.Settings
	if wants := p.of(finding.WrongEncryptionType).Facts.Mode; wants == set.Mode && set.Mode == p.endpoint().Mode() {
		set.Mode = other(set.Mode) // an answer does not tell what the account was set to
	}
	if set.Mode == p.endpoint().Mode() || !set.Mode.Valid() {
		return
	}
	if b.out.Device.Mode != "" && b.out.Device.Mode != set.Mode {
		b.note("%s: the account is set to %s there, and the clone to %s everywhere.", quoted(set.Target()), set.Mode.Words(), b.out.Device.Mode.Words())
		return
	}
	b.out.Device.Mode = set.Mode
}

func other(m account.Mode) account.Mode {
	if m == account.StartTLS {
		return account.ImplicitTLS
	}
	return account.StartTLS
}

// network clones what lies between the device and the server, and what DNS says.
func (b *builder) network() {
	for i := range b.ports {
		p := &b.ports[i]
		if p.Outcome == probe.NoSuchHost || p.has(finding.HostNotFound) {
			b.out.DNS.Missing = true
		}
		if p.has(finding.AddressFamilyDifference) {
			b.out.DNS.IPv6 = true
		}
		path, ok := pathOf(p)
		switch {
		case !ok || path == b.out.Path:
		case b.out.Path == account.Direct:
			b.out.Path = path
		case path == account.CorporateProxy && b.out.Path == account.SelectiveProxy, path == account.SelectiveProxy && b.out.Path == account.CorporateProxy:
			b.out.Path = account.SelectiveProxy
		default:
			b.note("%s: another thing lies in between there than on the other ports, and the clone has one for all.", quoted(p.Settings.Target()))
		}
	}
	if b.out.DNS != (scenarios.DNS{}) && isAddress(b.host) {
		b.out.DNS = scenarios.DNS{}
	}
	b.out.Device.TrustsProxy = b.out.Path == account.CorporateProxy && b.any(finding.InterceptedButValid)
	if b.onPath() {
		b.note("What the server itself presents was not seen: something in between signs for it. The clone has a healthy server there, and the lab's own name for what signs.")
	}
}

// pathOf returns what lies in between by what was found.
func pathOf(p *port) (account.Path, bool) {
	switch {
	case p.has(finding.LargeHelloIntolerant):
		return account.SmallHellos, true
	case p.has(finding.CapabilityStripped):
		return account.MaskedUpgrade, true
	case p.has(finding.CaptivePortal) && p.TLS != nil && len(p.TLS.Chain) > 0:
		return account.CaptivePortalTLS, true
	case p.has(finding.CaptivePortal):
		return account.CaptivePortal, true
	case p.has(finding.LocalInterception):
		return account.MailAntivirus, true
	case p.has(finding.InterceptionOnMailPort):
		return account.SelectiveProxy, true
	case p.has(finding.Interception, finding.InterceptedButValid):
		return account.CorporateProxy, true
	}
	return account.Direct, false
}

func (b *builder) any(codes ...finding.Code) bool {
	for i := range b.ports {
		if b.ports[i].has(codes...) {
			return true
		}
	}
	return false
}

// onPath reports whether the certificates that were seen are those of something in between.
func (b *builder) onPath() bool {
	switch b.out.Path {
	case account.MailAntivirus, account.CorporateProxy, account.SelectiveProxy, account.CaptivePortalTLS:
		return true
	}
	return false
}
