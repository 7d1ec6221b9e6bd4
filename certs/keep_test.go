package certs

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func open(dir string, now time.Time, hosts ...string) (*Authority, error) {
	return OpenAuthority(dir, Options{Now: now, Hosts: hosts})
}

func TestOpenAuthorityKeepsTheRoot(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ca")
	one, err := open(dir, testNow(), "mail.example.org")
	if err != nil {
		t.Fatal(err)
	}
	two, err := open(dir, testNow().Add(5*day), "mail.example.org", "imap.mail.example.org", "x.other.test", "127.0.0.9")
	if err != nil {
		t.Fatal(err)
	}
	if !one.Root().Equal(two.Root()) || one.Intermediates()[0].Equal(two.Intermediates()[0]) {
		t.Error("the root is not kept, or the intermediate is")
	}
	if got := reason(two, build(t, two), "imap.mail.example.org"); got != "" {
		t.Errorf("x509 says %q", got)
	}
	if got := reason(two, build(t, two, SameNameIssuer()), DefaultHost); got != "signature" {
		t.Errorf("under another root with the kept one's name x509 says %q", got)
	}
	for name, want := range map[string]os.FileMode{"": 0o700 | os.ModeDir, RootFile: 0o600, KeyFile: 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode() != want {
			t.Errorf("%q has mode %v, want %v (%v)", name, info.Mode(), want, err)
		}
	}
}

// TestKeptRootServesToItsEnd: what is issued below it is healthy as long as it lives, and ends with it.
func TestKeptRootServesToItsEnd(t *testing.T) {
	dir := t.TempDir()
	first, err := open(dir, testNow())
	if err != nil {
		t.Fatal(err)
	}
	end := first.Root().NotAfter
	for _, left := range []time.Duration{80 * day, 20 * day, day, time.Hour} {
		a, err := open(dir, end.Add(-left))
		if err != nil {
			t.Fatalf("%s before its end: %v", left, err)
		}
		b := build(t, a)
		leaf, window := b.Leaf(), b.Leaf().NotAfter.Sub(b.Leaf().NotBefore)
		if got := reason(a, b, DefaultHost); got != "" || !a.Root().Equal(first.Root()) {
			t.Errorf("%s before its end x509 says %q, or it is another root", left, got)
		}
		if leaf.NotAfter.After(end) || b.Chain[1].NotAfter.After(end) || leaf.NotAfter.Sub(a.now) < window*9/10-time.Second {
			t.Errorf("%s before its end the leaf is valid from %s to %s, its issuer to %s", left, leaf.NotBefore, leaf.NotAfter, b.Chain[1].NotAfter)
		}
		renewed, err := a.Reissue(build(t, a, Expired(Leaf, 3)), Change{Dates: true})
		if err != nil || reason(a, renewed, DefaultHost) != "" || renewed.Leaf().NotAfter.After(end) {
			t.Errorf("%s before its end a renewed leaf is refused, or outlives the root: %v", left, err)
		}
	}
}

// TestRootIsMadeForWhatItPermits: a name that was permitted at creation can be served later, one
// that was not cannot, and the root stays in either case.
func TestRootIsMadeForWhatItPermits(t *testing.T) {
	dir := t.TempDir()
	wide := Options{Now: testNow(), Permit: []string{"shop.example", "192.0.2.1"}}
	first, err := OpenAuthority(dir, wide)
	if err != nil {
		t.Fatal(err)
	}
	if leaf := build(t, first).Leaf(); leaf.VerifyHostname("shop.example") == nil {
		t.Error("the leaf has a name that was only to be permitted")
	}
	later, err := open(dir, testNow(), "imap.shop.example", "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	for _, faults := range [][]Fault{nil, {Expired(Root, 1)}} { // the second replaces the root by one with the same constraints
		b := build(t, later, faults...)
		want := map[bool]string{true: "", false: "time"}[faults == nil]
		if got := reason(later, b, "imap.shop.example"); got != want {
			t.Errorf("%v: x509 says %q, want %q", faults, got, want)
		}
	}
	for _, o := range []Options{{Hosts: []string{"mail.example.com"}}, {Permit: []string{"mail.example.com"}}, {Hosts: []string{"192.0.2.2"}}} {
		o.Now = testNow()
		_, err := OpenAuthority(dir, o)
		not := (*NotPermittedError)(nil)
		if !errors.As(err, &not) || not.Host != slices.Concat(o.Hosts, o.Permit)[0] || strings.Contains(err.Error(), "remove") {
			t.Errorf("%+v: got the error %v, want one that names the host and leaves the root alone", o, err)
		}
	}
	not := (*NotPermittedError)(nil)
	if _, err := later.Build(Spec{Host: "mail.example.com"}); !errors.As(err, &not) {
		t.Errorf("a chain for another host: %v", err)
	}
	b, err := later.Build(Spec{Also: []string{"127.0.0.9"}})
	if err != nil || b.Leaf().VerifyHostname("127.0.0.9") != nil || reason(later, b, "127.0.0.9") != "" {
		t.Errorf("a further address is not in the leaf: %v", err)
	}
}

func TestOpenAuthorityRefuses(t *testing.T) {
	write := func(name, text string) func(string) error {
		return func(dir string) error { return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600) }
	}
	for _, c := range []struct {
		name  string
		spoil func(dir string) error
		later time.Duration
		want  string
	}{
		{name: "over", later: 100 * day, want: "ended on"},
		{name: "not begun", later: -1200 * day, want: "begins on"},
		{name: "no PEM", spoil: write(RootFile, "hello"), want: "holds no PEM block"},
		{name: "no certificate", spoil: write(RootFile, "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n"), want: "cannot be read"},
		{name: "no key inside", spoil: write(KeyFile, "-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----\n"), want: "cannot be read"},
		{name: "no key", spoil: func(dir string) error { return os.Remove(filepath.Join(dir, KeyFile)) }, want: "is not"},
		{name: "key of another", spoil: func(dir string) error {
			other := filepath.Join(dir, "other")
			if _, err := open(other, testNow()); err != nil {
				return err
			}
			return os.Rename(filepath.Join(other, KeyFile), filepath.Join(dir, KeyFile))
		}, want: "does not belong"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if _, err := open(dir, testNow()); err != nil {
				t.Fatal(err)
			}
			if c.spoil != nil {
				if err := c.spoil(dir); err != nil {
					t.Fatal(err)
				}
			}
			_, err := open(dir, testNow().Add(c.later))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "remove root.pem and root-key.pem there") {
				t.Errorf("got the error %v, want %q and what to do", err, c.want)
			}
		})
	}
}

// Whoever reads a kept key can be any server of the lab's names: it is not used any more as if
// nobody had.
func TestOpenAuthorityRefusesAnExposedKey(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ca")
	if _, err := open(dir, testNow()); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, KeyFile), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := open(dir, testNow()); err == nil || !strings.Contains(err.Error(), "may be read by others (mode 0644)") {
		t.Errorf("got the error %v", err)
	}
}

// A folder that was there for others is left as it is.
func TestOpenAuthorityLeavesSharedFolders(t *testing.T) {
	for name, c := range map[string]struct {
		mode   os.FileMode
		beside string
		fails  bool
	}{
		"like /tmp":          {0o777 | os.ModeSticky, "", true},
		"anybody may write":  {0o777, "", true},
		"others read it":     {0o755, "notes", true},
		"a group's":          {0o770 | os.ModeSetgid, "notes", true},
		"empty":              {0o755, "", false},
		"with an old key":    {0o755, KeyFile, false},
		"private, not empty": {0o700, "notes", false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if c.beside != "" {
				if err := os.WriteFile(filepath.Join(dir, c.beside), nil, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Chmod(dir, c.mode); err != nil {
				t.Fatal(err)
			}
			_, err := open(dir, testNow())
			info, statErr := os.Stat(dir)
			if statErr != nil {
				t.Fatal(statErr)
			}
			switch {
			case c.fails && (err == nil || !strings.Contains(err.Error(), "is there for others too")):
				t.Errorf("got the error %v", err)
			case c.fails && info.Mode() != c.mode|os.ModeDir:
				t.Errorf("its mode is %v now", info.Mode())
			case !c.fails && (err != nil || info.Mode().Perm() != 0o700):
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
		})
	}
}

// A key file left by an interrupted first use does not keep the mode it happens to have.
func TestOpenAuthorityTightensModes(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, KeyFile), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := open(dir, testNow()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, KeyFile))
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("the key has mode %v (%v)", info.Mode(), err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := open(file, testNow()); err == nil {
		t.Error("a file was opened as a folder")
	}
}
