package main

import (
	"bytes"
	"crypto/x509"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab"
)

// Whoever asked for scenarios of which none can be served here is told so.
func TestNothingIsServedInSilence(t *testing.T) {
	a, err := certs.NewAuthority(certs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.New(lab.Options{Authority: a})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := serveAll(upCommand(), l, nil, true); err == nil || !strings.Contains(err.Error(), "nothing is served") {
		t.Errorf("got the error %v", err)
	}
}

// A diagnosis reads what strangers wrote, and keeps its memory within bounds that others may set.
func TestDiagnosisBoundsItsMemory(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	for _, c := range []struct {
		args        []string
		environment string
		want        int64
	}{
		{[]string{"up"}, "", before},
		{[]string{"diagnose", "a.test"}, "1GiB", before},
		{nil, "", before},
		{[]string{"diagnose", "a.test"}, "", memoryLimit},
	} {
		t.Setenv("GOMEMLIMIT", c.environment)
		boundMemory(c.args)
		if got := debug.SetMemoryLimit(-1); got != c.want {
			t.Errorf("%v with %q: %d", c.args, c.environment, got)
		}
	}
}

// A root that an earlier version kept serves on, and is said to vouch for more than it needs to.
func TestKeptRootOfAnEarlierVersion(t *testing.T) {
	for usages, said := range map[*[]x509.ExtKeyUsage]bool{{}: true, {x509.ExtKeyUsageServerAuth}: false} {
		var out bytes.Buffer
		keptRoot(&out, "dir", &x509.Certificate{NotAfter: time.Now().AddDate(1, 0, 0), ExtKeyUsage: *usages})
		if strings.Contains(out.String(), "vouches for mail and programs too") != said {
			t.Errorf("%v: %s", *usages, out.String())
		}
	}
}

// Without a home the root's folder lies where nobody else can replace what is above it.
func TestFolderWithoutAHome(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("homes are elsewhere")
	}
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	t.Setenv("HOME", "")
	t.Setenv("XDG_CACHE_HOME", "")
	dir, err := cacheFolder()
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || filepath.Dir(dir) != tmp || info.Mode().Perm() != 0o700 {
		t.Errorf("%s, %v", dir, err)
	}
}
