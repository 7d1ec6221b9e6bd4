package diagnose_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/probe"
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
	lines := bufio.NewScanner(out)
	drained := make(chan struct{})
	t.Cleanup(func() { cancel(); in.Close(); <-drained; _ = cmd.Wait() })
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), ready) {
			line := lines.Text()
			go func() {
				defer close(drained)
				for lines.Scan() { // so that it never blocks on its output
				}
			}()
			return line
		}
	}
	close(drained)
	cancel()
	_ = cmd.Wait()
	t.Fatalf("%s did not start: %s", name, words.String())
	return ""
}

const pythonServer = `
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
listener = socket.create_server(("127.0.0.1", 0))
print("PORT", listener.getsockname()[1], flush=True)
while True:
    conn, _ = listener.accept()
    try:
        inside = context.wrap_socket(conn, server_side=True)
        inside.sendall(b"* OK [CAPABILITY IMAP4rev1] python\r\n")
        inside.recv(100)
    except OSError:
        pass
    conn.close()
`

// TestForeign: the servers of two other implementations, with certificates of the present time.
func TestForeign(t *testing.T) {
	a, err := certs.NewAuthority(certs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	servers := map[string]func(*testing.T, string, string) (account.Endpoint, string){
		"openssl": func(t *testing.T, cert, key string) (account.Endpoint, string) {
			line := run(t, "ACCEPT ", program(t, "openssl"), "s_server", "-www", "-accept", "127.0.0.1:0", "-cert", cert, "-cert_chain", cert, "-key", key)
			return account.Web, strings.TrimPrefix(line, "ACCEPT ")
		},
		"python3": func(t *testing.T, cert, key string) (account.Endpoint, string) {
			line := run(t, "PORT ", program(t, "python3"), "-c", pythonServer, cert, key)
			return account.IMAPS, "127.0.0.1:" + strings.TrimPrefix(line, "PORT ")
		},
	}
	for server, start := range servers {
		for _, c := range []struct {
			codes  string
			faults []certs.Fault
		}{
			{"", nil},
			{"expired", []certs.Fault{certs.Expired(certs.Leaf, 3)}},
			{"self-signed", []certs.Fault{certs.SelfSigned()}},
			{"issuer-not-trusted name-mismatch", []certs.Fault{certs.PrivateCA(), certs.Names("other.lab.test")}},
		} {
			t.Run(fmt.Sprintf("%s/%s", server, strings.ReplaceAll(c.codes+"!", " ", "+")), func(t *testing.T) {
				b, err := a.Build(certs.Spec{Faults: c.faults})
				if err != nil {
					t.Fatal(err)
				}
				cert, key := files(t, b)
				e, address := start(t, cert, key)
				set := account.For(e, host)
				set.Addresses = map[string]string{set.Target(): address}
				p := &probe.Prober{}
				r, s := diagnose.Judge{Knowledge: authority{Authority: a}.Knowledge(false)}.Examine(
					p.Survey(t.Context(), []account.Settings{set}, true), func(asks []probe.Ask) []probe.Further { return p.Answer(t.Context(), asks) })
				if said(r) != c.codes+" | " {
					t.Errorf("says %q, want %q: %+v", said(r), c.codes, s.Observations[0])
				}
				sane(t, r)
			})
		}
	}
}

func files(t *testing.T, b *certs.Bundle) (cert, key string) {
	t.Helper()
	chain, secret, err := b.PEM()
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	for name, data := range map[string][]byte{cert: chain, key: secret} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}
