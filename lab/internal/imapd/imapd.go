// Package imapd serves the lab's mailbox over IMAP. go-imap reads the commands and writes the
// answers; what stands behind them is the store that the other protocols show too.
package imapd

import (
	"crypto/tls"
	"net"
	"sync"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"github.com/mailtlslab/mailtlslab/lab/internal/mailbox"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire"
)

// Options say what is served.
type Options struct {
	Store *mailbox.Store
	// Logf, when set, is told what the library complains about.
	Logf func(format string, args ...any)
}

// A Server serves the clear and the encrypted conversations of any number of listeners.
type Server struct {
	store   *mailbox.Store
	readers chan struct{}
	parts   wire.Parts
	wg      sync.WaitGroup
}

// maxReaders is how many clients search in the text of messages at once.
const maxReaders = 4

// New starts a server that waits for ServeConn.
func New(opts Options) *Server {
	s := &Server{store: opts.Store, readers: make(chan struct{}, maxReaders), parts: wire.NewParts()}
	// The wire begins TLS, so one library server announces STARTTLS and LOGINDISABLED and the
	// other allows a login. The empty configuration is never used: no STARTTLS reaches it.
	s.start(s.parts.Clear, &imapserver.Options{TLSConfig: &tls.Config{}}, opts)
	s.start(s.parts.Secure, &imapserver.Options{InsecureAuth: true}, opts)
	// A third announces STARTTLS and allows a login all the same, for connections that ask for it.
	s.start(s.parts.Open, &imapserver.Options{TLSConfig: &tls.Config{}, InsecureAuth: true}, opts)
	return s
}

func (s *Server) start(q *wire.Queue, o *imapserver.Options, opts Options) {
	o.NewSession = s.newSession
	o.Logger = logger(opts.Logf)
	o.Caps = imap.CapSet{
		imap.CapIMAP4rev1: {}, imap.CapNamespace: {}, imap.CapUIDPlus: {}, imap.CapMove: {},
		imap.CapESearch: {}, imap.CapSearchRes: {}, imap.CapListExtended: {}, imap.CapListStatus: {}, imap.CapStatusSize: {},
		imap.CapChildren: {}, imap.CapSpecialUse: {}, imap.CapCreateSpecialUse: {},
	}
	server := imapserver.New(o)
	s.wg.Go(func() { server.Serve(q) })
}

// ServeConn serves one conversation to its end.
func (s *Server) ServeConn(c net.Conn) { s.parts.ServeConn(c) }

// Close takes no more connections. Those under way are ended by their listener. The library's
// own Close is not used: it misses connections and waits for none.
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
