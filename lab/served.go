package lab

import (
	"crypto/tls"
	"errors"
	"fmt"
	"slices"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/fault"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire"
)

// served is what a new connection to one endpoint meets. Actions edit it; they see nothing else.
type served struct {
	bundle            *certs.Bundle
	mode              account.Mode
	protocol          account.Protocol
	maxVersion        uint16 // 0 is the newest
	minVersion        uint16 // 0 is TLS 1.2
	ciphers           []uint16
	preauth           bool
	clearLogins       bool
	clientCertificate bool
	nameless          *certs.Bundle // for clients that send no server name; nil is bundle
	unknownName       bool          // the account's server name is refused
	publishedHost     string        // what the domain publishes for this endpoint
	wire              fault.Plan
	path              account.Path
	notLoaded         bool            // bundle and its key could not be loaded, so that there is no TLS
	disk              *certs.Bundle   // newer than bundle, and not loaded; nil when there is none
	backends          []*certs.Bundle // further machines behind the name
	firstBackend      int             // which the first connection meets; 0 has bundle
	resigned          *certs.Bundle   // what a proxy on the path makes of bundle; nil without one
	portal            *certs.Bundle   // of a hotspot in the server's place; nil without one
}

// starting returns what the scenario wants served on e.
func (s *Server) starting(e account.Endpoint) (served, error) {
	service := s.Scenario.Service(e)
	bundle, err := s.bundle(service.Outline, service.Chain)
	if err != nil {
		return served{}, fmt.Errorf("cannot build the certificate for %s: %w", e, err)
	}
	start := served{
		bundle: bundle, mode: e.Mode(), protocol: e.Protocol(), maxVersion: service.MaxVersion,
		minVersion: service.MinVersion, ciphers: service.Ciphers, preauth: service.Preauth, clearLogins: service.ClearLogins,
		clientCertificate: service.ClientCertificate, wire: service.Wire, path: s.Scenario.Path,
		notLoaded: service.NotLoaded,
	}
	if err := s.named(service, &start); err != nil {
		return served{}, fmt.Errorf("cannot prepare the names of %s: %w", e, err)
	}
	if service.Mode != "" {
		start.mode = service.Mode
	}
	if service.Speaks != "" {
		start.protocol = service.Speaks
	}
	if err := s.fleet(service, &start); err != nil {
		return served{}, err
	}
	return start, s.resign(e, &start)
}

// bundle returns the chain of an outline, or the healthy one, with these faults, the same one for all endpoints that share them:
// a server has one certificate, and minting is most of what starting costs.
func (s *Server) bundle(outline certs.Outline, faults []certs.Fault) (*certs.Bundle, error) {
	key := fmt.Sprintf("%+v", faults)
	if !outline.IsZero() {
		key += fmt.Sprintf("%+v", outline)
	}
	if b, ok := s.bundles[key]; ok {
		return b, nil
	}
	spec := certs.Spec{Host: s.Scenario.AccountHost(), Faults: faults, Outline: outline, Also: s.ownAddresses()}
	if certs.NeedsPublisher(faults) {
		if spec.Publisher = s.lab.publisher.url("/"); spec.Publisher == "" {
			return nil, errors.New("the lab cannot publish what its CA has to say: no free port on 127.0.0.1")
		}
	}
	b, err := s.lab.authority.Build(spec)
	if err == nil {
		s.bundles[key] = b
		s.publish(b)
	}
	return b, err
}

// publish lets everybody fetch what the CA says of a bundle.
func (s *Server) publish(b *certs.Bundle) {
	for _, d := range b.Documents() {
		s.lab.publisher.put(d.Path, d.Type, func() []byte { return d.Body })
	}
}

// portalAnswer is what a hotspot says to whatever it is sent.
const portalAnswer = "HTTP/1.1 302 Found\r\nLocation: http://portal.test/login\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

func (s *Server) config(e account.Endpoint, now served) *wire.Config {
	c := &wire.Config{
		Plan:     now.wire,
		Implicit: now.mode == account.ImplicitTLS,
		Dialect:  dialect(now.protocol),
		Handler:  s.daemons[now.protocol],
		Limits:   s.lab.limits,
		Opened:   func(c *wire.Conn) int { return s.opened(e, c) },
		Done:     func(r wire.Record) { s.ended(entry(s.Scenario.ID, e, r)) },
	}
	if now.mode != account.Plaintext {
		c.TLS = byName(tlsConfig(now), now)
		s.memory.keepSessions(c)
	}
	c.Preauth, c.ClearLogins = now.preauth, now.clearLogins
	if now.maxVersion == ssl30 {
		c.Plan.Hello = ssl30Answer()
	}
	c.Plan.Delay = s.lab.shortened(c.Plan.Delay)
	if now.notLoaded {
		withoutPair(&c.Plan, now)
	}
	layPath(&c.Plan, e.Protocol(), now.path)
	now.meet(c)
	return c
}

func (s *Server) opened(e account.Endpoint, c *wire.Conn) int {
	return s.journal.begin(func(id int) Entry {
		now := entry(s.Scenario.ID, e, c.Live())
		now.ID = id
		return now
	})
}

// ended tells the observer first: while he hangs, the connection counts as open.
func (s *Server) ended(e Entry) {
	if s.lab.options.Observe != nil {
		s.lab.options.Observe(e)
	}
	s.journal.end(e)
}

func dialect(p account.Protocol) wire.Dialect {
	return map[account.Protocol]wire.Dialect{
		account.IMAP: wire.IMAP, account.POP3: wire.POP3, account.Submission: wire.SMTP, account.HTTPS: wire.HTTP,
	}[p]
}

func tlsConfig(now served) *tls.Config {
	c := &tls.Config{
		Certificates: []tls.Certificate{now.shown().TLS()},
		MinVersion:   tls.VersionTLS12,
		MaxVersion:   now.maxVersion,
		// A resumed session skips the certificate, which is all that matters here.
		SessionTicketsDisabled: true,
	}
	if now.minVersion != 0 {
		c.MinVersion = now.minVersion
	}
	c.CipherSuites = now.ciphers // nil means those of today
	if c.MaxVersion != 0 && c.MaxVersion < c.MinVersion {
		c.MinVersion = c.MaxVersion
	}
	now.takeTurns(c)
	if now.clientCertificate {
		c.ClientAuth = tls.RequireAnyClientCert
	}
	return c
}

// Fingerprint returns the SHA-256 of the leaf that e is meant to present now, lower-case hex; "" for
// an endpoint that does not exist.
func (s *Server) Fingerprint(e account.Endpoint) string {
	p, err := s.port(e)
	if err != nil {
		return ""
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return fingerprint(p.now.shown())
}

// Presented returns the certificates that e is meant to present now, DER, the leaf first;
// none for an endpoint that does not exist.
func (s *Server) Presented(e account.Endpoint) [][]byte {
	p, err := s.port(e)
	if err != nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.now.shown().Raw)
}
