// Package smtpd takes mail for submission (RFC 6409), with go-smtp.
package smtpd

import (
	"crypto/tls"
	"net"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/mailtlslab/mailtlslab/lab/internal/mailbox"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire"
)

const idleTimeout = 5 * time.Minute // RFC 5321 section 4.5.3.2.7

// Options say what is served.
type Options struct {
	Store    *mailbox.Store
	Hostname string // in the greeting
	// Logf, when set, is told what the library complains about.
	Logf func(format string, args ...any)
}

// A Server serves the clear and the encrypted conversations of any number of listeners.
type Server struct {
	store *mailbox.Store
	parts wire.Parts
	wg    sync.WaitGroup
}

// New starts a server that waits for ServeConn.
func New(opts Options) *Server {
	s := &Server{store: opts.Store, parts: wire.NewParts()}
	// The wire begins TLS, so one library server announces STARTTLS and no AUTH, and the other
	// the reverse. The empty configuration is never used: no STARTTLS reaches it.
	s.start(s.parts.Clear, opts, func(l *smtp.Server) { l.TLSConfig = &tls.Config{} })
	s.start(s.parts.Secure, opts, func(l *smtp.Server) { l.AllowInsecureAuth = true })
	// A third announces both, for connections that ask for it.
	s.start(s.parts.Open, opts, func(l *smtp.Server) { l.TLSConfig, l.AllowInsecureAuth = &tls.Config{}, true })
	return s
}

func (s *Server) start(q *wire.Queue, opts Options, adjust func(*smtp.Server)) {
	server := smtp.NewServer(smtp.BackendFunc(s.newSession))
	server.Domain = opts.Hostname
	server.MaxMessageBytes = mailbox.MaxSize
	server.MaxRecipients = 100
	server.ReadTimeout = idleTimeout
	server.WriteTimeout = time.Minute
	server.ErrorLog = logger(opts.Logf)
	adjust(server)
	s.wg.Go(func() { server.Serve(q) })
}

// ServeConn serves one conversation to its end.
func (s *Server) ServeConn(c net.Conn) { s.parts.ServeConn(c) }

// Close takes no more connections. Those under way are ended by their listener. The library's
// own Close is not used: it races with connections and may hang.
func (s *Server) Close() error {
	s.parts.Close()
	s.wg.Wait()
	return nil
}

type logger func(format string, args ...any)

func (l logger) Printf(format string, args ...any) {
	if l != nil {
		l(format, args...)
	}
}

func (l logger) Println(args ...any) { l.Printf("%v", args) }
