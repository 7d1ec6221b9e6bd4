// Package httpd shows the lab's mailbox as a web page.
package httpd

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/internal/mailbox"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire"
)

// Options say what is served.
type Options struct {
	Store    *mailbox.Store
	Hostname string // on the page
	Root     []byte // DER, offered for download when set
	// Published says what the domain publishes for mail programs, at each request; nil publishes nothing.
	Published func() []Setting
}

// A Server serves any number of connections.
type Server struct {
	opts  Options
	queue *wire.Queue
	http  *http.Server
	wg    sync.WaitGroup
}

// New starts a server that waits for ServeConn.
func New(opts Options) *Server {
	s := &Server{opts: opts, queue: wire.NewQueue()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.inbox)
	if len(opts.Root) > 0 {
		mux.HandleFunc("GET /root.cer", s.root)
	}
	if opts.Published != nil {
		mux.HandleFunc("GET /mail/config-v1.1.xml", s.autoconfig)
		mux.HandleFunc("GET /.well-known/autoconfig/mail/config-v1.1.xml", s.autoconfig)
		mux.HandleFunc("POST /autodiscover/autodiscover.xml", s.autodiscover)
		mux.HandleFunc("POST /Autodiscover/Autodiscover.xml", s.autodiscover)
	}
	s.http = &http.Server{
		Handler:           counted(mux),
		ConnContext:       withConn,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	s.wg.Go(func() { s.http.Serve(s.queue) })
	return s
}

// ServeConn serves one connection to its end.
func (s *Server) ServeConn(c net.Conn) { s.queue.Hand(c) }

// Close takes no more connections. Those under way are ended by their listener.
func (s *Server) Close() error {
	s.queue.Close()
	s.wg.Wait()
	return nil
}

type connKey struct{}

func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, wire.Find(c))
}

// counted notes each request, and a password sent along.
func counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _ := r.Context().Value(connKey{}).(*wire.Conn)
		conn.NoteCommand()
		if _, _, ok := r.BasicAuth(); ok {
			conn.NoteLogin(false)
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) root(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/x-x509-ca-cert")
	w.Write(s.opts.Root)
}

func (s *Server) inbox(w http.ResponseWriter, _ *http.Request) {
	p := page{Hostname: s.opts.Hostname, Address: s.opts.Store.Address(), Root: len(s.opts.Root) > 0}
	p.list(s.opts.Store)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	w.Header().Set("Cache-Control", "no-store")
	p.write(w)
}
