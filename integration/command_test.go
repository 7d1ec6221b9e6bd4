package integration

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheCommandOnTheServer runs the built program on the server itself, as the remedies tell an
// admin to: it names what the wire cannot show, by the files and by the log.
func TestTheCommandOnTheServer(t *testing.T) {
	needDocker(t)
	if testing.Short() {
		t.Skip("not in the short run")
	}
	t.Parallel()
	s := newSubject(t, productNamed(t, "Dovecot 2.3"))
	must(t, s.Machine.c.CopyToContainer(t.Context(), program(t, s.Machine, "github.com/mailtlslab/mailtlslab/cmd/mailtlslab"), "/usr/local/bin/mailtlslab", 0o755))
	must(t, s.Machine.Write(t.Context(), "/root/root.pem", pemChain([][]byte{s.ca.Root().Raw})))
	command := "mailtlslab diagnose --json --ca /root/root.pem " + Host + " --cert " + s.Cert + " --key " + s.Key + " --log " + s.Log

	out, err := s.Machine.Run(t.Context(), "/", command)
	if err != nil || !strings.Contains(out, `"verdict": "ok"`) {
		t.Fatalf("of a healthy server: %v\n%s", err, out)
	}
	fresh, err := s.issue(Host)
	must(t, err)
	_, err = foreignKey(t.Context(), s, fresh)
	must(t, err)
	s.expectFound(t, s.accounts, fault{wire: notLoaded()})

	out, err = s.Machine.Run(t.Context(), "/", command)
	var exit *ExitError
	if !errors.As(err, &exit) || exit.Code != 1 {
		t.Fatalf("of a broken pair: %v, want exit status 1\n%s", err, out)
	}
	for _, want := range []string{
		`"code": "server-cannot-load-certificate"`, `"code": "key-does-not-match-certificate"`,
		"belongs to none of the certificates in mail.crt", "According to the log of Dovecot", "Key is for a different cert than ssl_cert",
	} {
		if !strings.Contains(strings.ToLower(out), strings.ToLower(want)) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// program builds a program for the machine.
func program(t *testing.T, m *Machine, pkg string) []byte {
	t.Helper()
	arch, err := m.Run(t.Context(), "/", "dpkg --print-architecture")
	must(t, err)
	name := filepath.Join(t.TempDir(), "program")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", name, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+strings.TrimSpace(arch))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("cannot build %s: %v\n%s", pkg, err, out)
	}
	data, err := os.ReadFile(name)
	must(t, err)
	return data
}
