package lab

import (
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A publisher is the web server of the lab's CA, on a free port of 127.0.0.1. It starts when
// somebody asks for an address of it. It is safe for concurrent use.
type publisher struct {
	mu     sync.Mutex
	base   string
	server *http.Server
	done   chan struct{}
	closed bool
	pages  map[string]page
}

type page struct {
	contentType string
	body        func() []byte
}

// url returns the address of path, and "" when nothing can be published (any more).
func (p *publisher) url(path string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server == nil && !p.closed {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return ""
		}
		p.base, p.done = "http://"+listener.Addr().String(), make(chan struct{})
		server := &http.Server{Handler: p, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
		server.SetKeepAlivesEnabled(false)
		p.server = server
		go func() {
			defer close(p.done)
			_ = server.Serve(listener) // it ends with close
		}()
	}
	if p.closed {
		return ""
	}
	return p.base + path
}

// put publishes at path, and below it: an OCSP request by GET is a part of the path (RFC 6960
// appendix A.1).
func (p *publisher) put(path, contentType string, body func() []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pages == nil {
		p.pages = map[string]page{}
	}
	p.pages[path] = page{contentType, body}
}

func (p *publisher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found, ok := p.find(r.URL.Path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", found.contentType)
	_, _ = w.Write(found.body())
}

func (p *publisher) find(path string) (page, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if found, ok := p.pages[path]; ok || path == "" {
			return found, ok
		}
		path = path[:max(strings.LastIndexByte(path, '/'), 0)]
	}
}

func (p *publisher) close() {
	p.mu.Lock()
	server := p.server
	p.closed = true
	p.mu.Unlock()
	if server != nil {
		_ = server.Close()
		<-p.done
	}
}
