package certs

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// The files of a kept authority, by their names in its folder. The folder has mode 0700, the files 0600.
const (
	RootFile = "root.pem"
	KeyFile  = "root-key.pem"
)

// OpenAuthority returns an authority whose root and key are kept in dir, so that a device need
// not trust a new one each time. They are made at first use; the intermediate is new every time.
// It serves until its root ends: what is issued below it ends no later. A host that the root may
// not certify is a *NotPermittedError.
func OpenAuthority(dir string, o Options) (*Authority, error) {
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := private(dir); err != nil {
		return nil, err
	}
	root, err := load(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return create(dir, o)
	}
	if err == nil {
		err = usable(root.cert, o)
	}
	if not := (*NotPermittedError)(nil); errors.As(err, &not) {
		return nil, fmt.Errorf("the authority kept in %s: %w", dir, err) // it is sound, and serves others
	}
	if err != nil {
		return nil, fmt.Errorf("the authority kept in %s: %w; remove %s and %s there to have a new one made, and trust it on the devices again", dir, err, RootFile, KeyFile)
	}
	return newAuthority(root, o)
}

// private makes a folder that nobody else may enter, or sees to it that one is that: it is changed
// only where nobody else can have a use for it.
func private(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("cannot make the folder for the authority: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("cannot look at the folder for the authority: %w", err)
	}
	mode := info.Mode()
	if mode.Perm()&0o077 == 0 || runtime.GOOS == "windows" { // where modes say nothing
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("cannot look into the folder for the authority: %w", err)
	}
	others := slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() != RootFile && e.Name() != KeyFile })
	if others || mode&(fs.ModeSticky|0o002) != 0 || !own(info) {
		return fmt.Errorf("the folder %s is there for others too (mode %04o), and is left as it is: a root's key is kept only where nobody else may look; name a folder that does not exist yet", dir, octal(mode))
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("cannot make the authority's folder private: %w", err)
	}
	return nil
}

// octal returns a mode as chmod has it.
func octal(mode fs.FileMode) uint32 {
	bits := uint32(mode.Perm())
	for i, special := range []fs.FileMode{fs.ModeSticky, fs.ModeSetgid, fs.ModeSetuid} {
		if mode&special != 0 {
			bits |= 0o1000 << i
		}
	}
	return bits
}

// exposed says that others may read a kept key, or could have put another in its place.
func exposed(name string) error {
	info, err := os.Stat(name)
	if err != nil || runtime.GOOS == "windows" || info.Mode().Perm()&0o077 == 0 {
		return err
	}
	return fmt.Errorf("%s may be read by others (mode %04o), and whoever has it can be any server of the lab's names; 'chmod 600' helps where nobody has read it yet", filepath.Base(name), octal(info.Mode()))
}

func create(dir string, o Options) (*Authority, error) {
	a, err := NewAuthority(o)
	if err != nil {
		return nil, err
	}
	key, err := x509.MarshalPKCS8PrivateKey(a.root.key)
	if err != nil {
		return nil, err
	}
	for _, f := range []struct {
		name, block string
		der         []byte
	}{{KeyFile, "PRIVATE KEY", key}, {RootFile, "CERTIFICATE", a.root.raw}} {
		if err := writePrivate(filepath.Join(dir, f.name), pem.EncodeToMemory(&pem.Block{Type: f.block, Bytes: f.der})); err != nil {
			return nil, fmt.Errorf("cannot keep the authority: %w", err)
		}
	}
	return a, nil
}

// writePrivate writes a file of mode 0600, whole or not at all: half a root would stop every
// later run. One left by an interrupted first use is replaced, mode and all.
func writePrivate(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// load reads a kept root, with fs.ErrNotExist when there is none.
func load(dir string) (*draft, error) {
	certificate, err := readPEM(filepath.Join(dir, RootFile), "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(certificate)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", RootFile, err)
	}
	err = exposed(filepath.Join(dir, KeyFile))
	var der []byte
	if err == nil {
		der, err = readPEM(filepath.Join(dir, KeyFile), "PRIVATE KEY")
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is there and %s is not", RootFile, KeyFile)
	} else if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", KeyFile, err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%s holds no key that can sign", KeyFile)
	}
	if pub, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !pub.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("%s does not belong to %s", KeyFile, RootFile)
	}
	return &draft{tmpl: *cert, key: signer, raw: cert.Raw, cert: cert}, nil
}

func readPEM(name, block string) ([]byte, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	b, _ := pem.Decode(bytes.TrimSpace(data))
	if b == nil || b.Type != block {
		return nil, fmt.Errorf("%s holds no PEM block %q", filepath.Base(name), block)
	}
	return b.Bytes, nil
}

// usable says why a kept root cannot serve this run.
func usable(root *x509.Certificate, o Options) error {
	if !root.NotAfter.After(o.Now) {
		return fmt.Errorf("its root ended on %s", root.NotAfter.UTC().Format(time.DateOnly))
	}
	if root.NotBefore.After(o.Now) {
		return fmt.Errorf("its root begins on %s only", root.NotBefore.UTC().Format(time.DateOnly))
	}
	if !root.IsCA {
		return errors.New("its root is no CA certificate")
	}
	for _, h := range slices.Concat([]string{DefaultHost, "localhost", "127.0.0.1", "::1"}, o.Hosts, o.Permit) {
		if !permits(root, h) {
			return &NotPermittedError{h}
		}
	}
	return nil
}

// A NotPermittedError is a host that the root's name constraints do not allow.
type NotPermittedError struct{ Host string }

func (e *NotPermittedError) Error() string {
	return "the root may not certify " + e.Host + ", which was settled when it was made"
}

// permits reports whether the name constraints of a root allow a host: RFC 5280 section
// 4.2.1.10, where a name stands for itself and all below it, and no name for no limit.
func permits(root *x509.Certificate, host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return len(root.PermittedIPRanges) == 0 || slices.ContainsFunc(root.PermittedIPRanges, func(n *net.IPNet) bool { return n.Contains(ip) })
	}
	host = strings.ToLower(host)
	return len(root.PermittedDNSDomains) == 0 || slices.ContainsFunc(root.PermittedDNSDomains, func(d string) bool {
		d = strings.ToLower(d)
		return host == d || strings.HasSuffix(host, "."+d)
	})
}
