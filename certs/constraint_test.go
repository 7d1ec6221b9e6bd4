package certs_test

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
)

// The root cannot vouch for names outside the lab, whoever judges it: what Options.Hosts adds is
// accepted, its neighbours are not.
func TestRootConstraint(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("openssl is required in CI")
		}
		t.Log("openssl is not installed: nobody but Go judges the constraints")
	}
	for _, c := range []struct {
		host    string
		hosts   []string
		allowed bool
	}{
		{"mail.lab.test", nil, true},
		{"127.0.0.1", nil, true},
		{"::1", nil, true},
		{"example.com", nil, false},
		{"test.example.com", nil, false},
		{"192.0.2.1", nil, false},
		{"2001:db8::1", nil, false},
		{"example.com", []string{"example.com"}, true},
		{"192.0.2.1", []string{"192.0.2.1"}, true},
		{"2001:db8::1", []string{"2001:db8::1"}, true},
		{"example.org", []string{"example.com"}, false},
		{"myexample.com", []string{"example.com"}, false},
		{"192.0.2.2", []string{"192.0.2.1"}, false},
	} {
		t.Run(c.host+" with "+strings.Join(c.hosts, ","), func(t *testing.T) {
			// OpenSSL has a clock of its own, so this authority is of today.
			a, err := certs.NewAuthority(certs.Options{Hosts: c.hosts})
			if err != nil {
				t.Fatal(err)
			}
			// Only this name: the others of a healthy leaf would be judged as well.
			b := built(t, a, certs.Names(c.host))
			if err := verify(a, b, c.host, time.Now()); (err == nil) != c.allowed {
				t.Errorf("Go says %v", err)
			} else if !c.allowed {
				var invalid x509.CertificateInvalidError
				if !errors.As(err, &invalid) || invalid.Reason != x509.CANotAuthorizedForThisName {
					t.Errorf("Go refuses for another reason: %v", err)
				}
			}
			if openssl == "" {
				return
			}
			dir := t.TempDir()
			out, err := exec.Command(openssl, "verify", "-no-CApath", "-no-CAstore", "-CAfile", inFile(t, dir, "root.pem", a.Root()),
				"-untrusted", inFile(t, dir, "sent.pem", b.Chain[1]), inFile(t, dir, "leaf.pem", b.Leaf())).CombinedOutput()
			// 47 is X509_V_ERR_PERMITTED_VIOLATION.
			if (err == nil) != c.allowed || !c.allowed && !strings.Contains(string(out), "error 47 at 0 depth") {
				t.Errorf("openssl says %v\n%s", err, out)
			}
		})
	}
}

// Foreign eyes read in the healthy leaf what was meant to be in it.
func TestOpenSSLReadsTheLeaf(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("openssl is required in CI")
		}
		t.Skip("openssl is not installed: nobody but Go has read a leaf")
	}
	leaf := built(t, authority(t)).Leaf()
	out, err := exec.Command(openssl, "x509", "-noout", "-text", "-in", inFile(t, t.TempDir(), "leaf.pem", leaf)).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"Version: 3 (0x2)",
		"mailtlslab Issuing CA 1",
		"Not Before: Mar 13 15:09:26 2026 GMT",
		"Not After : May 13 15:09:26 2026 GMT",
		"ecdsa-with-SHA256",
		"NIST CURVE: P-256",
		"CA:FALSE",
		"TLS Web Server Authentication",
		"DNS:mail.lab.test, DNS:*.lab.test, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("openssl does not read %q in\n%s", want, out)
		}
	}
}

func verify(a *certs.Authority, b *certs.Bundle, host string, at time.Time) error {
	roots, sent := x509.NewCertPool(), x509.NewCertPool()
	for _, c := range a.Roots() {
		roots.AddCert(c)
	}
	for _, c := range b.Chain[1:] {
		sent.AddCert(c)
	}
	_, err := b.Leaf().Verify(x509.VerifyOptions{DNSName: host, Roots: roots, Intermediates: sent, CurrentTime: at})
	return err
}

func inFile(t *testing.T, dir, name string, c *x509.Certificate) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
