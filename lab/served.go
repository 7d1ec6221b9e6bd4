package lab

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"slices"

	"mailtlslab/certs"
	"mailtlslab/lab/account"
	"mailtlslab/lab/fault"
	"mailtlslab/lab/internal/wire"
)

// served is what a new connection to one endpoint meets. Actions edit it; they see nothing else.
type served struct {
	bundle            *certs.Bundle
	mode              account.Mode
	protocol          account.Protocol
	maxVersion        uint16 // 0 is the newest
	clientCertificate bool
	nameless          *certs.Bundle // for clients that send no server name; nil is bundle
	unknownName       bool          // the account's server name is refused
	publishedHost     string        // what the domain publishes for this endpoint
	wire              fault.Plan
	path              account.Path
}

// starting returns what the scenario wants served on e.
func (s *Server) starting(e account.Endpoint) (served, error) {
	service := s.Scenario.Service(e)
	bundle, err := s.bundle(service.Chain)
	if err != nil {
		return served{}, fmt.Errorf("cannot build the certificate for %s: %w", e, err)
	}
	start := served{
		bundle: bundle, mode: e.Mode(), protocol: e.Protocol(), maxVersion: service.MaxVersion,
		clientCertificate: service.ClientCertificate, wire: service.Wire, path: s.Scenario.Path,
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
	return start, nil
}

// bundle returns the chain with these faults, the same one for all endpoints that share them:
// a server has one certificate, and minting is most of what starting costs.
func (s *Server) bundle(faults []certs.Fault) (*certs.Bundle, error) {
	key := fmt.Sprintf("%+v", faults)
	if b, ok := s.bundles[key]; ok {
		return b, nil
	}
	b, err := s.lab.authority.Build(certs.Spec{Host: s.Scenario.AccountHost(), Faults: faults})
	if err == nil {
		s.bundles[key] = b
	}
	return b, err
}

// portalAnswer is what a hotspot says to whatever it is sent.
const portalAnswer = "HTTP/1.1 302 Found\r\nLocation: http://portal.test/login\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

func (s *Server) config(e account.Endpoint, now served) *wire.Config {
	c := &wire.Config{
		Plan:     now.wire,
		Implicit: now.mode == account.ImplicitTLS,
		Dialect:  dialect(now.protocol),
		Handler:  s.daemons[now.protocol],
		Done:     func(r wire.Record) { s.note(entry(s.Scenario.ID, e, r)) },
	}
	if now.mode != account.Plaintext {
		c.TLS = byName(tlsConfig(now), now)
	}
	if now.path == account.CaptivePortal {
		c.Plan = fault.Plan{Portal: portalAnswer}
	}
	return c
}

func (s *Server) note(e Entry) {
	s.journal.add(e)
	if s.lab.options.Observe != nil {
		s.lab.options.Observe(e)
	}
}

func dialect(p account.Protocol) wire.Dialect {
	return map[account.Protocol]wire.Dialect{
		account.IMAP: wire.IMAP, account.POP3: wire.POP3, account.Submission: wire.SMTP, account.HTTPS: wire.HTTP,
	}[p]
}

func tlsConfig(now served) *tls.Config {
	c := &tls.Config{
		Certificates: []tls.Certificate{now.bundle.TLS()},
		MinVersion:   tls.VersionTLS12,
		MaxVersion:   now.maxVersion,
		// A resumed session skips the certificate, which is all that matters here.
		SessionTicketsDisabled: true,
	}
	if c.MaxVersion != 0 && c.MaxVersion < c.MinVersion {
		c.MinVersion = c.MaxVersion
	}
	if now.clientCertificate {
		c.ClientAuth = tls.RequireAnyClientCert
	}
	return c
}

// Fingerprint returns the SHA-256 of the leaf that e is meant to present now, lower-case hex.
func (s *Server) Fingerprint(e account.Endpoint) string {
	p := s.ports[e]
	p.mu.Lock()
	defer p.mu.Unlock()
	sum := sha256.Sum256(p.now.bundle.Raw[0])
	return hex.EncodeToString(sum[:])
}

// Presented returns the certificates that e is meant to present now, DER, the leaf first.
func (s *Server) Presented(e account.Endpoint) [][]byte {
	p := s.ports[e]
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.now.bundle.Raw)
}
