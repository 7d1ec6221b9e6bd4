package scenarios_test

import (
	"crypto/x509"
	"encoding/pem"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// OpenSSL judges every chain: its code is a literal of the scenario, and nobody here can bend it.
func TestOpenSSLAgrees(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("openssl is required in CI")
		}
		t.Skip("openssl is not installed: nobody but ourselves has judged the chains")
	}
	authority, err := certs.NewAuthority(certs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scenarios.All() {
		t.Run(s.ID, func(t *testing.T) {
			var faults []certs.Fault
			if len(s.Services) > 0 {
				faults = s.Services[0].Chain
			}
			bundle, err := authority.Build(certs.Spec{Host: s.Host, Faults: faults})
			if err != nil {
				t.Fatal(err)
			}
			if got := opensslCode(t, openssl, authority.Roots(), bundle.Chain, s.AccountHost()); got != s.OpenSSL {
				t.Errorf("openssl verify gives code %d, the scenario says %d", got, s.OpenSSL)
			}
		})
	}
}

var opensslError = regexp.MustCompile(`(?m)^error (\d+) at \d+ depth lookup`)

// opensslCode returns the first error of "openssl verify", 0 when it accepts. The level is the
// one Debian sets; it is named so that other systems judge alike.
func opensslCode(t *testing.T, openssl string, roots, chain []*x509.Certificate, host string) int {
	t.Helper()
	dir := t.TempDir()
	check := "-verify_hostname"
	if net.ParseIP(host) != nil {
		check = "-verify_ip"
	}
	args := []string{"verify", "-no-CApath", "-no-CAstore", "-purpose", "sslserver", "-auth_level", "2", check, host,
		"-CAfile", writePEM(t, dir, "roots.pem", roots)}
	if len(chain) > 1 {
		args = append(args, "-untrusted", writePEM(t, dir, "sent.pem", chain[1:]))
	}
	out, err := exec.Command(openssl, append(args, writePEM(t, dir, "leaf.pem", chain[:1]))...).CombinedOutput()
	found := opensslError.FindSubmatch(out)
	switch {
	case err == nil:
		return 0
	case found == nil:
		t.Fatalf("openssl verify says nothing that can be read: %v\n%s", err, out)
	}
	code, _ := strconv.Atoi(string(found[1]))
	return code
}

func writePEM(t *testing.T, dir, name string, certs []*x509.Certificate) string {
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
