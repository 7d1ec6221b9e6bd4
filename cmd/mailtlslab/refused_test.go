package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// naming returns a file with a leaf whose issuer nobody has, and which says that it is at url.
func naming(t *testing.T, url string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "leaf"}, DNSNames: []string{"mail.example"}, IssuingCertificateURL: []string{url},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, &x509.Certificate{Subject: pkix.Name{CommonName: "Nobody's CA"}}, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "leaf.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// What a certificate in a file names is not fetched from this machine; the answer says so, and which
// flag allows it.
func TestRefusedIsTold(t *testing.T) {
	var hits atomic.Int32
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		http.NotFound(w, r)
	}))
	defer web.Close()
	t.Setenv("http_proxy", web.URL)
	line := []string{"diagnose", "--chain", naming(t, web.URL+"/ca.cer"), "--host", "mail.example"}
	r := invoke(t, line...)
	words := strings.Join(strings.Fields(r.out), " ")
	for _, want := range []string{"refused " + web.URL + "/ca.cer was not fetched: 127.0.0.1 is this machine itself", "hint --fetch-from CIDR"} {
		if !strings.Contains(strings.ToLower(words), strings.ToLower(want)) {
			t.Errorf("%q is not told:\n%s", want, r.out)
		}
	}
	var a struct{ Refused []string }
	if r := invoke(t, append(line, "--json")...); json.Unmarshal([]byte(r.out), &a) != nil || len(a.Refused) != 1 {
		t.Errorf("as JSON: %s", r.out)
	}
	if hits.Load() > 0 {
		t.Errorf("this machine was asked %d times", hits.Load())
	}
	if r := invoke(t, append(line, "--fetch-from", "127.0.0.1")...); hits.Load() == 0 || strings.Contains(r.out, "refused") {
		t.Errorf("allowed, it was asked %d times:\n%s", hits.Load(), r.out)
	}
}
