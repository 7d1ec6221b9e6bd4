package certs_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"testing"

	"github.com/mailtlslab/mailtlslab/certs"
)

// A key that does not match fails where the server proves that it has it, and nowhere before;
// with the certificate's own key the same handshake succeeds.
func TestWrongKeyFailsAtItsStage(t *testing.T) {
	a := authority(t)
	wrong := built(t, a, certs.WrongKey())
	right, err := a.Reissue(wrong, certs.Change{MatchKey: true})
	if err != nil {
		t.Fatal(err)
	}
	const refusal = "tls: invalid signature by the server certificate: ECDSA verification failure"
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			verified, clientErr, serverErr := handshake(a, wrong, version)
			if !verified || clientErr == nil || clientErr.Error() != refusal {
				t.Errorf("chain accepted: %t; the client says %v", verified, clientErr)
			}
			// Which alert it is depends on the client and the version.
			var alert *net.OpError
			if !errors.As(serverErr, &alert) || alert.Op != "remote error" {
				t.Errorf("the server says %v", serverErr)
			}
			if verified, clientErr, serverErr := handshake(a, right, version); !verified || clientErr != nil || serverErr != nil {
				t.Errorf("with its own key: chain accepted: %t; %v; %v", verified, clientErr, serverErr)
			}
		})
	}
}

// handshake connects a client that trusts the lab to a server with b, and reports whether the
// client got as far as accepting the chain.
func handshake(a *certs.Authority, b *certs.Bundle, version uint16) (verified bool, clientErr, serverErr error) {
	near, far := net.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- tls.Server(far, &tls.Config{Certificates: []tls.Certificate{b.TLS()}, MinVersion: version, MaxVersion: version, SessionTicketsDisabled: true}).Handshake()
		far.Close()
	}()
	roots := x509.NewCertPool()
	roots.AddCert(a.Root())
	clientErr = tls.Client(near, &tls.Config{
		ServerName: certs.DefaultHost, RootCAs: roots, Time: clock, MinVersion: version, MaxVersion: version,
		VerifyPeerCertificate: func(_ [][]byte, chains [][]*x509.Certificate) error {
			verified = len(chains) > 0
			return nil
		},
	}).Handshake()
	near.Close()
	return verified, clientErr, <-done
}
