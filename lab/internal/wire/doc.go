// Package wire is the one listener under every server of the lab. In this order it accepts a
// connection, records its first bytes, tracks it, gates the plaintext lines, begins TLS, and
// hands what is left to a daemon.
//
// TLS is begun here for both kinds of port, never by the mail libraries: they hide how a
// handshake failed, and one of them goes on in the clear after it. A daemon is given first the
// clear conversation and then, after STARTTLS, the encrypted one as a new connection whose
// greeting is swallowed.
package wire

import (
	"crypto/tls"
	"net"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/fault"
)

// A Dialect says how plaintext looks: tags, verbs, replies of several lines.
type Dialect string

// The dialects the wire can read.
const (
	IMAP Dialect = "imap"
	POP3 Dialect = "pop3"
	SMTP Dialect = "smtp"
	HTTP Dialect = "http" // passed through unread
)

// A Config is what a connection meets. It is not changed after it was given to a Listener.
type Config struct {
	Plan     fault.Plan  // what goes wrong below TLS
	Implicit bool        // TLS from the first byte
	TLS      *tls.Config // nil means none: STARTTLS is then neither offered nor accepted
	Dialect  Dialect
	Handler  Handler
	// Preauth greets everybody as logged in already, in the clear and in IMAP only; STARTTLS is
	// then refused (RFC 9051 section 6.2.1).
	Preauth bool
	// ClearLogins has the daemon take passwords before TLS.
	ClearLogins bool
	// Opened, when set, is told of every connection when it is accepted, and returns the number
	// that its Record has. It may keep the connection for Live.
	Opened func(*Conn) int
	// Done, when set, is told once of every connection, after it has ended. It must not call
	// Close of the listener.
	Done func(Record)
	// Resume lets clients resume sessions, with the ticket keys of TLS.
	Resume bool
	// Limits bound the connections, of this listener and of all that share them; nil does not.
	Limits *Limits
	// HandshakeTimeout bounds a TLS handshake; zero means 10 seconds.
	HandshakeTimeout time.Duration
}

// A Handler speaks a protocol. ServeConn returns when the conversation is over. IsTLS tells
// whether it is encrypted, Find leads to the place where commands and logins are noted.
type Handler interface{ ServeConn(c net.Conn) }

const handshakeTimeout = 10 * time.Second

// prepared returns a copy of c whose TLS configuration never resumes a session, unless that is
// wanted: a resumed handshake carries no certificate, which is all this lab is about.
func (c *Config) prepared() *Config {
	out := *c
	if out.HandshakeTimeout == 0 {
		out.HandshakeTimeout = handshakeTimeout
	}
	if c.Resume {
		return &out
	}
	out.TLS = ticketless(c.TLS)
	if out.TLS == nil || out.TLS.GetConfigForClient == nil {
		return &out
	}
	choose := out.TLS.GetConfigForClient
	out.TLS.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		cfg, err := choose(hello)
		return ticketless(cfg), err
	}
	return &out
}

func ticketless(c *tls.Config) *tls.Config {
	if c == nil {
		return nil
	}
	c = c.Clone()
	c.SessionTicketsDisabled = true
	return c
}
