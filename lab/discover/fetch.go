package discover

import (
	"context"
	"net/http"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/internal/guard"
)

// maxDocument bounds what is read from a web server, in bytes.
const maxDocument = 256 << 10

// nobody stands in a request that cannot do without an address, in place of the person's own.
const nobody = "postmaster"

// A page is a document that mail programs ask for.
type page struct {
	method, host, address string
	domain                string
}

// documents are the pages that mail programs ask. Nothing but https: what comes over plain http
// can be anybody's, and a document is where the password goes next.
func (f *Finder) documents(domain string) []page {
	at := func(method, host, path string) page { return page{method, host, "https://" + host + path, domain} }
	return []page{
		at(http.MethodGet, "autoconfig."+domain, "/mail/config-v1.1.xml"),
		at(http.MethodGet, domain, "/.well-known/autoconfig/mail/config-v1.1.xml"),
		at(http.MethodPost, "autodiscover."+domain, "/autodiscover/autodiscover.xml"),
		at(http.MethodPost, domain, "/autodiscover/autodiscover.xml"),
	}
}

// request is what autodiscover wants to be asked: [MS-OXDSCLI] section 2.2.3. It needs an address
// of the domain; the mailbox that every domain has stands in it (RFC 5321 section 4.5.1).
func request(domain string) string {
	return `<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request>` +
		`<EMailAddress>` + nobody + "@" + domain + `</EMailAddress>` +
		`<AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>`
}

// document asks for a page. from is how public the domain is.
func (f *Finder) document(ctx context.Context, p page, from guard.Rank) ([]account.Settings, error) {
	q := guard.Request{Method: p.method, URL: p.address, Scheme: "https", Most: maxDocument, Header: http.Header{"User-Agent": {"mailtlslab"}}}
	if p.method == http.MethodPost {
		q.Body = []byte(request(p.domain))
		q.Header.Set("Content-Type", "text/xml; charset=utf-8")
	}
	way := guard.Way{
		Guard:    guard.Guard{From: from, Allow: f.Allow},
		Resolver: f.Resolver, Addresses: f.Addresses, Proxy: f.Proxy,
	}
	data, err := way.Fetch(ctx, q)
	switch {
	case err != nil:
		return nil, noServer(err)
	case p.method == http.MethodPost:
		return readAutodiscover(data)
	}
	return readAutoconfig(data, p.domain)
}
