package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

// program finds a foreign server, or skips; where CI is set, it has to be there.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is not installed", name)
		}
		t.Skipf("%s is not installed, so it cannot be looked at", name)
	}
	return path
}

// files writes a chain and its key as a foreign server wants them.
func files(t *testing.T, c tls.Certificate) (cert, key string) {
	t.Helper()
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	var out []byte
	for _, der := range c.Certificate {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cert, out, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return cert, key
}

// run starts a foreign server and returns the first line of its output that begins with ready.
func run(t *testing.T, ready, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, name, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe() // s_server ends at the end of its input
	if err != nil {
		t.Fatal(err)
	}
	var words strings.Builder
	cmd.Stderr = &words
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); in.Close(); _ = cmd.Wait() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), ready) {
			go func() {
				for lines.Scan() { // so that it never blocks on its output
				}
			}()
			return lines.Text()
		}
	}
	cancel()
	_ = cmd.Wait()
	t.Fatalf("%s did not start: %s", name, words.String())
	return ""
}

func TestOpenSSL(t *testing.T) {
	openssl := program(t, "openssl")
	for _, c := range []struct {
		name    string
		rsa     bool
		args    []string
		stage   Stage
		outcome Outcome
		version uint16
	}{
		{"web", false, []string{"-www"}, Done, Fine, tls.VersionTLS13},
		{"rsa", true, []string{"-www"}, Done, Fine, tls.VersionTLS13},
		{"tls 1.2", true, []string{"-www", "-tls1_2"}, Done, Fine, tls.VersionTLS12},
		{"tls 1.0", true, []string{"-www", "-tls1", "-cipher", "ALL:@SECLEVEL=0"}, Done, Fine, tls.VersionTLS10},
		{"client certificate, 1.3", false, []string{"-www", "-Verify", "1", "-tls1_3"}, Reading, Alert, tls.VersionTLS13},
		{"client certificate, 1.2", false, []string{"-www", "-Verify", "1", "-tls1_2"}, Handshaking, Alert, tls.VersionTLS12},
	} {
		t.Run(c.name, func(t *testing.T) {
			served := goodTLS(t).Certificates[0]
			if c.rsa {
				k := rsaKey(t)
				served = chain(t, k, k)
			}
			cert, key := files(t, served)
			args := append([]string{"s_server", "-accept", "127.0.0.1:0", "-cert", cert, "-cert_chain", cert, "-key", key}, c.args...)
			if c.rsa {
				args = append(args, "-cipher", "ALL:@SECLEVEL=0") // a short key, quickly made
			}
			address := strings.TrimPrefix(run(t, "ACCEPT ", openssl, args...), "ACCEPT ")
			o := (&Prober{}).Look(t.Context(), settings(account.Web, address))
			expect(t, o, c.stage, c.outcome)
			if o.TLS == nil || o.TLS.Version != c.version || len(o.TLS.Chain) == 0 || string(o.TLS.Chain[0]) != string(served.Certificate[0]) {
				t.Errorf("tls %+v", o.TLS)
			}
			if o.TLS != nil && o.TLS.ClientCertificate != strings.HasPrefix(c.name, "client") {
				t.Errorf("client certificate asked for: %v", o.TLS.ClientCertificate)
			}
			roundTrip(t, o)
		})
	}
}

const pythonServer = `
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
listener = socket.create_server(("127.0.0.1", 0))
print("PORT", listener.getsockname()[1], flush=True)
while True:
    conn, _ = listener.accept()
    f = conn.makefile("rb")
    conn.sendall(b"220 python\r\n"); f.readline()
    conn.sendall(b"250-python\r\n250 STARTTLS\r\n"); f.readline()
    conn.sendall(b"220 go\r\n")
    try:
        inside = context.wrap_socket(conn, server_side=True)
        inside.recv(100)
        inside.sendall(b"250 inside\r\n")
        inside.recv(100)
    except OSError:
        pass
    conn.close()
`

func TestPython(t *testing.T) {
	python := program(t, "python3")
	served := goodTLS(t).Certificates[0]
	cert, key := files(t, served)
	var port int
	if _, err := fmt.Sscanf(run(t, "PORT ", python, "-c", pythonServer, cert, key), "PORT %d", &port); err != nil {
		t.Fatal(err)
	}
	o := (&Prober{}).Look(t.Context(), settings(account.SubmissionStart, net.JoinHostPort("127.0.0.1", fmt.Sprint(port))))
	expect(t, o, Done, Fine)
	if o.First != "250 inside" || o.TLS == nil || len(o.TLS.Chain) != 2 {
		t.Errorf("%+v", o)
	}
}
