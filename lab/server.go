package lab

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/internal/httpd"
	"github.com/mailtlslab/mailtlslab/lab/internal/imapd"
	"github.com/mailtlslab/mailtlslab/lab/internal/mailbox"
	"github.com/mailtlslab/mailtlslab/lab/internal/pop3d"
	"github.com/mailtlslab/mailtlslab/lab/internal/smtpd"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// A Server is one running scenario: seven endpoints over one mailbox.
type Server struct {
	// Scenario is what is served, as it was when the server started.
	Scenario scenarios.Scenario

	lab     *Lab
	journal *Journal
	daemons map[account.Protocol]daemon
	ports   map[account.Endpoint]*servedPort
	repairs repairs
	bundles map[string]*certs.Bundle // what the endpoints began with; complete once started
	memory  memory                   // what the device remembers of this server
	proxied proxied                  // what a proxy on the path has made of which certificate
}

type daemon interface {
	wire.Handler
	Close() error
}

// A servedPort is one listening endpoint and what it serves now.
type servedPort struct {
	mu       sync.Mutex
	listener *wire.Listener
	now      served // what a new connection meets
	began    served // what it met when the server started
}

func newServer(l *Lab, s scenarios.Scenario) (*Server, error) {
	if reason := Unavailable(s); reason != "" {
		return nil, &UnavailableError{Scenario: s.ID, Reason: reason}
	}
	server := &Server{Scenario: s, lab: l, journal: newJournal(), ports: map[account.Endpoint]*servedPort{}, bundles: map[string]*certs.Bundle{}}
	var err error
	if server.daemons, err = daemons(l, s.AccountHost(), server.published); err != nil {
		return nil, fmt.Errorf("scenario %s: %w", s.ID, err)
	}
	if server.memory, err = server.remember(); err != nil {
		return nil, fmt.Errorf("scenario %s: %w", s.ID, err)
	}
	for i, e := range account.Endpoints() {
		if err := server.open(i, e); err != nil {
			server.stop()
			return nil, fmt.Errorf("scenario %s: %w", s.ID, err)
		}
	}
	if err := server.announce(); err != nil {
		server.stop()
		return nil, fmt.Errorf("scenario %s: %w", s.ID, err)
	}
	return server, nil
}

func daemons(l *Lab, host string, published func() []httpd.Setting) (map[account.Protocol]daemon, error) {
	store := mailbox.New(mailbox.Options{User: User, Password: Password, Address: Mailbox})
	if net.ParseIP(host) != nil {
		host = scenarios.DefaultHost // a greeting names a host, never an address
	}
	if err := store.Deliver([]byte(welcome)); err != nil {
		return nil, err
	}
	var root []byte
	if l.options.OfferRoot {
		root = l.Root().Raw
	}
	return map[account.Protocol]daemon{
		account.IMAP:       imapd.New(imapd.Options{Store: store}),
		account.POP3:       pop3d.New(pop3d.Options{Store: store, Hostname: host}),
		account.Submission: smtpd.New(smtpd.Options{Store: store, Hostname: host}),
		account.HTTPS:      httpd.New(httpd.Options{Store: store, Hostname: host, Root: root, Published: published}),
	}, nil
}

const welcome = "From: The Lab <lab@lab.test>\r\nTo: Anna <anna@lab.test>\r\nSubject: Welcome to the lab\r\n" +
	"Date: Thu, 01 Jan 2026 09:00:00 +0000\r\nMessage-ID: <welcome@lab.test>\r\n\r\n" +
	"This mailbox works. If you can read this over a connection that should have been\r\nrefused, the client did not look at the certificate.\r\n"

// ownAddresses returns the IP addresses that Options.Address chose for this server: who connects to
// one of them by its number finds it in the certificate.
func (s *Server) ownAddresses() []string {
	var out []string
	for i, e := range account.Endpoints() {
		host, _, err := net.SplitHostPort(s.listenAddress(i, e))
		if err == nil && s.lab.options.Address != nil && net.ParseIP(host) != nil && !slices.Contains(out, host) {
			out = append(out, host)
		}
	}
	return out
}

// listenAddress returns where the i-th endpoint is to be served.
func (s *Server) listenAddress(i int, e account.Endpoint) string {
	port := 0
	base, number := s.lab.options.BasePort, s.Scenario.Number
	if base != 0 && number != 0 {
		port = base + 10*number + i
	}
	address := net.JoinHostPort(s.lab.options.Listen, strconv.Itoa(port))
	if own := s.lab.options.Address; own != nil {
		if at := own(number, e); at != "" {
			address = at
		}
	}
	return address
}

// open starts the i-th endpoint as the scenario wants it.
func (s *Server) open(i int, e account.Endpoint) error {
	start, err := s.starting(e)
	if err != nil {
		return err
	}
	address := s.listenAddress(i, e)
	listener, err := wire.Listen(address, s.config(e, start))
	if err != nil {
		return fmt.Errorf("cannot listen on %s for %s: %w", address, e, err)
	}
	s.ports[e] = &servedPort{listener: listener, now: start, began: start}
	return nil
}

// An UnknownEndpointError names an endpoint that no server has.
type UnknownEndpointError struct{ Endpoint account.Endpoint }

func (e *UnknownEndpointError) Error() string {
	return fmt.Sprintf("there is no endpoint %q; a server has %v", string(e.Endpoint), account.Endpoints())
}

// port returns an endpoint, or an *UnknownEndpointError.
func (s *Server) port(e account.Endpoint) (*servedPort, error) {
	if p, ok := s.ports[e]; ok {
		return p, nil
	}
	return nil, &UnknownEndpointError{e}
}

// Addr returns where an endpoint is served, as "address:port". For an endpoint that does not exist
// it returns a sentence that says so: to dial it fails with that sentence.
func (s *Server) Addr(e account.Endpoint) string {
	p, err := s.port(e)
	if err != nil {
		return err.Error()
	}
	return p.listener.Addr().String()
}

// Host returns the name that the account has, and that the certificate is judged against.
func (s *Server) Host() string { return s.Scenario.AccountHost() }

// Roots returns the roots that a client has to trust.
func (s *Server) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	for _, c := range s.lab.Roots() {
		pool.AddCert(c)
	}
	return pool
}

// ClientConfig returns the configuration of a client that trusts the lab's root and nothing else.
func (s *Server) ClientConfig() *tls.Config {
	return &tls.Config{RootCAs: s.Roots(), ServerName: s.Host(), MinVersion: tls.VersionTLS12}
}

// Journal returns what clients did.
func (s *Server) Journal() *Journal { return s.journal }

// Device returns the account on e as it is set up on the device: with the scenario's mistakes.
// The address map leads every standard port of the account's host to this server.
func (s *Server) Device(e account.Endpoint) Device {
	set := account.For(e, s.Host())
	if s.Scenario.Device.Mode != "" {
		set.Mode = s.Scenario.Device.Mode
	}
	if s.Scenario.Device.LacksRoot {
		set.MissingRoots = []string{sha256Hex(s.lab.Root().Raw)}
		if p, err := s.port(e); err == nil {
			for _, c := range p.began.bundle.Trusts() {
				set.MissingRoots = append(set.MissingRoots, sha256Hex(c.Raw))
			}
		}
	}
	set.MaxVersion = s.Scenario.Device.MaxVersion
	s.misled(&set)
	s.memory.fill(&set)
	d := Device{Settings: set, Credentials: account.Credentials{User: User, Password: Password}}
	d.Published = s.Scenario.Device.Published
	if s.Scenario.Device.Password != "" {
		d.Credentials.Password = s.Scenario.Device.Password
	}
	return d
}

// Close stops this scenario's servers. It is done for the caller when the lab closes or the test
// ends. The error is a *HangingError: what has not ended within five seconds is left behind.
func (s *Server) Close() error {
	s.lab.mu.Lock()
	s.lab.servers = slices.DeleteFunc(s.lab.servers, func(x *Server) bool { return x == s })
	s.lab.mu.Unlock()
	return hanging(s.stop())
}

// stop returns what has not ended when the lab's patience did.
func (s *Server) stop() []string {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.shutDown()
	}()
	patience := time.NewTimer(s.lab.patience)
	defer patience.Stop()
	defer s.journal.close()
	select {
	case <-ended:
		return nil
	case <-patience.C:
		return s.unended()
	}
}

// unended names the connections that have not ended, or the scenario where there is none.
func (s *Server) unended() []string {
	var out []string
	for _, e := range s.journal.Open() {
		out = append(out, fmt.Sprintf("connection %d of %s %s from %s, at stage %s", e.ID, e.Scenario, e.Endpoint, e.Client, e.Stage))
	}
	if len(out) == 0 {
		out = append(out, "the servers of "+s.Scenario.ID)
	}
	return out
}

func (s *Server) shutDown() {
	var wait sync.WaitGroup
	for _, p := range s.ports {
		// A listener that fails to close is closed already, and a daemon has nothing to save.
		wait.Go(func() { _ = p.listener.Close() })
	}
	wait.Wait()
	for _, d := range s.daemons {
		_ = d.Close()
	}
	s.lab.names.withdraw(s)
}

// RootPEM returns the roots that a client has to trust, as a file for other programs.
func (s *Server) RootPEM() []byte { return s.lab.RootPEM() }
