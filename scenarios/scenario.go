// Package scenarios is the catalogue: every way for the TLS of a mail account to be broken that
// the lab serves, as values. Each scenario is one literal with its story, its fault and what must
// be found; a file holds one family. All that a scenario does not mention is healthy.
package scenarios

import (
	"slices"

	"mailtlslab/certs"
	"mailtlslab/lab/account"
	"mailtlslab/lab/fault"
	"mailtlslab/lab/finding"
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
	Protocol  Family = "protocol"
	StartTLS  Family = "starttls"
	Settings  Family = "settings"
	Network   Family = "network"
	Portal    Family = "interception"
	LifeCycle Family = "life-cycle"
)

// A Scenario is one broken mail account, or a healthy one for comparison.
type Scenario struct {
	Number     int      `json:"number"` // stable, never reused; fixed ports derive from it
	ID         string   `json:"id"`
	Family     Family   `json:"family"`
	Title      string   `json:"title"`
	Story      string   `json:"story"` // two sentences that can be read aloud
	References []string `json:"references"`

	// Host is the server name that the account has; empty means DefaultHost.
	Host string `json:"host,omitempty"`
	// Endpoints are those the scenario runs on; empty means all seven.
	Endpoints []account.Endpoint `json:"endpoints,omitempty"`

	// Services say what is wrong with the server. For each endpoint the first that names it, or
	// that names none, holds; an endpoint that no service names is healthy.
	Services []Service `json:"services,omitempty"`
	// Device says what is wrong with the account's settings on the device.
	Device Device `json:"device,omitzero"`
	// Path says what is wrong with the network in between.
	Path account.Path `json:"path,omitempty"`

	// OpenSSL is the code that "openssl verify -purpose sslserver -auth_level 2" of OpenSSL 3
	// gives the chain of the first service: its judgement, not ours. 0 means accepted.
	OpenSSL int `json:"openssl"`

	// Expect is what must be found, exactly; an endpoint that no expectation names must be clean.
	Expect []Expectation `json:"expect,omitempty"`
}

// A Service is how some endpoints of the server differ from healthy ones.
type Service struct {
	On    []account.Endpoint `json:"on,omitempty"` // empty: every endpoint
	Chain []certs.Fault      `json:"chain,omitempty"`
	// Mode is when the server begins TLS; empty means the endpoint's own mode.
	Mode account.Mode `json:"mode,omitempty"`
	// Speaks is the protocol the server speaks; empty means the endpoint's own.
	Speaks account.Protocol `json:"speaks,omitempty"`
	// MaxVersion is the newest TLS version the server speaks, as a crypto/tls number; 0 means all.
	MaxVersion uint16 `json:"maxVersion,omitempty"`
	// ClientCertificate demands one of every client.
	ClientCertificate bool `json:"clientCertificate,omitempty"`
	// Wire is what goes wrong below TLS.
	Wire fault.Plan `json:"wire,omitzero"`
}

// A Device is how the account is set up, where that differs from what it should be.
type Device struct {
	// Mode is the encryption setting; empty means the endpoint's own mode.
	Mode account.Mode `json:"mode,omitempty"`
	// Password is typed in instead of the right one.
	Password string `json:"password,omitempty"`
	// LacksRoot says that the device does not have the lab's root, as an old one lacks a new root.
	LacksRoot bool `json:"lacksRoot,omitempty"`
}

// An Expectation is the exact set of codes that must be found on some endpoints.
type Expectation struct {
	On       []account.Endpoint `json:"on,omitempty"` // empty: every endpoint of the scenario
	Findings []finding.Code     `json:"findings"`
}

// AccountHost returns the server name that the account has.
func (s Scenario) AccountHost() string {
	if s.Host == "" {
		return DefaultHost
	}
	return s.Host
}

// On returns the endpoints the scenario runs on.
func (s Scenario) On() []account.Endpoint {
	if len(s.Endpoints) == 0 {
		return account.Endpoints()
	}
	return s.Endpoints
}

// Service returns how the server behaves on e.
func (s Scenario) Service(e account.Endpoint) Service {
	for _, service := range s.Services {
		if len(service.On) == 0 || slices.Contains(service.On, e) {
			return service
		}
	}
	return Service{}
}

// Expected returns the codes that must be found on e.
func (s Scenario) Expected(e account.Endpoint) []finding.Code {
	for _, x := range s.Expect {
		if len(x.On) == 0 || slices.Contains(x.On, e) {
			return x.Findings
		}
	}
	return nil
}

// Healthy returns the scenario's twin: the same account with nothing broken.
func (s Scenario) Healthy() Scenario {
	s.Services, s.Device, s.Path, s.Expect, s.OpenSSL = nil, Device{}, account.Direct, nil, 0
	return s
}

func everywhere(codes ...finding.Code) []Expectation { return []Expectation{{Findings: codes}} }

func chain(faults ...certs.Fault) []Service { return []Service{{Chain: faults}} }
