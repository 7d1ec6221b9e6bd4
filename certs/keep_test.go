package certs

import (
	"os"
	"path/filepath"
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
	for name, want := range map[string]os.FileMode{"": 0o700 | os.ModeDir, rootFile: 0o600, keyFile: 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode() != want {
			t.Errorf("%q has mode %v, want %v (%v)", name, info.Mode(), want, err)
		}
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
		host  string
		want  string
	}{
		{name: "near its end", later: 40 * day, want: "too soon"},
		{name: "over", later: 100 * day, want: "too soon"},
		{name: "not begun", later: -1200 * day, want: "begins on"},
		{name: "another host", host: "mail.example.com", want: "may not certify mail.example.com"},
		{name: "another address", host: "192.0.2.1", want: "may not certify 192.0.2.1"},
		{name: "no PEM", spoil: write(rootFile, "hello"), want: "holds no PEM block"},
		{name: "no certificate", spoil: write(rootFile, "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n"), want: "cannot be read"},
		{name: "no key inside", spoil: write(keyFile, "-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----\n"), want: "cannot be read"},
		{name: "no key", spoil: func(dir string) error { return os.Remove(filepath.Join(dir, keyFile)) }, want: "is not"},
		{name: "key of another", spoil: func(dir string) error {
			other := filepath.Join(dir, "other")
			if _, err := open(other, testNow()); err != nil {
				return err
			}
			return os.Rename(filepath.Join(other, keyFile), filepath.Join(dir, keyFile))
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
			var hosts []string
			if c.host != "" {
				hosts = []string{c.host}
			}
			_, err := open(dir, testNow().Add(c.later), hosts...)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "remove that folder") {
				t.Errorf("got the error %v, want %q and what to do", err, c.want)
			}
		})
	}
}

// A key file left by an interrupted first use does not keep the mode it happens to have.
func TestOpenAuthorityTightensModes(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, keyFile), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := open(dir, testNow()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, keyFile))
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
