package lab

import (
	"net"
	"net/http"
	"path"
	"sync"
	"time"
)

// A publisher is the web server of the lab's CA, on a free port of 127.0.0.1. It starts when
// somebody first asks for an address of it. It is safe for concurrent use.
type publisher struct {
	bound func(net.Listener) net.Listener // nil does not bound its connections

	mu     sync.Mutex
	base   string
	server *http.Server
	ended  sync.WaitGroup
	closed bool
	pages  map[string]published
}

type published struct {
	contentType string
	body        func() []byte
}

// url returns the address of path, and "" when nothing can be published, or no longer.
func (p *publisher) url(path string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ""
	}
	if p.server == nil {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return ""
		}
		if p.bound != nil {
			listener = p.bound(listener)
		}
		server := &http.Server{Handler: p, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10}
		server.SetKeepAlivesEnabled(false)
		p.server, p.base = server, "http://"+listener.Addr().String()
		p.ended.Go(func() { _ = server.Serve(listener) }) // until close
	}
	return p.base + path
}

// put publishes at path, and below it: RFC 6960 appendix A.1 makes an OCSP request by GET a part
// of the path.
func (p *publisher) put(path, contentType string, body func() []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pages == nil {
		p.pages = map[string]published{}
	}
	p.pages[path] = published{contentType, body}
}

func (p *publisher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	found := p.pages[r.URL.Path]
	for at := path.Dir(r.URL.Path); found.body == nil && len(at) > 1; at = path.Dir(at) {
		found = p.pages[at]
	}
	p.mu.Unlock()
	if found.body == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", found.contentType)
	_, _ = w.Write(found.body())
}

func (p *publisher) close() {
	p.mu.Lock()
	p.closed = true
	if p.server != nil {
		_ = p.server.Close()
	}
	p.mu.Unlock()
	p.ended.Wait()
}
