package lab

import (
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire"
)

// memory is what the device remembers of a server from earlier days.
type memory struct {
	root      []byte // of the proxy on the path, installed on the device
	exception string // fingerprint of the certificate that was trusted by hand
	session   account.Session
	ticketKey *[32]byte // nil where nothing is resumed
}

// remember makes the device's memories come true: the certificate it once trusted existed, and
// the session it keeps was agreed on with a healthy server.
func (s *Server) remember() (memory, error) {
	var m memory
	device := s.Scenario.Device
	if device.TrustsProxy {
		root, err := s.lab.authority.Proxy(proxyOn(s.Scenario.Path, account.IMAPS))
		if err != nil {
			return m, err
		}
		m.root = root.Raw
	}
	if device.OldException {
		service := s.Scenario.Service(account.IMAPS)
		old, err := s.lab.authority.Build(certs.Spec{Host: s.Host(), Faults: service.Chain, Outline: service.Outline})
		if err != nil {
			return m, fmt.Errorf("cannot build the certificate that was trusted: %w", err)
		}
		m.exception = fingerprint(old)
	}
	if device.OldSession {
		good, err := s.lab.authority.Build(certs.Spec{Host: s.Host()})
		if err != nil {
			return m, fmt.Errorf("cannot build the certificate of the kept session: %w", err)
		}
		m.ticketKey = new([32]byte)
		if _, err := rand.Read(m.ticketKey[:]); err != nil {
			return m, err
		}
		if m.session, err = agree(good, *m.ticketKey); err != nil {
			return m, fmt.Errorf("cannot make the session that is kept: %w", err)
		}
	}
	return m, nil
}

func (m memory) fill(set *account.Settings) {
	if m.root != nil {
		set.Roots = append(set.Roots, m.root)
	}
	if m.exception != "" {
		set.Exceptions = []account.Exception{{Host: set.Host, Port: set.Port, Fingerprint: m.exception}}
	}
	set.Session = m.session
}

// keepSessions lets clients resume, where the device remembers a session.
func (m memory) keepSessions(c *wire.Config) {
	if m.ticketKey == nil {
		return
	}
	c.Resume = true
	c.TLS.SessionTicketsDisabled = false
	c.TLS.SetSessionTicketKeys([][32]byte{*m.ticketKey})
}

// agree does one handshake with a server that has this certificate, in memory, and returns the
// session for which the server hands out a ticket.
func agree(good *certs.Bundle, key [32]byte) (account.Session, error) {
	near, far := net.Pipe()
	defer near.Close()
	server := tlsConfig(served{bundle: good})
	server.SessionTicketsDisabled = false
	server.SetSessionTicketKeys([][32]byte{key})
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer far.Close()
		// A failure shows at the other end.
		_, _ = tls.Server(far, server).Write([]byte{0})
	}()
	defer func() { <-done }()
	defer near.Close()
	kept := &ticket{}
	client := tls.Client(near, &tls.Config{InsecureSkipVerify: true, ServerName: "mail.lab.test", ClientSessionCache: kept})
	// Tickets come after the handshake (RFC 8446 section 4.6.1), so something has to be read.
	if _, err := client.Read(make([]byte, 1)); err != nil {
		return account.Session{}, err
	}
	if kept.session == nil {
		return account.Session{}, errors.New("no ticket came")
	}
	raw, state, err := kept.session.ResumptionState()
	if err != nil {
		return account.Session{}, err
	}
	data, err := state.Bytes()
	return account.Session{Ticket: raw, State: data}, err
}

// ticket is a cache for the one session that agree wants.
type ticket struct{ session *tls.ClientSessionState }

func (*ticket) Get(string) (*tls.ClientSessionState, bool)      { return nil, false }
func (t *ticket) Put(_ string, session *tls.ClientSessionState) { t.session = session }

// withMemory returns the settings after what a person does about them. To trust again is to
// renew an exception: where there is none, nothing was trusted.
func withMemory(a action.Action, set account.Settings) account.Settings {
	here := func(x account.Exception) bool { return x.Host == set.Host && x.Port == set.Port }
	switch a.Kind {
	case action.ForgetException:
		set.Exceptions = slices.DeleteFunc(slices.Clone(set.Exceptions), here)
	case action.TrustAgain:
		set.Exceptions = slices.Clone(set.Exceptions)
		for i, x := range set.Exceptions {
			if here(x) {
				set.Exceptions[i].Fingerprint = a.Fingerprint
			}
		}
	case action.ForgetSession:
		set.Session = account.Session{}
	}
	return set
}
