package lab_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// What a consumer writes to see that his client refuses.
func TestConsumersOwnTest(t *testing.T) {
	srv := lab.Start(t, "expired-leaf", nil)
	_, err := tls.Dial("tcp", srv.Addr(account.IMAPS), srv.ClientConfig())
	if invalid := (x509.CertificateInvalidError{}); !errors.As(err, &invalid) || invalid.Reason != x509.Expired {
		t.Fatalf("the client should refuse the certificate as expired, and says: %v", err)
	}
}

func TestHealthyServerIsTrusted(t *testing.T) {
	srv := lab.Start(t, "ok-full-chain", nil)
	for _, e := range append(account.ImplicitEndpoints(), account.Web) {
		conn, err := tls.Dial("tcp", srv.Addr(e), srv.ClientConfig())
		if err != nil {
			t.Fatalf("%s: %v", e, err)
		}
		conn.Close()
	}
}

func TestStartNamesTheNearestScenario(t *testing.T) {
	tb := &recordingTB{}
	lab.Start(tb, "expird-leaf", nil)
	if !strings.Contains(tb.fatal, "expired-leaf") {
		t.Errorf("the message should name expired-leaf: %q", tb.fatal)
	}
}

// A recordingTB is a test that fails, or says that it would.
type recordingTB struct {
	fatal, failed string
	cleanups      []func()
}

func (r *recordingTB) Helper()          {}
func (r *recordingTB) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recordingTB) Errorf(format string, args ...any) {
	r.failed = fmt.Sprintf(format, args...)
}
func (r *recordingTB) Fatalf(format string, args ...any) {
	r.fatal = fmt.Sprintf(format, args...)
}

func TestJournalTellsWhatTheClientDid(t *testing.T) {
	srv := lab.Start(t, "expired-leaf", nil)
	if conn, err := tls.Dial("tcp", srv.Addr(account.IMAPS), srv.ClientConfig()); err == nil {
		conn.Close()
		t.Fatal("the client should refuse")
	}
	e := wait(t, srv, func(e lab.Entry) bool { return e.Endpoint == account.IMAPS })
	if e.Scenario != "expired-leaf" || e.SNI != srv.Host() || e.Alert == nil || *e.Alert != 42 || e.Password != lab.NoPassword {
		t.Errorf("Go refuses with alert 42 (bad_certificate), and no password: %+v", e)
	}
}

// OpenSSL sends its alert in the clear under TLS 1.3, where crypto/tls reports only a bad record.
func TestJournalReadsTheAlertFromTheWire(t *testing.T) {
	openssl := program(t, "openssl")
	srv := lab.Start(t, "expired-leaf", nil)
	root := filepath.Join(t.TempDir(), "root.pem")
	if err := os.WriteFile(root, srv.RootPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(openssl, "s_client", "-connect", srv.Addr(account.IMAPStartTLS), "-starttls", "imap",
		"-CAfile", root, "-verify_return_error", "-verify_hostname", srv.Host())
	_ = cmd.Run() // it must fail; the journal says how
	e := wait(t, srv, func(e lab.Entry) bool { return e.Endpoint == account.IMAPStartTLS })
	if e.Alert == nil || *e.Alert != 45 {
		t.Errorf("openssl refuses with alert 45 (certificate_expired): %+v", e)
	}
}

func TestJournalSeesAPasswordInTheClear(t *testing.T) {
	srv := lab.Start(t, "starttls-not-offered", nil)
	conn, err := net.Dial("tcp", srv.Addr(account.IMAPStartTLS))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r := bufio.NewReader(conn)
	say(t, conn, r, "")
	say(t, conn, r, "a LOGIN anna correct-horse-7\r\n")
	say(t, conn, r, "b LOGOUT\r\n")
	e := wait(t, srv, func(e lab.Entry) bool { return e.Endpoint == account.IMAPStartTLS })
	if e.Password != lab.ClearPassword || e.LoggedIn {
		t.Errorf("a password came in the clear, and no login came about: %+v", e)
	}
	if strings.Contains(fmt.Sprintf("%+v", srv.Journal().Entries()), lab.Password) {
		t.Error("the journal holds the password")
	}
}

func say(t *testing.T, conn net.Conn, r *bufio.Reader, text string) {
	t.Helper()
	if _, err := conn.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
}

func TestApplyDoesNotOutliveRestore(t *testing.T) {
	srv := lab.Start(t, "expired-leaf", nil)
	before := srv.Fingerprint(account.IMAPS)
	if _, err := srv.Apply(account.IMAPS, action.Action{Kind: action.Renew}, srv.Device(account.IMAPS)); err != nil {
		t.Fatal(err)
	}
	if srv.Fingerprint(account.IMAPS) == before {
		t.Error("a renewed certificate is another one")
	}
	if err := srv.Restore(account.IMAPS); err != nil {
		t.Fatal(err)
	}
	if srv.Fingerprint(account.IMAPS) != before {
		t.Error("after Restore the old certificate should be back")
	}
}

func TestEveryActionCanBeCarriedOut(t *testing.T) {
	srv := lab.Start(t, "ok-full-chain", nil)
	intermediate := func() []byte {
		conn, err := tls.Dial("tcp", srv.Addr(account.IMAPS), srv.ClientConfig())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[1].Raw
	}()
	for _, kind := range action.Kinds() {
		a := action.Action{Kind: kind, Names: []string{"mail.lab.test"}, Certificate: intermediate, Host: "mail.lab.test", Port: 993, Mode: account.ImplicitTLS}
		if _, err := srv.Apply(account.IMAPS, a, srv.Device(account.IMAPS)); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if err := srv.Restore(account.IMAPS); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := srv.Apply(account.IMAPS, action.Action{Kind: "pray"}, srv.Device(account.IMAPS)); err == nil {
		t.Error("an unknown action is an error")
	}
}

func TestFixedPorts(t *testing.T) {
	l, err := lab.New(lab.Options{BasePort: 21000})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, _ := scenarios.Lookup("expired-leaf")
	srv, err := l.Serve(s)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range account.Endpoints() {
		if want := fmt.Sprintf("127.0.0.1:%d", 21310+i); srv.Addr(e) != want {
			t.Errorf("%s is at %s, want %s", e, srv.Addr(e), want)
		}
	}
	if _, err := l.Serve(s); err == nil || !strings.Contains(err.Error(), "21310") {
		t.Errorf("a port in use should be named: %v", err)
	}
}

func TestCloseLeavesNoDescriptorOpen(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("this system has no /proc/self/fd to count descriptors in")
	}
	before := descriptors(t)
	l, err := lab.New(lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scenarios.All() {
		if lab.Unavailable(s) != "" {
			continue
		}
		srv, err := l.Serve(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range account.Endpoints() {
			if w := s.Service(e).Wire; w.Closed || w.Dropped {
				continue
			}
			conn, err := net.Dial("tcp", srv.Addr(e))
			if err != nil {
				continue // a reset may come before the connection is seen to stand
			}
			defer conn.Close()
		}
	}
	l.Close()
	if _, err := l.Serve(scenarios.All()[0]); err == nil {
		t.Error("a closed lab should serve nothing")
	}
	t.Cleanup(func() {
		if after := descriptors(t); after > before {
			t.Errorf("%d descriptors before, %d after", before, after)
		}
	})
}

func descriptors(t *testing.T) int {
	t.Helper()
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

func wait(t *testing.T, srv *lab.Server, fits func(lab.Entry) bool) lab.Entry {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	e, err := srv.Journal().Wait(ctx, fits)
	if err != nil {
		t.Fatalf("no such entry came: %v; there are %+v", err, srv.Journal().Entries())
	}
	return e
}

func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is required in CI", name)
		}
		t.Skipf("%s is not installed", name)
	}
	return path
}
