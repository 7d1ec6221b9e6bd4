//go:build unix

package certs_test

import (
	"bytes"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
)

// fullDisk, in the environment of a child, is the folder in which no file can grow beyond a key.
const fullDisk = "MAILTLSLAB_TEST_FULL_DISK"

// A first use that fails in the middle of a file leaves nothing that the next one trips over.
func TestFirstUseOnAFullDisk(t *testing.T) {
	if dir := os.Getenv(fullDisk); dir != "" {
		openOnFullDisk(t, dir)
		return
	}
	dir := filepath.Join(t.TempDir(), "ca")
	child := exec.Command(os.Args[0], "-test.run=^TestFirstUseOnAFullDisk$", "-test.count=1")
	child.Env = append(os.Environ(), fullDisk+"="+dir)
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) > 1 {
		t.Errorf("the failure left %q (%v)", left, err)
	}
	if hidden, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(hidden) > 0 {
		t.Errorf("the failure left %q (%v)", hidden, err)
	}
	first, err := certs.OpenAuthority(dir, certs.Options{Now: clock()})
	if err != nil {
		t.Fatal(err)
	}
	again, err := certs.OpenAuthority(dir, certs.Options{Now: clock()})
	if err != nil || !again.Root().Equal(first.Root()) {
		t.Errorf("the root is not kept (%v)", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("the folder holds %v (%v)", entries, err)
	}
}

func openOnFullDisk(t *testing.T, dir string) {
	signal.Ignore(syscall.SIGXFSZ)
	limit := syscall.Rlimit{Cur: 400, Max: 400} // a key has about 240 bytes, a root about 800
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Skipf("the size of files cannot be limited here: %v", err)
	}
	if _, err := certs.OpenAuthority(dir, certs.Options{Now: clock()}); err == nil || !strings.Contains(err.Error(), "cannot keep the authority") {
		t.Errorf("got the error %v", err)
	}
}

// A key that cannot be put in place means no root either.
func TestFirstUseWithAnObstacle(t *testing.T) {
	dir := t.TempDir()
	obstacle := filepath.Join(dir, "root-key.pem", "inside")
	if err := os.MkdirAll(obstacle, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := certs.OpenAuthority(dir, certs.Options{Now: clock()}); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("got the error %v, want one that names %s", err, dir)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the failure left %v (%v)", entries, err)
	}
	if err := os.RemoveAll(filepath.Dir(obstacle)); err != nil {
		t.Fatal(err)
	}
	if _, err := certs.OpenAuthority(dir, certs.Options{Now: clock()}); err != nil {
		t.Error(err)
	}
}

// What OpenAuthority refuses it leaves as it is, and it says where that lies.
func TestRefusalTouchesNothing(t *testing.T) {
	for _, c := range []struct {
		name    string
		damage  map[string]string // file to content; "-" removes it
		options certs.Options
	}{
		{"damaged root", map[string]string{"root.pem": "hello"}, certs.Options{}},
		{"empty root", map[string]string{"root.pem": ""}, certs.Options{}},
		{"damaged key", map[string]string{"root-key.pem": "hello"}, certs.Options{}},
		{"missing key", map[string]string{"root-key.pem": "-"}, certs.Options{}},
		{"too old", nil, certs.Options{Now: inDays(100)}},
		{"not begun", nil, certs.Options{Now: inDays(-2000)}},
		{"unpermitted name", nil, certs.Options{Hosts: []string{"example.com"}}},
		{"unpermitted address", nil, certs.Options{Hosts: []string{"192.0.2.1"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if _, err := certs.OpenAuthority(dir, certs.Options{Now: clock()}); err != nil {
				t.Fatal(err)
			}
			for name, content := range c.damage {
				err := os.Remove(filepath.Join(dir, name))
				if err == nil && content != "-" {
					err = os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			before := contents(t, dir)
			if c.options.Now.IsZero() {
				c.options.Now = clock().Add(time.Hour)
			}
			if _, err := certs.OpenAuthority(dir, c.options); err == nil || !strings.Contains(err.Error(), dir) {
				t.Errorf("got the error %v, want one that names %s", err, dir)
			}
			if !bytes.Equal(before, contents(t, dir)) {
				t.Error("the folder has changed")
			}
		})
	}
}

func contents(t *testing.T, dir string) []byte {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out = append(append(append(out, e.Name()...), 0), data...)
	}
	return out
}
