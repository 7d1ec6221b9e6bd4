// Package lab serves scenarios on loopback: real mail servers whose only fault is the one the
// scenario claims. In a test it is used like net/http/httptest:
//
//	srv := lab.Start(t, "expired-leaf", nil)
//	conn, err := tls.Dial("tcp", srv.Addr(account.IMAPS), srv.ClientConfig())
//
// Each server has seven endpoints over one mailbox: IMAP, POP3 and submission, each with TLS from
// the first byte and with STARTTLS, and HTTPS. [Start] takes a scenario of the catalogue by its id,
// and [StartCase] one of the caller's own. [Server.ClientConfig] trusts the lab's root and nothing
// else, and [Server.Journal] tells what the client did: the name it asked for, the alert with which
// it refused, whether a password came and whether it was encrypted.
//
// With MAILTLSLAB_SERVE=127.0.0.1:0 in the environment, Start and StartCase print where they serve
// on standard error, and serve until the test is killed: a test becomes a server to try by hand.
//
// A program that wants many scenarios under one root uses [New] and [Lab.Serve].
//
// Passwords and keys are made up or fixed for the lab. Nothing here is fit to hold real mail.
package lab

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// The lab's one user. The password is no secret: it is printed for everybody to try.
const (
	User     = "anna"
	Password = "correct-horse-7"
	Mailbox  = "anna@lab.test"
)

// Options of a lab. The zero value serves on free ports of 127.0.0.1.
type Options struct {
	// Listen is the IP address to serve on; empty means 127.0.0.1.
	Listen string
	// Hosts are further names and addresses for the certificates, for a device on the same network.
	Hosts []string
	// BasePort derives fixed ports: base + 10 x scenario number + endpoint. 0 means free ports, and
	// so does a scenario without a number.
	BasePort int
	// Address, when set, says in place of Listen and BasePort where an endpoint of the scenario
	// with a number, 0 for none, is served, as "address:port"; "" leaves it to them.
	Address func(number int, e account.Endpoint) string
	// Authority signs the certificates; nil makes one that is forgotten with the lab.
	Authority *certs.Authority
	// Now is the time the certificates are made for; zero means the time of New.
	Now time.Time
	// DNS is where the lab's name server listens, "address:port", for real clients too; empty
	// starts one on a free port of 127.0.0.1 when a scenario is about names.
	DNS string
	// OfferRoot serves the root for download on the https page, at /root.cer.
	OfferRoot bool
	// Haste divides the delays of slow servers, for a verifier that has no time to wait as a
	// person does; 0 means 1, as long as the scenario says. The verifier must measure by it too.
	Haste int
	// Observe is called for every connection that has ended, from several goroutines, just before
	// the journal has it. Close waits for it to return.
	Observe func(Entry)
}

// A Lab is a set of running scenarios that share one authority. It is safe for concurrent use.
type Lab struct {
	options   Options
	authority *certs.Authority
	publisher *publisher // what the authority publishes over plain HTTP
	names     *names
	limits    *wire.Limits
	patience  time.Duration // how long Close waits for what does not end

	mu      sync.Mutex
	servers []*Server
	closed  bool
}

// New prepares a lab. Nothing listens before Serve.
func New(o Options) (*Lab, error) {
	if o.Listen == "" {
		o.Listen = "127.0.0.1"
	}
	limits := wire.NewLimits()
	l := &Lab{
		options: o, authority: o.Authority, limits: limits, patience: patience,
		publisher: &publisher{bound: limits.Bound}, names: &names{bound: limits.Bound},
	}
	if l.authority == nil {
		var err error
		if l.authority, err = certs.NewAuthority(certs.Options{Now: o.Now, Hosts: o.Hosts}); err != nil {
			return nil, fmt.Errorf("cannot make the lab's authority: %w", err)
		}
	}
	if o.DNS != "" {
		if err := l.names.listen(o.DNS); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// Serve starts the servers of one scenario. All seven endpoints are served; those on which the
// scenario does not run are healthy.
func (l *Lab) Serve(s scenarios.Scenario) (*Server, error) {
	server, err := newServer(l, s)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		server.stop()
		return nil, ErrClosed
	}
	l.servers = append(l.servers, server)
	return server, nil
}

// Root returns the root that a client has to trust.
func (l *Lab) Root() *x509.Certificate { return l.authority.Root() }

// Roots returns every root that clients of this lab trust: Root, and those that belong to
// scenarios about old roots.
func (l *Lab) Roots() []*x509.Certificate { return l.authority.Roots() }

// Intermediates returns the CA certificates a well-informed client of this lab knows, whether
// or not a server sends them.
func (l *Lab) Intermediates() []*x509.Certificate { return l.authority.Intermediates() }

// ErrClosed is what a closed lab answers.
var ErrClosed = errors.New("the lab is closed")

// patience is how long Close waits for connections to end, as httptest does.
const patience = 5 * time.Second

// A HangingError names what had not ended five seconds after Close: a handler of the lab that is
// stuck, or Options.Observe that does not return.
type HangingError struct{ Hanging []string }

func (e *HangingError) Error() string {
	return "closed, and still under way: " + strings.Join(e.Hanging, "; ")
}

// hanging returns a *HangingError unless nothing hangs.
func hanging(what []string) error {
	if len(what) == 0 {
		return nil
	}
	return &HangingError{what}
}

// Close stops everything: every port is closed and every connection ended when it returns. The
// error is a *HangingError: what has not ended within five seconds is left behind.
func (l *Lab) Close() error {
	l.mu.Lock()
	servers := l.servers
	l.servers, l.closed = nil, true
	l.mu.Unlock()
	var wait sync.WaitGroup
	left := make([][]string, len(servers))
	for i, s := range servers {
		wait.Go(func() { left[i] = s.stop() })
	}
	wait.Go(l.publisher.close)
	wait.Wait()
	l.names.close()
	return hanging(slices.Concat(left...))
}

// RootPEM returns Roots in PEM form, the lab's own first. Those of somebody else, of whom a case has the
// certificate alone, are left out: a device that trusted one would trust whoever has its key.
func (l *Lab) RootPEM() []byte { return inPEM(l.own(l.Roots())) }

// IntermediatePEM returns Intermediates in PEM form, the healthy one first, without those of somebody
// else.
func (l *Lab) IntermediatePEM() []byte { return inPEM(l.own(l.Intermediates())) }

func (l *Lab) own(list []*x509.Certificate) []*x509.Certificate {
	return slices.DeleteFunc(slices.Clone(list), func(c *x509.Certificate) bool { return !l.authority.Own(c) })
}

func inPEM(list []*x509.Certificate) []byte {
	var out []byte
	for _, c := range list {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return out
}
