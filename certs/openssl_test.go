package certs

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// OpenSSL judges what Go made. The codes were measured with OpenSSL 3.0; each is a literal, so
// that nothing here can bend it.
func TestOpenSSLJudges(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("openssl is required in CI")
		}
		t.Skip("openssl is not installed: nobody but Go has judged the chains")
	}
	for _, c := range []struct {
		name   string
		faults []Fault
		flags  []string
		want   int
	}{
		{"healthy", nil, nil, 0},
		{"root also sent", []Fault{RootAlsoSent()}, nil, 0},
		{"reversed", []Fault{Reversed()}, nil, 0},
		{"no san", []Fault{NoSAN()}, nil, 0}, // OpenSSL falls back to the Common Name
		{"corrupt", []Fault{CorruptSignature()}, nil, 7},
		{"not yet valid", []Fault{NotYetValid(Leaf, 2)}, nil, 9},
		{"expired", []Fault{Expired(Leaf, 1)}, nil, 10},
		{"expired intermediate", []Fault{Expired(Intermediate, 1)}, nil, 10},
		{"expired root", []Fault{Expired(Root, 1)}, nil, 10},
		{"self-signed", []Fault{SelfSigned()}, nil, 18},
		{"private CA", []Fault{PrivateCA()}, nil, 20},
		{"private root only", []Fault{PrivateRootOnly()}, nil, 20},
		{"omitted intermediate", []Fault{OmitIntermediate()}, nil, 20},
		{"wrong intermediate", []Fault{WrongIntermediate()}, nil, 20},
		{"same name", []Fault{SameNameIssuer()}, nil, 20},
		{"client certificate", []Fault{ExtKeyUsage("clientAuth")}, []string{"-purpose", "sslserver"}, 26},
		{"S/MIME certificate", []Fault{ExtKeyUsage("emailProtection")}, []string{"-purpose", "sslserver"}, 26},
		{"constraint", []Fault{Names(DefaultHost, "mail.example.com")}, nil, 47},
		{"names", []Fault{Names("pop.lab.test")}, nil, 62},
		{"common name", []Fault{Names("pop.lab.test"), CommonName(DefaultHost)}, nil, 62},
		{"RSA 1024", []Fault{SmallRSA(1024)}, []string{"-auth_level", "2"}, 66},
		{"SHA-1", []Fault{SHA1()}, []string{"-auth_level", "2"}, 68},
		{"not a CA", []Fault{NotCA()}, nil, 79},
		{"fetchable", []Fault{FetchableIntermediate()}, nil, 20},
		{"expired cross-sign", []Fault{ExpiredCrossSign()}, nil, 0},
		{"distrusted root", []Fault{DistrustedRoot()}, nil, 20},
		{"name constraint", []Fault{NameConstraint("other.test")}, nil, 47},
		{"leaf issuer", []Fault{LeafIssuer()}, nil, 79},
		{"u-label", []Fault{ULabel("münchen.lab.test")}, nil, 62},
		{"900 days", []Fault{ValidFor(900)}, nil, 0},
		{"MD5", []Fault{MD5()}, []string{"-auth_level", "2"}, 68},
		{"SHA-1 intermediate", []Fault{SHA1Intermediate()}, []string{"-auth_level", "2"}, 68},
		{"key usage", []Fault{KeyUsage("keyAgreement")}, []string{"-purpose", "sslserver"}, 0},
		{"critical extension", []Fault{CriticalExtension()}, nil, 34},
	} {
		t.Run(c.name, func(t *testing.T) {
			// OpenSSL has a clock of its own, so this authority is of today.
			a, err := NewAuthority(Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := opensslCode(t, openssl, a, build(t, a, c.faults...), c.flags); got != c.want {
				t.Errorf("openssl verify gives code %d, want %d", got, c.want)
			}
		})
	}
}

// opensslCode returns the first error of "openssl verify", 0 when it accepts.
func opensslCode(t *testing.T, openssl string, a *Authority, b *Bundle, flags []string) int {
	t.Helper()
	dir := t.TempDir()
	args := append([]string{"verify", "-no-CApath", "-no-CAstore", "-verify_hostname", DefaultHost,
		"-CAfile", pemFile(t, dir, "roots.pem", a.Roots())}, flags...)
	if len(b.Chain) > 1 {
		args = append(args, "-untrusted", pemFile(t, dir, "sent.pem", b.Chain[1:]))
	}
	out, err := exec.Command(openssl, append(args, pemFile(t, dir, "leaf.pem", b.Chain[:1]))...).CombinedOutput()
	if err == nil {
		return 0
	}
	found := regexp.MustCompile(`(?m)^error (\d+) at \d+ depth lookup`).FindSubmatch(out)
	if found == nil {
		t.Fatalf("openssl verify says nothing that can be read: %v\n%s", err, out)
	}
	code, err := strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func pemFile(t *testing.T, dir, name string, certs []*x509.Certificate) string {
	t.Helper()
	var out []byte
	for _, c := range certs {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, out, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
