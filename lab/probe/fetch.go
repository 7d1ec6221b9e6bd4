package probe

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"

	"github.com/mailtlslab/mailtlslab/lab/internal/guard"
)

const maxIssuer = 64 << 10

// fetchIssuer gets one certificate over plain HTTP, as RFC 5280 section 4.2.2.1 has it.
func (p *Prober) fetchIssuer(ctx context.Context, a Ask) ([]byte, error) {
	body, err := p.fetch(ctx, a.From, guard.Request{Method: http.MethodGet, URL: a.URL, Most: maxIssuer})
	if err != nil {
		return nil, err
	}
	return issuerIn(body)
}

var errNoFetch = errors.New("nothing is fetched, as asked")

// fetch makes one request to an address that came from a certificate which nobody has judged yet.
// from are the servers that presented it.
func (p *Prober) fetch(ctx context.Context, from []string, q guard.Request) ([]byte, error) {
	if p.NoFetch {
		return nil, errNoFetch
	}
	if p.Dial != nil {
		from = nil // whom that leads to is not known
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout())
	defer cancel()
	q.Scheme = "http"
	w := guard.Way{
		Guard:    guard.Guard{From: guard.Most(from...), Allow: p.Allow},
		Resolver: Resolver(p.DNS), Dial: p.Dial, Proxy: p.Proxy,
	}
	return w.Fetch(ctx, q)
}

// issuerIn accepts DER, and the PEM that some authorities send in its place.
func issuerIn(body []byte) ([]byte, error) {
	if block, _ := pem.Decode(body); block != nil && block.Type == "CERTIFICATE" {
		body = block.Bytes
	}
	if _, err := x509.ParseCertificate(body); err != nil {
		return nil, fmt.Errorf("the answer is not a certificate: %w", err)
	}
	return body, nil
}
