package lab_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

func TestStartCase(t *testing.T) {
	var c scenarios.Case
	if err := json.Unmarshal([]byte(`{"host":"imap.own.test","services":[{"chain":[{"kind":"expired","on":"leaf","days":3}]}]}`), &c); err != nil {
		t.Fatal(err)
	}
	srv := lab.StartCase(t, c, &lab.Options{BasePort: 21000}) // no number, no fixed port
	_, err := tls.Dial("tcp", srv.Addr(account.IMAPS), srv.ClientConfig())
	if invalid := (x509.CertificateInvalidError{}); !errors.As(err, &invalid) || invalid.Reason != x509.Expired || invalid.Cert.VerifyHostname("imap.own.test") != nil {
		t.Fatalf("want a certificate for imap.own.test that has expired, got %v", err)
	}
	if e := wait(t, srv, func(lab.Entry) bool { return true }); e.Scenario != "case" {
		t.Errorf("%+v", e)
	}
}

// TestStartCaseServesAnyHost: with a name of the caller's own the fault of the case is all that is wrong.
func TestStartCaseServesAnyHost(t *testing.T) {
	srv := lab.StartCase(t, scenarios.Case{Host: "imap.shop.example"}, nil)
	conn, err := tls.Dial("tcp", srv.Addr(account.IMAPS), srv.ClientConfig())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	tb := &recordingTB{}
	if lab.StartCase(tb, scenarios.Case{Path: "by-pigeon"}, nil); !strings.Contains(tb.fatal, "path") || !strings.Contains(tb.fatal, "by-pigeon") {
		t.Errorf("%q does not say what is wrong with the case", tb.fatal)
	}
}

// TestUnknownEndpoint: whatever is asked about one, the answer names it.
func TestUnknownEndpoint(t *testing.T) {
	srv := lab.Start(t, "expired-leaf", nil)
	const gopher = account.Endpoint("gopher")
	_, dial := net.Dial("tcp", srv.Addr(gopher))
	_, apply := srv.Apply(gopher, action.Action{Kind: action.Renew}, lab.Device{})
	for what, err := range map[string]error{"dial": dial, "apply": apply, "restore": srv.Restore(gopher)} {
		if err == nil || !strings.Contains(err.Error(), `"gopher"`) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if unknown := (*lab.UnknownEndpointError)(nil); !errors.As(apply, &unknown) || unknown.Endpoint != gopher {
		t.Errorf("%v is no UnknownEndpointError", apply)
	}
	if srv.Fingerprint(gopher) != "" || srv.Presented(gopher) != nil || srv.Device(gopher).Settings.Host != srv.Host() {
		t.Error("an endpoint that does not exist presents nothing")
	}
}

// TestCloseNamesWhatHangs: here it is what the test itself does with a connection.
func TestCloseNamesWhatHangs(t *testing.T) {
	release := make(chan struct{})
	hangs := make(chan struct{})
	l, err := lab.New(lab.Options{Observe: func(lab.Entry) { close(hangs); <-release }})
	if err != nil {
		t.Fatal(err)
	}
	l.SetPatience(time.Millisecond)
	s, _ := scenarios.Lookup("expired-leaf")
	srv, err := l.Serve(s)
	if err != nil {
		t.Fatal(err)
	}
	refuse(t, srv, account.POP3S)
	<-hangs
	err = l.Close()
	if hanging := (*lab.HangingError)(nil); !errors.As(err, &hanging) || len(hanging.Hanging) != 1 ||
		!strings.Contains(err.Error(), "connection 1 of expired-leaf pop3s from 127.0.0.1:") || !strings.Contains(err.Error(), "stage hello") {
		t.Errorf("the one that hangs is not named: %v", err)
	}
	close(release)
}

const serveHelper = "MAILTLSLAB_SERVE_HELPER"

// TestServeHelper is no test: TestServeVariable runs it in a process of its own.
func TestServeHelper(t *testing.T) {
	if os.Getenv(serveHelper) == "" {
		t.Skip("it serves until it is killed")
	}
	lab.Start(t, "expired-leaf", nil)
}

// TestServeVariable has a test serve until it is killed.
func TestServeVariable(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestServeHelper$")
	cmd.Env = append(os.Environ(), serveHelper+"=1", "MAILTLSLAB_SERVE=127.0.0.1:0", "TMPDIR="+t.TempDir())
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Wait() }() // it was killed
	defer func() { _ = cmd.Process.Kill() }()
	told := map[string]string{}
	for lines := bufio.NewScanner(said); told["root"] == "" && lines.Scan(); {
		name, value, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		told[name] = strings.TrimSpace(value)
	}
	roots := x509.NewCertPool()
	if pem, err := os.ReadFile(told["root"]); err != nil || !roots.AppendCertsFromPEM(pem) {
		t.Fatalf("the root is not in %q: %v; it said %v", told["root"], err, told)
	}
	for _, e := range []account.Endpoint{account.IMAPS, account.Web} {
		_, err := tls.Dial("tcp", told[string(e)], &tls.Config{RootCAs: roots, ServerName: told["server"], MinVersion: tls.VersionTLS12})
		if invalid := (x509.CertificateInvalidError{}); !errors.As(err, &invalid) || invalid.Reason != x509.Expired {
			t.Errorf("%s: want a certificate that has expired, got %v", e, err)
		}
	}
}

func TestServeVariableIsHeldToItsForm(t *testing.T) {
	t.Setenv("MAILTLSLAB_SERVE", "yes")
	tb := &recordingTB{}
	if lab.Start(tb, "expired-leaf", nil); !strings.Contains(tb.fatal, "MAILTLSLAB_SERVE") || !strings.Contains(tb.fatal, "127.0.0.1:0") {
		t.Errorf("%q does not say what it takes", tb.fatal)
	}
}
