package bound_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/internal/bound"
)

// rsaKey is a public key of so many bits. Nobody has the other half, and nobody needs it.
func rsaKey(bits int) *rsa.PublicKey {
	n := new(big.Int).SetBit(big.NewInt(1), bits-1, 1)
	return &rsa.PublicKey{N: n, E: 65537}
}

func certificate(t testing.TB, public any, names ...string) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if public == nil {
		public = key.Public()
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a"}, NotAfter: time.Unix(1<<31, 0), DNSNames: names}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, public, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestCertificate(t *testing.T) {
	for _, ok := range [][]byte{certificate(t, nil), certificate(t, rsaKey(bound.MaxRSA))} {
		if _, err := bound.Certificate(ok); err != nil {
			t.Errorf("%v", err)
		}
	}
	for want, der := range map[string][]byte{
		"RSA key has 8193 bits":   certificate(t, rsaKey(bound.MaxRSA+1)),
		"RSA key has 600000 bits": certificate(t, rsaKey(600_000)),
		"refuses more than 256":   certificate(t, nil, strings.Repeat("a", bound.MaxCertificate)),
	} {
		c, err := bound.Certificate(der)
		if c != nil || !isTooLarge(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
	if _, err := bound.Certificate([]byte{0x30, 0}); err == nil || isTooLarge(err) {
		t.Errorf("%v", err)
	}
}

func isTooLarge(err error) bool {
	_, is := errors.AsType[*bound.TooLargeError](err)
	return is
}

func TestShape(t *testing.T) {
	s := bound.Shape{Bytes: 100, Depth: 3, Objects: 4, Values: 10}
	for _, ok := range []string{``, `{"a":[{"b":1}]}`, `"[[[[{{{{,,,,,,,,,,,,"`, `"\"[[[[["`, `[1,2,3]`, `}}}`} {
		if err := s.JSON([]byte(ok)); err != nil {
			t.Errorf("%s: %v", ok, err)
		}
	}
	for text, want := range map[string]string{
		`[[[[`:                               "deep",
		`{"a":{"a":{"a":{`:                   "deep",
		`[{},{},{},{},{}]`:                   "objects",
		`["","","","","","","","","","",""]`: "values",
		strings.Repeat(" ", 101):             "kB",
	} {
		if err := s.JSON([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// FuzzShape holds the count to what encoding/json finds: what is within the shape has no more of it.
func FuzzShape(f *testing.F) {
	f.Add([]byte(`{"a":["\\\"[",{}],"b":[[1,2],{}]}`))
	s := bound.Shape{Bytes: 1 << 20, Depth: 4, Objects: 5, Values: 20}
	f.Fuzz(func(t *testing.T, text []byte) {
		if s.JSON(text) != nil || !json.Valid(text) {
			return
		}
		depth, objects, values := 0, 0, 0
		dec := json.NewDecoder(bytes.NewReader(text))
		for {
			token, err := dec.Token()
			if err != nil {
				break
			}
			switch token {
			case json.Delim('{'):
				objects++
				depth++
			case json.Delim('['):
				depth++
			case json.Delim('}'), json.Delim(']'):
				depth--
				continue
			}
			values++
			if depth > s.Depth || objects > s.Objects || values > 2*s.Values {
				t.Fatalf("depth %d, %d objects, %d values", depth, objects, values)
			}
		}
	})
}
