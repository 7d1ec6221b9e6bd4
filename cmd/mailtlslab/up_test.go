package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/cmd/internal/terminal"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// TestInterrupt sends a real SIGINT to a real process.
func TestInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no process can be interrupted on windows")
	}
	var errs bytes.Buffer
	cmd := exec.Command("mailtlslab", "up", "--json", "--base-port", "0", "ok-full-chain", "expired-leaf")
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }() // in vain when all is well
	first, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatalf("%v; %s", err, errs.String())
	}
	var r running
	if err := json.Unmarshal(first, &r); err != nil {
		t.Fatal(err)
	}
	// A client that is connected and silent must not hold it up.
	conn, err := net.Dial("tcp", r.Scenarios[0].Endpoints[0].Address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	start := time.Now()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || errs.Len() > 0 {
		t.Errorf("ended with %v: %s", err, errs.String())
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("Ctrl-C took %s", took)
	}
	for _, s := range r.Scenarios {
		for _, e := range s.Endpoints {
			refused(t, e.Address)
		}
	}
}

func refused(t *testing.T, address string) {
	t.Helper()
	if conn, err := net.DialTimeout("tcp", address, time.Second); err == nil {
		conn.Close()
		t.Errorf("%s still listens", address)
	} else if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("%s: %v", address, err)
	}
}

// TestEverythingCloses serves the whole catalogue and counts what is left afterwards.
func TestEverythingCloses(t *testing.T) {
	before := descriptors(t)
	l := serveLab(t)
	if len(l.Scenarios) != len(scenarios.All()) {
		t.Errorf("%d scenarios are served", len(l.Scenarios))
	}
	if during := descriptors(t); during < before+len(l.Scenarios) {
		t.Errorf("%d descriptors before and %d while everything is served: they are not counted", before, during)
	}
	conn, err := net.Dial("tcp", l.at(t, "hang-after-accept", "imaps"))
	if err != nil {
		t.Fatal(err)
	}
	if r := l.stop(); r.code != exitOK || r.errors != "" {
		t.Errorf("ended with %+v", r)
	}
	conn.Close()
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("descriptors are counted in /proc/self/fd")
	}
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// TestPortInUse takes one of the fixed ports first.
func TestPortInUse(t *testing.T) {
	ln, base := occupy(t)
	defer ln.Close()
	r := invoke(t, "up", "--base-port", strconv.Itoa(base), "ok-full-chain")
	if r.code != exitEnvironment || r.out != "" {
		t.Errorf("%+v", r)
	}
	for _, want := range []string{ln.Addr().String(), "imap", "in use", "--base-port"} {
		if !strings.Contains(r.errors, want) {
			t.Errorf("%q does not say %q", r.errors, want)
		}
	}
	if strings.Count(r.errors, "\n") != 1 {
		t.Errorf("more than a line: %q", r.errors)
	}
}

// occupy listens on what would be the imap port of scenario 1, and returns the base it belongs to.
func occupy(t *testing.T) (net.Listener, int) {
	t.Helper()
	for base := 20000; base < 31000; base += 7 {
		first, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(base+10)))
		if err != nil {
			continue
		}
		first.Close() // imaps has to be free
		if ln, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(base+11))); err == nil {
			return ln, base
		}
	}
	t.Skip("no port below 31000 is free")
	return nil, 0
}

// TestFixedPorts holds up to what its help promises: base + 10 x number + endpoint, below 32768.
func TestFixedPorts(t *testing.T) {
	if last := defaultBase + 10*lastNumber(nil) + len(account.Endpoints()) - 1; last >= 32768 {
		t.Errorf("the last port is %d", last)
	}
}

// served runs up as a person does, and returns what it printed until it said that it serves. It
// serves until stop is called.
func served(t *testing.T, args ...string) (text string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	read, write := io.Pipe()
	done := make(chan int, 1)
	var errs bytes.Buffer
	go func() {
		done <- run(ctx, args, nil, write, &errs)
		write.Close()
	}()
	var out strings.Builder
	lines := bufio.NewReader(read)
	for !strings.Contains(out.String(), "\nServing") {
		l, err := lines.ReadString('\n')
		out.WriteString(l)
		if err != nil {
			break
		}
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = io.Copy(io.Discard, lines)
	}()
	return out.String(), func() {
		cancel()
		<-drained
		if code := <-done; code != exitOK {
			t.Errorf("%q ended with %d: %s", args, code, errs.String())
		}
	}
}

// textUp returns what up printed until it said that it serves.
func textUp(t *testing.T, args ...string) string {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	text, stop := served(t, append([]string{"up", "--base-port", "0"}, args...)...)
	stop()
	return text
}

func TestUpText(t *testing.T) {
	few := textUp(t, "--export", t.TempDir(), "expired-leaf", "ok-ip-san")
	for _, want := range []string{"password  correct-horse-7", "31 expired-leaf  The certificate", "imaps://mail.lab.test:", "curl --cacert", "-noservername -verify_ip 127.0.0.1", "-starttls smtp"} {
		if !strings.Contains(few, want) {
			t.Errorf("%q is missing in\n%s", want, few)
		}
	}
	many := textUp(t)
	for l := range strings.Lines(many) {
		if !commandLine.MatchString(strings.TrimSuffix(l, "\n")) && len([]rune(l)) > terminal.Narrow {
			t.Errorf("%d columns: %q", len([]rune(l)), l)
		}
	}
	if !strings.Contains(many, "server oldmail.lab.test") {
		t.Errorf("another server name is not told:\n%s", many)
	}
}

// TestNetwork warns, and offers no more than was asked for.
func TestNetwork(t *testing.T) {
	var errs bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	read, write := io.Pipe()
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"up", "--json", "--base-port", "0", "--listen", "0.0.0.0", "--host", "lab.example", "ok-full-chain"}, nil, write, &errs)
		write.Close()
	}()
	if _, err := bufio.NewReader(read).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	cancel()
	go func() { _, _ = io.Copy(io.Discard, read) }()
	if code := <-done; code != exitOK || !strings.HasPrefix(errs.String(), "WARNING: ") {
		t.Errorf("%d %q", code, errs.String())
	}
}

// TestOfferedIsWhatIsPrinted: nobody can connect to 0.0.0.0 or [::], so what was given with --host is
// told in every line, an address before a name.
func TestOfferedIsWhatIsPrinted(t *testing.T) {
	for _, c := range []struct {
		listen string
		hosts  []string
		want   string
	}{
		{"127.0.0.1", []string{"imap.shop.test"}, ""},
		{"0.0.0.0", []string{"lab.example"}, "lab.example"},
		{"::", []string{"lab.example", "192.0.2.7"}, "192.0.2.7"},
		{"192.0.2.7", []string{"2001:db8::7"}, "2001:db8::7"},
	} {
		if got := offered(upFlags{listen: c.listen, hosts: c.hosts}); got != c.want {
			t.Errorf("%s for %v: %q, want %q", c.listen, c.hosts, got, c.want)
		}
	}
	for host, want := range map[string]string{
		"127.0.0.20":  "--resolve mail.lab.test:PORT:127.0.0.20 ",
		"lab.example": "--connect-to mail.lab.test:PORT:lab.example:PORT ",
	} {
		text := textUp(t, "--listen", "0.0.0.0", "--host", host, "expired-leaf", "ok-full-chain", "ok-ip-san")
		if strings.Contains(text, "0.0.0.0") || strings.Contains(text, "[::]") {
			t.Errorf("with --host %s an address is printed to which nobody connects:\n%s", host, text)
		}
		port := strings.Split(strings.Split(text, "  imaps        "+host+":")[1], "\n")[0]
		if want = strings.ReplaceAll(want, "PORT", port); !strings.Contains(text, want) {
			t.Errorf("with --host %s %q is missing in\n%s", host, want, text)
		}
	}
}

// TestSettingsAreTold: a fault that is not on the server is told as what to set, and nothing is told
// of the others.
func TestSettingsAreTold(t *testing.T) {
	for id, want := range map[string]string{
		"client-clock-behind": "On the device, set the clock to ", "bad-password-control": "On the device, enter the password last-years-password.",
		"dns-name-missing": "In DNS, or in the hosts file, leave newmail.lab.test out.", "expired-leaf": "",
	} {
		text := textUp(t, id)
		told := strings.Contains(text, "On the device") || strings.Contains(text, "In DNS")
		if told != (want != "") || !strings.Contains(text, want) {
			t.Errorf("%s: %q is missing, or something is told that is not so:\n%s", id, want, text)
		}
	}
}

// TestKeptRootNearItsEnd serves, and says that it ends; one that has longer to live says nothing.
func TestKeptRootNearItsEnd(t *testing.T) {
	for left, said := range map[int]bool{20: false, 3: true} {
		dir := t.TempDir()
		if _, err := certs.OpenAuthority(dir, certs.Options{Now: time.Now().AddDate(0, 0, left-90)}); err != nil {
			t.Fatal(err)
		}
		l := serveLab(t, "--ca", dir, "ok-full-chain")
		conn, err := tls.Dial("tcp", l.at(t, "ok-full-chain", "imaps"), &tls.Config{ServerName: "mail.lab.test", RootCAs: rootsIn(t, filepath.Join(dir, "root.pem"))})
		if err != nil {
			t.Errorf("%d days before its end: %v", left, err)
		} else {
			conn.Close()
		}
		if r := l.stop(); r.code != exitOK || strings.Contains(r.errors, " ends on ") != said {
			t.Errorf("%d days before its end: %+v", left, r)
		}
	}
}
