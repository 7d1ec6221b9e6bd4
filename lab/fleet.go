package lab

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"sync/atomic"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// fleet fills in what stands behind one service: newer certificates on disk, further machines.
func (s *Server) fleet(service scenarios.Service, start *served) error {
	var err error
	if service.NotReloaded {
		if start.disk, err = s.bundle(certs.Outline{}, nil); err != nil {
			return fmt.Errorf("cannot build the certificate on disk: %w", err)
		}
	}
	for _, faults := range service.Backends {
		b, err := s.bundle(service.Outline, faults)
		if err != nil {
			return fmt.Errorf("cannot build the certificate of another machine: %w", err)
		}
		start.backends = append(start.backends, b)
	}
	start.firstBackend = service.FirstBackend
	return nil
}

// takeTurns lets connections meet one machine after the other. It begins anew whenever the
// endpoint is changed, so that the same looks see the same.
func (n served) takeTurns(c *tls.Config) {
	if len(n.backends) == 0 {
		return
	}
	machines := []tls.Certificate{n.shown().TLS()}
	for _, b := range n.backends {
		machines = append(machines, b.TLS())
	}
	turn := &atomic.Uint64{}
	first := uint64(n.firstBackend)
	c.Certificates = nil
	c.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		return &machines[(first+turn.Add(1)-1)%uint64(len(machines))], nil
	}
}

// reloadMail has a mail service load what is on disk. The web server is none.
func (n *served) reloadMail(e account.Endpoint) {
	if n.disk != nil && e.Protocol() != account.HTTPS {
		n.bundle, n.disk = n.disk, nil
	}
}

// repairBackends puts the certificate with this fingerprint on every machine; none means that of
// the machine on which the admin is.
func (n *served) repairBackends(want string) error {
	for _, b := range append([]*certs.Bundle{n.bundle}, n.backends...) {
		if want == "" || fingerprint(b) == want {
			n.bundle, n.backends = b, nil
			return nil
		}
	}
	return fmt.Errorf("no machine has the certificate %s", want)
}

func fingerprint(b *certs.Bundle) string { return sha256Hex(b.Raw[0]) }

func sha256Hex(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}
