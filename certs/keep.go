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
	"slices"
	"strings"
	"time"
)

// The files of a kept authority. The folder has mode 0700, the files 0600.
const (
	rootFile = "root.pem"
	keyFile  = "root-key.pem"
)

// OpenAuthority returns an authority whose root and key are kept in dir, so that a device need
// not trust a new one each time. They are made at first use; the intermediate is new every time.
// It serves until its root ends: what is issued below it ends no later. A host that the root may
// not certify is a *NotPermittedError.
func OpenAuthority(dir string, o Options) (*Authority, error) {
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the folder for the authority: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the authority's folder private: %w", err)
	}
	if err := o.check(); err != nil {
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
		return nil, fmt.Errorf("the authority kept in %s: %w; remove that folder to have a new one made, and trust it on the devices again", dir, err)
	}
	return newAuthority(root, o)
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
	}{{keyFile, "PRIVATE KEY", key}, {rootFile, "CERTIFICATE", a.root.raw}} {
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
	certificate, err := readPEM(filepath.Join(dir, rootFile), "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(certificate)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", rootFile, err)
	}
	der, err := readPEM(filepath.Join(dir, keyFile), "PRIVATE KEY")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is there and %s is not", rootFile, keyFile)
	} else if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", keyFile, err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%s holds no key that can sign", keyFile)
	}
	if pub, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !pub.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("%s does not belong to %s", keyFile, rootFile)
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
