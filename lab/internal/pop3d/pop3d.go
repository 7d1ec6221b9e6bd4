// Package pop3d serves the lab's mailbox over POP3: RFC 1939, with CAPA (RFC 2449), STLS
// (RFC 2595) and AUTH PLAIN (RFC 5034).
package pop3d

import (
	"net"
	"sync"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/internal/mailbox"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire"
)

const idleTimeout = 10 * time.Minute // RFC 1939 section 3

// Options say what is served.
type Options struct {
	Store    *mailbox.Store
	Hostname string // in the greeting
}

// A Server serves any number of connections.
type Server struct {
	opts Options

	mu     sync.Mutex
	closed bool
}

// New returns a server that waits for ServeConn.
func New(opts Options) *Server { return &Server{opts: opts} }

// ServeConn serves one conversation to its end. STLS never arrives here: the wire begins TLS.
func (s *Server) ServeConn(c net.Conn) {
	defer c.Close()
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return
	}
	conn := wire.Find(c)
	ses := session{
		store: s.opts.Store, hostname: s.opts.Hostname, secure: wire.IsTLS(c), open: conn.ClearLogins(), noteLogin: conn.NoteLogin,
		extend: func() error { return c.SetDeadline(time.Now().Add(idleTimeout)) },
	}
	ses.serve(c)
}

// Close takes no more connections. Those under way are ended by their listener.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}
