package probe

import (
	"context"
	"net/http"

	"github.com/mailtlslab/mailtlslab/lab/internal/guard"
)

// Bounds of what is fetched about a revocation, in bytes. An OCSP response is some hundred bytes
// and may carry certificates; the lists of large CAs are of some hundred kilobytes, and one that
// is larger still says so in its error.
const (
	maxOCSP = 64 << 10
	maxCRL  = 4 << 20
)

// fetchRevocation gets what a CA publishes about one of its certificates, as it is: a CRL (RFC
// 5280 section 4.2.1.13), or the answer to an OCSP request (RFC 6960 appendix A.1).
func (p *Prober) fetchRevocation(ctx context.Context, a Ask) ([]byte, error) {
	if a.Kind == FetchOCSP {
		kind := http.Header{"Content-Type": {"application/ocsp-request"}}
		return p.fetch(ctx, a.From, guard.Request{Method: http.MethodPost, URL: a.URL, Header: kind, Body: a.Request, Most: maxOCSP})
	}
	return p.fetch(ctx, a.From, guard.Request{Method: http.MethodGet, URL: a.URL, Most: maxCRL})
}
