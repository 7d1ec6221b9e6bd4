package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"testing"
	"time"
)

// BenchmarkBuild reports how many times its floor a healthy chain costs: one P-256 key and one
// bare certificate. Both are timed in turn, so that a busy machine slows both.
func BenchmarkBuild(b *testing.B) {
	a := newAuthorityT(b)
	var ours, floor time.Duration
	for b.Loop() {
		// One build is too short to be timed alone.
		const rounds = 50
		start := time.Now()
		for range rounds {
			bare(b, a)
		}
		middle := time.Now()
		for range rounds {
			build(b, a)
		}
		floor, ours = floor+middle.Sub(start), ours+time.Since(middle)
	}
	b.ReportMetric(float64(ours)/float64(floor), "ratio")
}

func bare(b *testing.B, a *Authority) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{DefaultHost}, NotBefore: testNow(), NotAfter: testNow().Add(day)}
	if _, err := x509.CreateCertificate(rand.Reader, tmpl, a.Intermediates()[0], key.Public(), a.intermediate.key); err != nil {
		b.Fatal(err)
	}
}
