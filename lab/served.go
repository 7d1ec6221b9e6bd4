package lab

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
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
	spec := certs.Spec{Host: s.Scenario.AccountHost(), Faults: faults}
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
		Done:     func(r wire.Record) { s.note(entry(s.Scenario.ID, e, r)) },
	}
	if now.mode != account.Plaintext {
		c.TLS = tlsConfig(now)
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
	return fingerprint(p.now.bundle.Raw[0])
}

// fingerprint returns the SHA-256 of a certificate, lower-case hex.
func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// Presented returns the certificates that e is meant to present now, DER, the leaf first.
func (s *Server) Presented(e account.Endpoint) [][]byte {
	p := s.ports[e]
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.now.bundle.Raw)
}
