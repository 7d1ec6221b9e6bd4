// Package wiretest helps the tests of the wire and of the daemons on it.
package wiretest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/internal/wire"
)

// Patience bounds every wait of a test; nothing is measured against it.
const Patience = 20 * time.Second

// A Pair is a server's certificate and what trusts it.
type Pair struct {
	Server *tls.Config
	Client *tls.Config
	CAFile string // PEM
}

// NewPair makes a self-signed certificate for mail.lab.test, localhost and 127.0.0.1.
func NewPair(t testing.TB, notBefore, notAfter time.Time) Pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.lab.test"},
		NotBefore: notBefore, NotAfter: notAfter, IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{"mail.lab.test", "localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return Pair{
		Server: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
		Client: &tls.Config{RootCAs: pool, ServerName: "mail.lab.test"},
		CAFile: file,
	}
}

// Healthy makes a pair that is valid now.
func Healthy(t testing.TB) Pair {
	t.Helper()
	return NewPair(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
}

// Listen opens a loopback port for the test and returns the records of its connections.
func Listen(t testing.TB, cfg wire.Config) (*wire.Listener, <-chan wire.Record) {
	t.Helper()
	records := make(chan wire.Record, 1000)
	cfg.Done = func(r wire.Record) { records <- r }
	l, err := wire.Listen("127.0.0.1:0", &cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, records
}

// Next waits for the next record.
func Next(t testing.TB, records <-chan wire.Record) wire.Record {
	t.Helper()
	select {
	case r := <-records:
		return r
	case <-time.After(Patience):
		t.Fatal("no record of the connection")
		return wire.Record{}
	}
}

// Dial connects, bounded by Patience.
func Dial(t testing.TB, l *wire.Listener) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(Patience))
	t.Cleanup(func() { c.Close() })
	return c
}

// Need skips the test when a program is absent; in CI it fails.
func Need(t testing.TB, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is not installed, and CI must have it", program)
	}
	t.Skipf("%s is not installed: it would be the foreign client of this test", program)
}

// Run starts a program and returns what it printed.
func Run(t testing.TB, stdin, program string, args ...string) (string, error) {
	t.Helper()
	Need(t, program)
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	in, err := os.CreateTemp(t.TempDir(), "stdin")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if _, err := in.WriteString(stdin); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	cmd.Stdin = in
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Port returns the port of l.
func Port(t testing.TB, l *wire.Listener) string {
	t.Helper()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
