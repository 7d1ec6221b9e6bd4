package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"strings"
	"syscall"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

// handshake runs TLS with verification off, and writes down what it showed, also when it fails.
func (s *Session) handshake() error {
	seen := s.beginTLS()
	s.tls = tls.Client(s.link, s.config(seen))
	err := s.tls.Handshake()
	state := s.tls.ConnectionState() // what was agreed on so far, also after an error
	seen.Version, seen.Cipher, seen.ALPN = state.Version, state.CipherSuite, state.NegotiatedProtocol
	seen.Staple, seen.Complete, seen.Resumed = state.OCSPResponse, err == nil, state.DidResume
	if err != nil && seen.Version == 0 {
		seen.Chosen = versionInRecords(s.link.tape)
	}
	if s.tape != nil {
		*s.tape = s.link.tape
	}
	s.keepBytes(seen)
	if err == nil {
		s.link.tape, s.link.due = nil, false
		s.talk = newLines(s.tls)
		return nil
	}
	if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		if a, ok := s.link.lateAlertIn(); ok {
			return a
		}
	}
	return err
}

// keepBytes writes down what came where TLS was due.
func (s *Session) keepBytes(seen *TLS) {
	s.obs.Injected, s.obs.Raw = s.link.injected, s.link.raw
	seen.Received = s.link.received - s.link.before
}

// beginTLS enters the stage, with what came in the same breath as the answer to STARTTLS.
func (s *Session) beginTLS() *TLS {
	s.begin(Handshaking)
	early, _ := s.talk.r.Peek(s.talk.r.Buffered())
	s.link.expectTLS(s.obs.Settings.Mode == account.StartTLS, early)
	s.obs.TLS = &TLS{}
	return s.obs.TLS
}

func (s *Session) config(seen *TLS) *tls.Config {
	c := &tls.Config{
		ServerName: s.obs.Settings.SNI(),
		MinVersion: s.obs.Settings.MinVersion,
		MaxVersion: s.obs.Settings.MaxVersion,
		// Nothing is judged here; the diagnosis judges the chain as it was sent.
		InsecureSkipVerify:     true,
		SessionTicketsDisabled: true, // a resumed session shows no certificate
		CipherSuites:           allSuites(),
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			seen.ClientCertificate = true
			return &tls.Certificate{}, nil
		},
	}
	// Called when the Certificate message was read, before the signature is checked.
	c.VerifyConnection = func(state tls.ConnectionState) error {
		for _, cert := range state.PeerCertificates {
			seen.Chain = append(seen.Chain, cert.Raw)
		}
		return nil
	}
	if s.obs.Settings.SmallHello {
		c.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521}
	}
	if c.MinVersion == 0 {
		c.MinVersion = tls.VersionTLS10
	}
	s.offer(c)
	if s.protocol() == account.HTTPS {
		c.NextProtos = []string{"http/1.1"}
	}
	return c
}

// allSuites returns what crypto/tls knows, the weak ones last, so that an old server shows its
// certificate too.
func allSuites() []uint16 {
	var out []uint16
	for _, suite := range tls.CipherSuites() {
		out = append(out, suite.ID)
	}
	for _, suite := range tls.InsecureCipherSuites() {
		out = append(out, suite.ID)
	}
	return out
}

// unreadable reports whether crypto/tls gave up on the certificates before it showed them.
func unreadable(o Observation) bool {
	if o.TLS == nil || o.Outcome != BadTLS || len(o.TLS.Chain) > 0 {
		return false
	}
	for _, text := range []string{
		"tls: failed to parse certificate from server",
		"tls: server sent certificate containing RSA key larger than",
		"tls: server's certificate contains an unsupported type of public key",
	} {
		if strings.Contains(o.Error, text) {
			return true
		}
	}
	return false
}

// readFromRecords looks once more, with at most TLS 1.2, where the Certificate message travels
// in the clear, and takes the chain from the recorded bytes.
func (s *Session) readFromRecords(ctx context.Context) {
	settings := s.obs.Settings
	settings.MinVersion, settings.MaxVersion = tls.VersionTLS10, tls.VersionTLS12
	second := s.p.session(settings)
	second.end = s.end
	var tape []byte
	second.tape = &tape
	second.run(ctx)
	second.Close()
	if chain := chainInRecords(tape); len(chain) > 0 {
		s.obs.TLS.Chain, s.obs.TLS.FromRecords = chain, true
	}
}
