package discover

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

// Bounds of what is read from a web server.
const (
	maxDocument  = 256 << 10
	maxHeader    = 64 << 10
	maxRedirects = 3
)

// nobody stands in a request that cannot do without an address, in place of the person's own.
const nobody = "postmaster"

// documents are the pages that mail programs ask. Nothing but https: what comes over plain http
// can be anybody's, and a document is where the password goes next.
func (f *Finder) documents(domain string) []place {
	page := func(method, address string) place {
		return place{address, func(ctx context.Context) ([]account.Settings, error) { return f.document(ctx, method, address, domain) }}
	}
	return []place{
		page(http.MethodGet, "https://autoconfig."+domain+"/mail/config-v1.1.xml"),
		page(http.MethodGet, "https://"+domain+"/.well-known/autoconfig/mail/config-v1.1.xml"),
		page(http.MethodPost, "https://autodiscover."+domain+"/autodiscover/autodiscover.xml"),
		page(http.MethodPost, "https://"+domain+"/autodiscover/autodiscover.xml"),
	}
}

// request is what autodiscover wants to be asked: [MS-OXDSCLI] section 2.2.3. It needs an address
// of the domain; the mailbox that every domain has stands in it (RFC 5321 section 4.5.1).
func request(domain string) string {
	return `<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request>` +
		`<EMailAddress>` + nobody + "@" + domain + `</EMailAddress>` +
		`<AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>`
}

func (f *Finder) document(ctx context.Context, method, address, domain string) ([]account.Settings, error) {
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(request(domain))
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "mailtlslab")
	if body != nil {
		req.Header.Set("Content-Type", "text/xml; charset=utf-8")
	}
	transport := &http.Transport{
		DialContext: f.dial, DisableKeepAlives: true, MaxResponseHeaderBytes: maxHeader,
		// Nothing is judged here: the certificate is, when the diagnosis looks at this server.
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: redirect}
	res, err := client.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // the address is said already
		}
		if gone, ok := errors.AsType[*net.DNSError](err); ok && gone.IsNotFound {
			err = errors.New("there is no server of this name")
		}
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answers %.60q", res.Status)
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, maxDocument+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > maxDocument:
		return nil, fmt.Errorf("the document is larger than %d KiB", maxDocument>>10)
	case method == http.MethodPost:
		return readAutodiscover(data)
	}
	return readAutoconfig(data, domain)
}

func redirect(r *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return errors.New("too many redirects")
	}
	if r.URL.Scheme != "https" || r.URL.User != nil {
		return fmt.Errorf("it leads to %.60q, and only https is followed", r.URL.Redacted())
	}
	return nil
}

// dial connects to the mapped address, or asks the finder's resolver.
func (f *Finder) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if mapped, ok := f.Addresses[address]; ok {
		address = mapped
	}
	return (&net.Dialer{Resolver: f.Resolver, KeepAlive: -1}).DialContext(ctx, network, address)
}
