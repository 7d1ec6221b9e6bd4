package diagnose_test

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
)

// BenchmarkReport judges one connection and its chain, against its floor: one Verify of crypto/x509, measured in the
// same run. "verifies" is how many of those a judgement costs.
func BenchmarkReport(b *testing.B) {
	a := newAuthority(b)
	know := a.Knowledge(false)
	pool, rest := x509.NewCertPool(), x509.NewCertPool()
	pool.AddCert(a.Root())
	for _, c := range []struct {
		name   string
		faults []certs.Fault
	}{{"healthy", nil}, {"expired", []certs.Fault{certs.Expired(certs.Leaf, 3)}}} {
		chain := a.Chain(b, c.faults...)
		leaf := parse(b, chain[0])
		rest.AddCert(parse(b, chain[1]))
		b.Run(c.name, func(b *testing.B) {
			verifying := took(b.N, func() {
				_, _ = leaf.Verify(x509.VerifyOptions{Roots: pool, Intermediates: rest, CurrentTime: leaf.NotAfter, DNSName: host})
			})
			s := served(chain, host, now())
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				diagnose.Judge{Knowledge: know}.Report(s)
			}
			b.ReportMetric(float64(b.Elapsed())/float64(max(verifying, 1)), "verifies")
		})
	}
}

func took(n int, do func()) time.Duration {
	start := time.Now()
	for range n {
		do()
	}
	return time.Since(start)
}
