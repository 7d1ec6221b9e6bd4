package lesson

import (
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/fault"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// A Place is where an endpoint of a scenario is served, and what a client of it is given.
type Place struct {
	// Address is "host:port", as a client reaches it; the host may be a name.
	Address string
	// Root is the file with the roots to trust, and Proxy one with the root of the proxy on the path
	// besides, where the device has that.
	Root, Proxy string
	// Known is the file with the roots and intermediates of the lab, for mailtlslab; empty takes Root.
	Known string
	// User and Password are the right ones.
	User, Password string
	// DNS is where the lab's name server listens; empty when it does not.
	DNS string
	// Now is the time that the device's clock is ahead of or behind.
	Now time.Time
}

// Lines returns the commands that show what a client meets on an endpoint, each for one paste:
// curl where it logs in, openssl where it need not, and mailtlslab where neither of them looks. A
// fault on the device is in the command, as the device has it.
func Lines(s scenarios.Scenario, e account.Endpoint, at Place) []string {
	t := try{s: s, e: e, at: at, service: s.Service(e), host: s.AccountHost()}
	if out := s.Device.OutgoingHost; out != "" && e.Protocol() == account.Submission {
		t.host = out
	}
	for _, show := range []func() []string{t.name, t.device, t.mode, t.network, t.server, t.upgrade, t.chain} {
		if lines := show(); lines != nil {
			return lines
		}
	}
	return []string{t.usual()}
}

// A try is one endpoint for which lines are made.
type try struct {
	s       scenarios.Scenario
	e       account.Endpoint
	at      Place
	service scenarios.Service
	host    string // the account's
}

func (t try) usual() string {
	if t.e.Mode() == account.StartTLS {
		return t.openssl(look{})
	}
	return t.curl(visit{})
}

// briefly is how many seconds a program waits that is to show that nothing comes.
const briefly = "5"

// name shows what is wrong with the name in DNS.
func (t try) name() []string {
	_, port, _ := net.SplitHostPort(t.at.Address)
	switch {
	case t.s.DNS.Missing:
		lines := []string{t.curl(visit{flags: []string{"--max-time", briefly}, unled: true})}
		if t.at.DNS != "" {
			lines = append(lines, t.mailtlslab())
		}
		return lines
	case t.s.DNS.IPv6:
		broken := t.curl(visit{flags: []string{"--resolve", t.host + ":" + port + ":[::1]"}, unled: true})
		return []string{broken, t.curl(visit{})}
	}
	return nil
}

// device shows what is wrong on the device, by telling the command the same.
func (t try) device() []string {
	d := t.s.Device
	switch {
	case d.Clock != 0:
		then := t.at.Now.AddDate(0, 0, d.Clock)
		lines := []string{t.openssl(look{flags: []string{"-attime", fmt.Sprint(then.Unix())}})}
		if t.e.Protocol() == account.HTTPS { // which tells the time that the device's clock is held against
			lines = append(lines, t.mailtlslab("--time", then.UTC().Format(time.RFC3339)))
		}
		return lines
	case d.NoSNI:
		return []string{t.openssl(look{nameless: true})}
	case d.Password != "":
		return []string{t.curl(visit{password: d.Password})}
	case d.LacksRoot:
		return []string{t.openssl(look{rootless: true})}
	case d.MaxVersion != 0:
		return []string{t.openssl(look{flags: []string{versionFlag(d.MaxVersion)}})}
	case d.TrustsProxy:
		return []string{t.openssl(look{root: t.at.Proxy})}
	case d.Published && t.at.DNS != "":
		return []string{t.mailtlslab()}
	case d.Published:
		return []string{t.openssl(look{host: t.publishedHost()})}
	}
	return nil
}

func (t try) publishedHost() string {
	if t.service.PublishedHost != "" {
		return t.service.PublishedHost
	}
	return t.host
}

func versionFlag(version uint16) string {
	return map[uint16]string{0x0301: "-tls1", 0x0302: "-tls1_1", 0x0303: "-tls1_2"}[version]
}

// mode shows an encryption setting that does not fit the port.
func (t try) mode() []string {
	switch want := t.s.Device.Mode; {
	case want == "" || want == t.e.Mode():
		return nil
	case want == account.ImplicitTLS:
		return []string{t.curl(visit{mode: want})}
	default: // the client waits for a greeting, and the server for a ClientHello
		return []string{t.curl(visit{mode: want, flags: []string{"--max-time", briefly}})}
	}
}

// network shows connections that do not come about, or go no further.
func (t try) network() []string {
	wire, path := t.service.Wire, t.s.Path
	switch {
	case wire.Dropped, wire.Accept == fault.Hang, wire.Delay > 0:
		return []string{t.curl(visit{flags: []string{"--max-time", briefly}})}
	case wire.Closed, wire.Accept != fault.Serve, path == account.CaptivePortal:
		return []string{t.curl(visit{})}
	case path == account.SmallHellos:
		// The protocols offered make the first packet a large one, whatever else openssl sends.
		return []string{t.openssl(look{flags: []string{"-alpn", `"$(seq -s , 400)"`}})}
	}
	return nil
}

// server shows what the server says or lacks, apart from its certificate.
func (t try) server() []string {
	v := t.service
	switch {
	case v.ClientCertificate:
		return []string{t.curl(visit{})}
	case v.Speaks != "": // the greeting is shown, for which curl waits in vain
		return []string{t.curl(visit{flags: []string{"--max-time", briefly, "-v"}})}
	case v.MaxVersion != 0 && v.MaxVersion < tls.VersionTLS12:
		return []string{t.curl(visit{flags: []string{"--tlsv1.2"}})}
	case v.ClearLogins && t.e.Mode() == account.StartTLS:
		return []string{t.curl(visit{mode: account.Plaintext})}
	case len(v.Backends) > 0: // the machines take turns
		return []string{t.openssl(look{}), t.openssl(look{})}
	}
	return nil
}

// upgrade shows an upgrade from plaintext that does not come about: openssl goes on all the same.
func (t try) upgrade() []string {
	if t.e.Mode() != account.StartTLS {
		return nil
	}
	v := t.service
	if len(v.Wire.Lines) > 0 || v.Wire.Hello.Then != fault.Serve || v.Preauth || v.NotLoaded || t.s.Path == account.MaskedUpgrade {
		return []string{t.curl(visit{})}
	}
	return nil
}

// chain shows faults of certificates that clients look for only when told to, or not at all.
func (t try) chain() []string {
	has := func(kinds ...certs.Kind) bool {
		return slices.ContainsFunc(t.service.Chain, func(f certs.Fault) bool { return slices.Contains(kinds, f.Kind) })
	}
	read := func(what string) []string { return []string{t.openssl(look{read: what})} }
	switch {
	case has(certs.SmallRSA(1024).Kind, certs.SHA1().Kind, certs.MD5().Kind):
		return []string{t.openssl(look{flags: []string{"-auth_level", "2"}})}
	case has(certs.CRL(certs.StatusRevoked).Kind):
		return []string{t.openssl(look{flags: []string{"-crl_download", "-crl_check"}})}
	case has(certs.Staple(certs.StatusRevoked).Kind, certs.MustStaple().Kind):
		return []string{t.curl(visit{flags: []string{"--cert-status"}})}
	case has(certs.CorruptSignature().Kind): // curl has no words for it
		return []string{t.openssl(look{})}
	case has(certs.NoSAN().Kind):
		return read("-subject -ext subjectAltName")
	case has(certs.KeyUsage().Kind):
		return read("-ext keyUsage")
	case has(certs.ExpiresIn(1).Kind):
		return read("-enddate -checkend 604800")
	case has(certs.ValidFor(900).Kind):
		return read("-dates")
	case has(certs.CALeaf().Kind) && t.s.OpenSSL == 0:
		return read("-ext basicConstraints")
	case has(certs.OCSP(certs.StatusNone).Kind, certs.Reversed().Kind, certs.ExpiredCrossSign().Kind, certs.RootAlsoSent().Kind):
		return []string{t.mailtlslab()}
	}
	return nil
}
