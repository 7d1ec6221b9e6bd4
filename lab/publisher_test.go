package lab

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/crypto/ocsp"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
)

func fetch(t *testing.T, method, url string, body []byte) (int, string, []byte) {
	t.Helper()
	req, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header.Get("Content-Type"), got
}

func TestPublisher(t *testing.T) {
	p := &publisher{}
	p.put("/a/b", "text/x", func() []byte { return []byte("b") })
	for path, want := range map[string]string{"/a/b": "b", "/a/b/c//d": "b", "/a": "", "/a/bc": "", "/": ""} {
		status, kind, body := fetch(t, http.MethodGet, p.url(path), nil)
		if want != "" && (status != 200 || kind != "text/x" || string(body) != want) || want == "" && status != 404 {
			t.Errorf("%s: %d %s %q", path, status, kind, body)
		}
	}
	url := p.url("/a/b")
	p.close()
	p.close()
	if _, err := http.Get(url); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("closed, it says %v", err)
	}
	if p.url("/a/b") != "" {
		t.Error("closed, it starts again")
	}
	(&publisher{}).close() // one that nobody asked
}

// A lab without scenarios about revocation publishes nothing.
func TestPublisherStartsWhenAsked(t *testing.T) {
	server := Start(t, "expired-leaf", nil)
	if server.lab.publisher.server != nil {
		t.Error("a web server runs that nobody needs")
	}
}

// The responder answers by POST and by GET, for the certificate that is served now.
func TestResponder(t *testing.T) {
	server := Start(t, "staple-expired", nil)
	device := server.Device(account.IMAPS)
	if _, err := server.Apply(account.IMAPS, action.Action{Kind: action.ReissueKey}, device); err != nil {
		t.Fatal(err)
	}
	for _, e := range []account.Endpoint{account.IMAPS, account.POP3S} {
		chain := server.ports[e].now.bundle.Chain
		request, err := ocsp.CreateRequest(chain[0], chain[1], nil)
		if err != nil {
			t.Fatal(err)
		}
		url := chain[0].OCSPServer[0]
		_, _, posted := fetch(t, http.MethodPost, url, request)
		_, kind, got := fetch(t, http.MethodGet, url+"/"+base64.StdEncoding.EncodeToString(request), nil)
		if !bytes.Equal(posted, got) || kind != "application/ocsp-response" {
			t.Errorf("%s: by GET came %s %x, by POST %x", e, kind, got, posted)
		}
		if r, err := ocsp.ParseResponseForCert(got, chain[0], chain[1]); err != nil || r.Status != ocsp.Good {
			t.Errorf("%s: %+v, %v", e, r, err)
		}
	}
}

// OpenSSL judges what the lab's CA publishes: nobody here can bend it.
func TestOpenSSLReadsWhatIsPublished(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("openssl is required in CI")
		}
		t.Skip("openssl is not installed: nobody but Go has read what is published")
	}
	for id, want := range map[string]string{
		"revoked-by-crl": "certificate revoked", "crl-expired": "CRL has expired", "must-staple-missing": ": good", "ocsp-responder-down": "refused",
	} {
		t.Run(id, func(t *testing.T) {
			server := Start(t, id, nil)
			chain, dir := server.ports[account.IMAPS].now.bundle.Chain, t.TempDir()
			write := func(name, block string, der []byte) string {
				path := filepath.Join(dir, name)
				if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: block, Bytes: der}), 0o600); err != nil {
					t.Fatal(err)
				}
				return path
			}
			leaf, issuer := write("leaf.pem", "CERTIFICATE", chain[0].Raw), write("issuer.pem", "CERTIFICATE", chain[1].Raw)
			root := write("root.pem", "CERTIFICATE", server.lab.Root().Raw)
			args := []string{"ocsp", "-issuer", issuer, "-cert", leaf, "-CAfile", root, "-verify_other", issuer, "-no_nonce"}
			if len(chain[0].CRLDistributionPoints) > 0 {
				_, _, der := fetch(t, http.MethodGet, chain[0].CRLDistributionPoints[0], nil)
				args = []string{"verify", "-CAfile", root, "-untrusted", issuer, "-crl_check", "-CRLfile", write("crl.pem", "X509 CRL", der), leaf}
			} else {
				args = append(args, "-url", chain[0].OCSPServer[0])
			}
			out, _ := exec.Command(openssl, args...).CombinedOutput()
			if !strings.Contains(string(out), want) || want == ": good" && !strings.Contains(string(out), "Response verify OK") {
				t.Errorf("openssl %v should say %q:\n%s", args, want, out)
			}
		})
	}
}
