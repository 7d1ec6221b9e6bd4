package chain_test

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/chain"
)

// BenchmarkChain judges one chain, against its floor: one Verify of crypto/x509, measured in the
// same run. "verifies" is how many of those a judgement costs.
func BenchmarkChain(b *testing.B) {
	a := newAuthority(b)
	know := a.Knowledge(false)
	pool, rest := x509.NewCertPool(), x509.NewCertPool()
	pool.AddCert(a.Root())
	for _, c := range []struct {
		name   string
		faults []certs.Fault
	}{{"healthy", nil}, {"expired", with(certs.Expired(certs.Leaf, 3))}} {
		sent := a.Chain(b, c.faults...)
		leaf := parse(b, sent[0])
		rest.AddCert(parse(b, sent[1]))
		b.Run(c.name, func(b *testing.B) {
			verifying := took(b.N, func() {
				_, _ = leaf.Verify(x509.VerifyOptions{Roots: pool, Intermediates: rest, CurrentTime: leaf.NotAfter, DNSName: host})
			})
			e := served(sent, host, now())
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				chain.Judge{Knowledge: know}.Judge(e)
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
