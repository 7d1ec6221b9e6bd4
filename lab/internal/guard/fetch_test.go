package guard

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// counted is a web server that nobody may come to.
func counted(t *testing.T) (port string, hits *atomic.Int32) {
	t.Helper()
	hits = new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		hits.Add(1)
		_, _ = io.WriteString(w, "secret")
	}))
	t.Cleanup(s.Close)
	_, port, _ = net.SplitHostPort(s.Listener.Addr().String())
	return port, hits
}

func get(address string) Request {
	return Request{Method: http.MethodGet, URL: address, Scheme: "http", Most: 64 << 10}
}

func isRefusal(err error) bool {
	_, ok := errors.AsType[*Refusal](err)
	return ok
}

// However this machine is written, a stranger does not get there, neither at once nor by a redirect.
func TestSpellings(t *testing.T) {
	port, hits := counted(t)
	var to atomic.Value
	public := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, to.Load().(string), http.StatusFound)
	}))
	defer public.Close()
	w := Way{Addresses: map[string]string{"public.example:80": public.Listener.Addr().String()}, Resolver: names(t, nil)}
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0", "[::]", "[0:0:0:0:0:0:0:1]", "[::1%25lo]", "127.1",
		"2130706433", "0x7f000001", "0177.0.0.1", "", "user@127.0.0.1", "127.0.0.1.", "localhost."} {
		address := "http://" + host + ":" + port + "/"
		to.Store(address)
		for _, from := range []string{address, "http://public.example/"} {
			if got, err := w.Fetch(t.Context(), get(from)); err == nil {
				t.Errorf("%s by way of %s: %q", address, from, got)
			}
		}
	}
	if n := hits.Load(); n > 0 {
		t.Errorf("it was asked %d times", n)
	}
	w.From = Loopback
	for _, address := range []string{"http://127.0.0.1:" + port, "http://[::ffff:127.0.0.1]:" + port} {
		if got, err := w.Fetch(t.Context(), get(address)); err != nil || string(got) != "secret" {
			t.Errorf("a server on this machine names it: %q, %v", got, err)
		}
	}
}

// names starts a name server: what it answers about a name, one after the other, the last for good.
func names(t *testing.T, records map[string][]string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	started := make(chan struct{})
	s := &dns.Server{PacketConn: conn, NotifyStartedFunc: func() { close(started) }, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		mu.Lock()
		defer mu.Unlock()
		m, name := new(dns.Msg).SetReply(q), q.Question[0].Name
		all := records[name]
		if len(all) == 0 {
			m.Rcode = dns.RcodeNameError
		} else if q.Question[0].Qtype == dns.TypeA {
			m.Answer = append(m.Answer, &dns.A{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.ParseIP(all[0])})
			records[name] = all[min(1, len(all)-1):]
		}
		_ = w.WriteMsg(m)
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.ActivateAndServe() }()
	<-started
	t.Cleanup(func() { _ = s.Shutdown(); <-done })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// A name that means a public address when it is checked, and this machine when it is dialled.
func TestRebinding(t *testing.T) {
	port, hits := counted(t)
	for range 3 {
		records := map[string][]string{"evil.example.": {"203.0.113.7", "127.0.0.1"}}
		var dialled []string
		w := Way{Resolver: names(t, records), Dial: func(_ context.Context, _, address string) (net.Conn, error) {
			dialled = append(dialled, address)
			return nil, io.EOF
		}}
		_, _ = w.Fetch(t.Context(), get("http://evil.example/"))
		if len(dialled) != 1 || dialled[0] != "203.0.113.7:80" {
			t.Errorf("%q was dialled", dialled)
		}
		w.Dial = nil
		if _, err := w.Fetch(t.Context(), get("http://evil.example:"+port+"/")); !isRefusal(err) {
			t.Errorf("now it is this machine: %v", err)
		}
	}
	if hits.Load() > 0 {
		t.Error("this machine was asked")
	}
}

// A server that redirects is a stranger as well: what it names is no less public than it is.
func TestRedirectsAreNamedByWhoRedirects(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, map[string]string{"/": "http://203.0.113.7/back", "/back": "http://127.0.0.1/secret"}[r.URL.Path], http.StatusFound)
	}))
	defer s.Close()
	var dialled []string
	w := Way{Guard: Guard{From: Loopback}, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		dialled = append(dialled, address)
		return (&net.Dialer{}).DialContext(ctx, network, s.Listener.Addr().String())
	}}
	_, err := w.Fetch(t.Context(), get("http://127.0.0.1/"))
	if !isRefusal(err) || strings.Join(dialled, " ") != "127.0.0.1:80 203.0.113.7:80" {
		t.Errorf("%q were dialled, then: %v", dialled, err)
	}
}

func TestProxy(t *testing.T) {
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.String())
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "http://10.1.2.3/", http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, "fetched")
	}))
	defer proxy.Close()
	at, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "ALL_PROXY"} {
		t.Setenv(name, proxy.URL)
	}
	port, _ := counted(t)
	own := Way{Guard: Guard{From: Loopback}}
	if got, err := own.Fetch(t.Context(), get("http://127.0.0.1:"+port)); err != nil || string(got) != "secret" || len(asked) > 0 {
		t.Errorf("the environment's proxy was used: %q, %v, %q", got, err, asked)
	}
	w := Way{Proxy: func(*http.Request) (*url.URL, error) { return at, nil }, Resolver: names(t, map[string][]string{"in.example.": {"10.1.2.3"}})}
	if got, err := w.Fetch(t.Context(), get("http://203.0.113.7/x")); err != nil || string(got) != "fetched" {
		t.Errorf("%q, %v", got, err)
	}
	for _, address := range []string{"http://10.1.2.3/", "http://in.example/", "http://203.0.113.7/away", "http://203.0.113.7:25/"} {
		if _, err := w.Fetch(t.Context(), get(address)); !isRefusal(err) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if got := strings.Join(asked, " "); got != "http://203.0.113.7/x http://203.0.113.7/away" {
		t.Errorf("the proxy was asked for %s", got)
	}
}

// What a server sends is bounded as it comes, and nothing is unpacked.
func TestBounds(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for range 20 {
		_, _ = z.Write(make([]byte, 1<<20))
	}
	_ = z.Close()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes())
		case "/declared":
			w.Header().Set("Content-Length", "1073741824")
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		case "/endless":
			for {
				if _, err := w.Write(make([]byte, 4096)); err != nil {
					return
				}
			}
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		case "/header":
			w.Header().Set("X", strings.Repeat("a", 1<<20))
		}
	}))
	defer s.Close()
	w := Way{Guard: Guard{From: Loopback}}
	q := func(path string) Request { return get(s.URL + path) }
	if got, err := w.Fetch(t.Context(), q("/bomb")); err != nil || !bytes.Equal(got, bomb.Bytes()) {
		t.Errorf("a bomb: %d bytes, %v", len(got), err)
	}
	for path, want := range map[string]string{"/declared": "larger than 64 KiB", "/endless": "larger than 64 KiB", "/loop": "too many redirects", "/file": "only plain http", "/header": "exceeded"} {
		if got, err := w.Fetch(t.Context(), q(path)); err == nil || !strings.Contains(err.Error(), want) || got != nil {
			t.Errorf("%s: %d bytes, %v", path, len(got), err)
		}
	}
}

// Whoever gives up does not wait.
func TestCancelled(t *testing.T) {
	reached := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		close(reached)
		<-r.Context().Done()
	}))
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	go func() { <-reached; cancel() }()
	if _, err := (Way{Guard: Guard{From: Loopback}}).Fetch(ctx, get(s.URL)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// Whatever address a stranger writes, what is followed has the scheme that was meant, a host, and no
// password in it.
func FuzzFollow(f *testing.F) {
	for _, seed := range []string{"http://a.example/x", "http://:80", "http://u@h", "https://h", "file:///etc/passwd", "http:opaque", "http://[::1%25lo]:80/", "HTTP://H", "http://h:99999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		u, err := url.Parse(address)
		if err != nil || follow(u, "http") != nil {
			return
		}
		if u.Scheme != "http" || u.Hostname() == "" || u.User != nil {
			t.Errorf("%q is followed", address)
		}
	})
}
