package probe

import (
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

// fetchIssuer gets one certificate over plain HTTP, as RFC 5280 section 4.2.2.1 has it. Nothing
// but http is followed: the address comes from a certificate that nobody has judged yet.
func (p *Prober) fetchIssuer(ctx context.Context, address string) ([]byte, error) {
	if p.NoFetch {
		return nil, errors.New("nothing is fetched, as asked")
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("not an address: %w", err)
	}
	if err := plainHTTP(u); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
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
	body, err := io.ReadAll(io.LimitReader(res.Body, maxIssuer+1))
	if err != nil {
		return nil, err
	}
	return issuerIn(body)
}

func plainHTTP(u *url.URL) error {
	if u.Scheme != "http" || u.Host == "" || u.User != nil {
		return fmt.Errorf("only plain http is fetched, not %q", clip(u.Redacted(), maxError))
	}
	return nil
}

// issuerIn accepts DER, and the PEM that some authorities send in its place.
func issuerIn(body []byte) ([]byte, error) {
	if len(body) > maxIssuer {
		return nil, errors.New("the answer is larger than a certificate")
	}
	if block, _ := pem.Decode(body); block != nil && block.Type == "CERTIFICATE" {
		body = block.Bytes
	}
	if _, err := x509.ParseCertificate(body); err != nil {
		return nil, fmt.Errorf("the answer is not a certificate: %w", err)
	}
	return body, nil
}
