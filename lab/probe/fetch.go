package probe

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

const (
	maxIssuer    = 64 << 10
	maxRedirects = 3
)

// fetchIssuer gets one certificate over plain HTTP, as RFC 5280 section 4.2.2.1 has it.
func (p *Prober) fetchIssuer(ctx context.Context, address string) ([]byte, error) {
	body, err := p.fetch(ctx, fetching{http.MethodGet, address, "", nil, maxIssuer})
	if err != nil {
		return nil, err
	}
	return issuerIn(body)
}

var errNoFetch = errors.New("nothing is fetched, as asked")

// A fetching is one request over plain HTTP, and the most bytes that are read of its answer.
type fetching struct {
	method, address string
	contentType     string // of body, if there is one
	body            []byte
	most            int64
}

// fetch makes one request. Nothing but http is followed: the address comes from a certificate
// that nobody has judged yet.
func (p *Prober) fetch(ctx context.Context, f fetching) ([]byte, error) {
	if p.NoFetch {
		return nil, errNoFetch
	}
	u, err := url.Parse(f.address)
	if err != nil {
		return nil, fmt.Errorf("not an address: %w", err)
	}
	if err := plainHTTP(u); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, f.method, u.String(), bytes.NewReader(f.body))
	if err != nil {
		return nil, err
	}
	if f.contentType != "" {
		req.Header.Set("Content-Type", f.contentType)
	}
	transport := &http.Transport{DialContext: p.dialFunc(), DisableKeepAlives: true, MaxResponseHeaderBytes: maxReply}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects {
			return errors.New("too many redirects")
		}
		return plainHTTP(r.URL)
	}}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answers %q", clip(res.Status, maxError))
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, f.most+1))
	if err == nil && int64(len(body)) > f.most {
		err = fmt.Errorf("the answer is larger than %d KiB", f.most>>10)
	}
	return body, err
}

func plainHTTP(u *url.URL) error {
	if u.Scheme != "http" || u.Host == "" || u.User != nil {
		return fmt.Errorf("only plain http is fetched, not %q", clip(u.Redacted(), maxError))
	}
	return nil
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
