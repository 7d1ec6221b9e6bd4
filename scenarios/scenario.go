// Package scenarios is the catalogue: every way for the TLS of a mail account to be broken that
// the lab serves, as values. Each scenario is one literal with its story, its fault and what must
// be found; a file holds one family. All that a scenario does not mention is healthy.
//
// [All] returns the catalogue, and [Lookup] and [Find] some of it. A [Case] is what is served, and can
// be one's own: [Decode] reads it from JSON, lab.StartCase serves it.
package scenarios

import (
	"slices"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/fault"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// DefaultHost is the server name of an account whose scenario names no other.
const DefaultHost = certs.DefaultHost

// A Family groups scenarios by what is broken.
type Family string

// The families, in the order of the catalogue.
const (
	Controls  Family = "controls"
	Trust     Family = "trust"
	Names     Family = "names"
	Time      Family = "time"
	Keys      Family = "keys"
	Usage     Family = "usage"
	Revoking  Family = "revocation"
	Protocol  Family = "protocol"
	StartTLS  Family = "starttls"
	Settings  Family = "settings"
	Network   Family = "network"
	Portal    Family = "interception"
	Published Family = "autoconfiguration"
	LifeCycle Family = "life-cycle"
)

// A Scenario is one broken mail account, or a healthy one for comparison: a Lesson, which tells it
// to people, and a Case, which is served and held to what must be found. In JSON both are flat.
type Scenario struct {
	Lesson
	Case
}

// A Lesson is what a scenario is called, and how it is told. A scenario from a file need have none
// of it; one of the catalogue has all.
type Lesson struct {
	// Number is stable and never reused; fixed ports derive from it. A scenario without one is
	// served on free ports.
	Number int `json:"number,omitempty"`
	// ID is what commands and reports call it. A file's name stands for it where it is missing.
	ID     string `json:"id,omitempty"`
	Family Family `json:"family,omitempty"` // what is broken
	Title  string `json:"title,omitempty"`  // one line without a full stop
	Story  string `json:"story,omitempty"`  // two sentences that can be read aloud
	// References are where it is written that this is a fault.
	References []string `json:"references,omitempty"`
}

// A Case is what is served, and what must be found. The zero value is a healthy account on all
// endpoints. It needs neither a number nor a story to be served, nor an expectation.
type Case struct {
	// Host is the server name that the account has; empty means DefaultHost.
	Host string `json:"host,omitempty"`
	// Endpoints are those the scenario runs on; empty means all seven.
	Endpoints []account.Endpoint `json:"endpoints,omitempty"`

	// Services say what is wrong with the server. For each endpoint the first that names it, or
	// that names none, holds; an endpoint that no service names is healthy.
	Services []Service `json:"services,omitempty"`
	// Device says what is wrong with the account's settings on the device.
	Device Device `json:"device,omitzero"`
	// DNS says what the names lead to, where the scenario is about that.
	DNS DNS `json:"dns,omitzero"`
	// Path says what is wrong with the network in between.
	Path account.Path `json:"path,omitempty"`

	// OpenSSL is the code that "openssl verify -purpose sslserver -auth_level 2" of OpenSSL 3
	// gives the chain of the first service: its judgement, not ours. 0 means accepted.
	OpenSSL int `json:"openssl,omitempty"`

	// Expect is what must be found, exactly; an endpoint that no expectation names must be clean.
	Expect []Expectation `json:"expect,omitempty"`

	// NotCloned is what the server that this is a clone of has and this has not, a sentence each. It is
	// for people, and changes nothing.
	NotCloned []string `json:"notCloned,omitempty"`
}

// A Service is how some endpoints of the server differ from healthy ones.
type Service struct {
	On []account.Endpoint `json:"on,omitempty"` // empty: every endpoint
	// Outline is the chain to which Chain, Nameless and Backends are applied, where it is not the healthy
	// one: that of some server, with its names and dates, and keys of the lab's own.
	Outline certs.Outline `json:"outline,omitzero"`
	// Chain is what is wrong with the certificates, one fault after the other; empty: nothing.
	Chain []certs.Fault `json:"chain,omitempty"`
	// Mode is when the server begins TLS; empty means the endpoint's own mode.
	Mode account.Mode `json:"mode,omitempty"`
	// Speaks is the protocol the server speaks; empty means the endpoint's own.
	Speaks account.Protocol `json:"speaks,omitempty"`
	// MaxVersion is the newest TLS version the server speaks, as a crypto/tls number; 0 means all.
	MaxVersion uint16 `json:"maxVersion,omitempty"`
	// MinVersion is the oldest TLS version the server speaks; 0 means TLS 1.2.
	MinVersion uint16 `json:"minVersion,omitempty"`
	// Ciphers are the only suites of TLS 1.2 and older that the server allows, by their IANA
	// numbers; empty means those of today.
	Ciphers []uint16 `json:"ciphers,omitempty"`
	// ClientCertificate demands one of every client.
	ClientCertificate bool `json:"clientCertificate,omitempty"`
	// Preauth lets everybody in with the greeting, before TLS and without a login. IMAP only.
	Preauth bool `json:"preauth,omitempty"`
	// ClearLogins takes passwords before TLS, where TLS begins with STARTTLS.
	ClearLogins bool `json:"clearLogins,omitempty"`
	// Nameless is the chain for clients that send no server name (SNI), where they get another.
	Nameless []certs.Fault `json:"nameless,omitempty"`
	// UnknownName refuses the account's server name in the handshake (unrecognized_name).
	UnknownName bool `json:"unknownName,omitempty"`
	// PublishedHost is the server name that the domain publishes for these endpoints; empty means
	// the account's.
	PublishedHost string `json:"publishedHost,omitempty"`
	// Wire is what goes wrong below TLS.
	Wire fault.Plan `json:"wire,omitzero"`
	// NotReloaded says that the certificate on the server's disk is healthy, and that the service
	// still serves Chain because nobody told it.
	NotReloaded bool `json:"notReloaded,omitempty"`
	// NotLoaded says that the service could not load its certificate or key, and runs without TLS.
	NotLoaded bool `json:"notLoaded,omitempty"`
	// Backends are further machines behind the name, by their faults. Connections meet the machine
	// with Chain and these in turn, one each; FirstBackend is which the first one meets.
	Backends [][]certs.Fault `json:"backends,omitempty"`
	// FirstBackend is which of them the first connection meets; 0 is the machine with Chain.
	FirstBackend int `json:"firstBackend,omitempty"`
}

// A Device is how the account is set up, where that differs from what it should be.
type Device struct {
	// Mode is the encryption setting; empty means the endpoint's own mode.
	Mode account.Mode `json:"mode,omitempty"`
	// MaxVersion is the newest TLS version the device speaks, as a crypto/tls number; 0 means all.
	MaxVersion uint16 `json:"maxVersion,omitempty"`
	// Password is typed in instead of the right one.
	Password string `json:"password,omitempty"`
	// TrustsProxy says that the root of the proxy on the path is installed.
	TrustsProxy bool `json:"trustsProxy,omitempty"`
	// OldException says that somebody once trusted by hand the certificate that the server had
	// before its present one, with the same faults.
	OldException bool `json:"oldException,omitempty"`
	// OldSession says that the mail program resumes a TLS session from when the server's
	// certificate was healthy.
	OldSession bool `json:"oldSession,omitempty"`
	// LacksRoot says that the device does not have the lab's root, as an old one lacks a new root.
	LacksRoot bool `json:"lacksRoot,omitempty"`
	// NoSNI leaves the server name out of the handshake.
	NoSNI bool `json:"noSNI,omitempty"`
	// Clock is by how many days the device's clock is ahead; negative when it is behind.
	Clock int `json:"clock,omitempty"`
	// OutgoingHost is the server name for sending; empty means the account's.
	OutgoingHost string `json:"outgoingHost,omitempty"`
	// Published says that the device takes its settings from what the domain publishes.
	Published bool `json:"published,omitempty"`
}

// DNS is what the lab's resolver says of the account's server name. Where it is zero no DNS is
// asked.
type DNS struct {
	// Missing says that there is no such name.
	Missing bool `json:"missing,omitempty"`
	// IPv6 adds the address ::1, where no server listens, to the one where they do.
	IPv6 bool `json:"ipv6,omitempty"`
}

// An Expectation is the exact set of codes that must be found on some endpoints.
type Expectation struct {
	On []account.Endpoint `json:"on,omitempty"` // empty: every endpoint of the scenario
	// Findings are the codes; none means that nothing may be found.
	Findings []finding.Code `json:"findings"`
}

// AccountHost returns the server name that the account has.
func (c Case) AccountHost() string {
	if c.Host == "" {
		return DefaultHost
	}
	return c.Host
}

// On returns the endpoints the scenario runs on.
func (c Case) On() []account.Endpoint {
	if len(c.Endpoints) == 0 {
		return account.Endpoints()
	}
	return c.Endpoints
}

// Service returns how the server behaves on e.
func (c Case) Service(e account.Endpoint) Service {
	for _, service := range c.Services {
		if len(service.On) == 0 || slices.Contains(service.On, e) {
			return service
		}
	}
	return Service{}
}

// Expected returns the codes that must be found on e.
func (c Case) Expected(e account.Endpoint) []finding.Code {
	for _, x := range c.Expect {
		if len(x.On) == 0 || slices.Contains(x.On, e) {
			return x.Findings
		}
	}
	return nil
}

// Expects reports whether the scenario says what must be found. A control does by being one:
// nothing may be. One from a file need not; then whatever is found is held to nothing.
func (s Scenario) Expects() bool { return len(s.Expect) > 0 || s.Family == Controls }

// Waits reports whether looking at the scenario is mostly waiting for a server that is silent,
// so that many can be looked at together.
func (c Case) Waits() bool {
	if c.Device.Mode == account.StartTLS {
		return true
	}
	for _, service := range c.Services {
		if service.Wire.Accept == fault.Hang || service.Wire.Dropped || service.Wire.Delay > 0 {
			return true
		}
	}
	return false
}

// Entangled reports whether what is done on one endpoint changes what another one meets, so that
// they can only be repaired one after the other: a name in DNS is one for all of them, and a look
// at one may have the web server asked for the time, which takes a turn among its machines.
func (c Case) Entangled() bool {
	return c.DNS != (DNS{}) || slices.ContainsFunc(c.Services, func(v Service) bool { return len(v.Backends) > 0 })
}

// Healthy returns the scenario's twin: the same account with nothing broken.
func (s Scenario) Healthy() Scenario {
	s.Services, s.Device, s.DNS, s.Path, s.OpenSSL, s.NotCloned = nil, Device{}, DNS{}, account.Direct, 0, nil
	s.Expect = []Expectation{{Findings: []finding.Code{}}}
	return s
}

func everywhere(codes ...finding.Code) []Expectation { return []Expectation{{Findings: codes}} }

func chain(faults ...certs.Fault) []Service { return []Service{{Chain: faults}} }
