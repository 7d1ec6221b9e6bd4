package diagnose_test

import (
	"crypto"
	"crypto/x509"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/internal/mint"
)

// What package mint has, by the words of the tables.
type (
	forged    = mint.Certificate
	authority = mint.Authority
)

func now() time.Time { return mint.Now() }

func newAuthority(t testing.TB) authority { return mint.NewAuthority(t) }

func forge(t testing.TB, name, dns string, issuer *forged, more ...func(*x509.Certificate)) *forged {
	return mint.New(t, name, dns, issuer, more...)
}

func forgeWith(t testing.TB, key crypto.Signer, name, dns string, issuer *forged, more ...func(*x509.Certificate)) *forged {
	return mint.With(t, key, name, dns, issuer, more...)
}

func parse(t testing.TB, der []byte) *x509.Certificate { return mint.Parse(t, der) }

func raws(all ...*forged) [][]byte { return mint.DER(all...) }

func trusting(root *forged, known ...*forged) *chain.Knowledge { return mint.Trusting(root, known...) }

func aia(url string) func(*x509.Certificate) { return mint.AIA(url) }

func window(from, to time.Duration) func(*x509.Certificate) { return mint.Window(from, to) }
