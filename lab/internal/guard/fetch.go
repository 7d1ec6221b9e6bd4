package guard

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
)

// Bounds of every fetch.
const (
	maxHeader    = 64 << 10
	maxRedirects = 3
)

// A Way is how things are fetched for one stranger.
type Way struct {
	Guard
	Resolver *net.Resolver // nil is the system's
	// Addresses says where to dial instead of asking DNS, "host:port" to "address:port". Whoever
	// runs this program said so, and no guard asks about it.
	Addresses map[string]string
	// Dial connects, when set, to an address that was resolved and checked.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Proxy returns the proxy for a request, nil for none. What is asked for through one is
	// resolved and checked first.
	Proxy func(*http.Request) (*url.URL, error)
}

// A Request is one thing to fetch, and the most bytes that are read of it.
type Request struct {
	Method, URL string
	Scheme      string // the only one that is followed
	Header      http.Header
	Body        []byte
	Most        int64
}

// Fetch makes one request, and follows at most three redirects. What comes is bounded as it came
// over the wire: nothing is unpacked. It takes no longer than ctx lets it.
func (w Way) Fetch(ctx context.Context, q Request) ([]byte, error) {
	f := &fetching{Way: w}
	u, err := url.Parse(q.URL)
	if err != nil {
		return nil, fmt.Errorf("not an address: %w", err)
	}
	if err := follow(u, q.Scheme); err != nil {
		return nil, err
	}
	var body io.Reader
	if len(q.Body) > 0 {
		body = bytes.NewReader(q.Body)
	}
	req, err := http.NewRequestWithContext(ctx, q.Method, u.String(), body)
	if err != nil {
		return nil, err
	}
	for name, values := range q.Header {
		req.Header[name] = slices.Clone(values)
	}
	client := &http.Client{Transport: f, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects {
			return errors.New("too many redirects")
		}
		// The server that redirects is a stranger too.
		f.From = max(f.from(), f.hop)
		return follow(r.URL, q.Scheme)
	}}
	res, err := client.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // who asks knows the address
		}
		if r, ok := errors.AsType[*Refusal](err); ok {
			err = r
		}
		return nil, err
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("the server answers %.60q", res.Status)
	case res.ContentLength > q.Most:
		return nil, tooLarge(q.Most)
	}
	got, err := io.ReadAll(io.LimitReader(res.Body, q.Most+1))
	if err == nil && int64(len(got)) > q.Most {
		err = tooLarge(q.Most)
	}
	if err != nil {
		return nil, err
	}
	return got, nil
}

func tooLarge(most int64) error { return fmt.Errorf("the answer is larger than %d KiB", most>>10) }

// follow refuses an address that is not fetched whoever names it.
func follow(u *url.URL, scheme string) error {
	if u.Scheme == scheme && u.Hostname() != "" && u.User == nil {
		return nil
	}
	if scheme == "http" {
		scheme = "plain http"
	}
	return fmt.Errorf("only %s is fetched, not %.60q", scheme, u.Redacted())
}

// A fetching is the work on one request: each of its hops is a round trip with a connection of its own.
type fetching struct {
	Way
	hop Rank // of the server that answered last
}

// RoundTrip is that of http.RoundTripper.
func (f *fetching) RoundTrip(r *http.Request) (*http.Response, error) {
	dial := f.dial
	var proxy func(*http.Request) (*url.URL, error)
	if f.Proxy != nil {
		switch via, err := f.Proxy(r); {
		case err != nil:
			return nil, err
		case via != nil:
			if err := f.checkTarget(r); err != nil {
				return nil, err
			}
			proxy, dial = http.ProxyURL(via), (&net.Dialer{KeepAlive: -1}).DialContext
		}
	}
	t := &http.Transport{
		DialContext: dial, Proxy: proxy, DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: maxHeader,
		// Nothing is judged here: the certificate is, when the diagnosis looks at this server.
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}
	return t.RoundTrip(r)
}

// dial connects to an address that the stranger may name.
func (f *fetching) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if mapped, ok := f.Addresses[address]; ok {
		conn, err := (&net.Dialer{KeepAlive: -1}).DialContext(ctx, network, mapped)
		return f.reached(conn), err
	}
	if f.Dial == nil {
		d := &net.Dialer{Resolver: f.Resolver, KeepAlive: -1, Control: f.Control}
		conn, err := d.DialContext(ctx, network, address)
		return f.reached(conn), err
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	all, err := f.resolve(ctx, host, port)
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		if err = f.Check(a); err == nil {
			f.hop = RankOf(a.Addr())
			return f.Dial(ctx, network, a.String())
		}
	}
	return nil, err
}

// reached notes whom a connection leads to.
func (f *fetching) reached(conn net.Conn) net.Conn {
	if conn != nil {
		f.hop = Most(conn.RemoteAddr().String())
		return conn
	}
	return nil
}

// checkTarget refuses what a proxy is not to be asked for. It resolves the name by itself and takes
// which address it likes, so that all of them have to be right.
func (f *fetching) checkTarget(r *http.Request) error {
	port := r.URL.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[r.URL.Scheme]
	}
	host := r.URL.Hostname()
	if _, ok := f.Addresses[net.JoinHostPort(host, port)]; ok {
		return nil
	}
	all, err := f.resolve(r.Context(), host, port)
	if err != nil {
		return err
	}
	for _, a := range all {
		if err := f.Check(a); err != nil {
			return err
		}
		f.hop = max(f.hop, RankOf(a.Addr()))
	}
	return nil
}

// resolve returns the addresses of a name, at least one.
func (f *fetching) resolve(ctx context.Context, host, port string) ([]netip.AddrPort, error) {
	resolver := f.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	n, err := resolver.LookupPort(ctx, "tcp", port)
	if err != nil {
		return nil, err
	}
	ips, err := resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	if len(ips) == 0 {
		return nil, errors.New("the name has no address")
	}
	var out []netip.AddrPort
	for _, ip := range ips {
		out = append(out, netip.AddrPortFrom(ip.Unmap(), uint16(n)))
	}
	return out, nil
}
