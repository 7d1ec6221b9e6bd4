package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/cmd/internal/file"
	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
)

// exported are the files that the printed lines name, by absolute paths, so that a line can be
// pasted in any folder.
type exported struct {
	root  string // every root that the scenarios need trusted, the lab's own first
	proxy string // the same with the root of a proxy on the path; empty where no device has one
	known string // roots and intermediates: what somebody knows who has heard of the lab's CAs
}

// export writes the roots to dir or, where that is empty, to a folder below the user's cache that
// remove takes away again.
func export(dir string, l *lab.Lab, servers []*lab.Server) (files exported, remove func(), err error) {
	remove = func() {}
	if dir == "" {
		if dir, err = cacheFolder(); err != nil {
			return files, remove, err
		}
		remove = func() { _ = os.RemoveAll(dir) } // what stays behind is a public certificate
	} else if err := os.MkdirAll(dir, 0o755); err != nil {
		return files, remove, fmt.Errorf("cannot make the folder for the root: %w", err)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return files, remove, fmt.Errorf("cannot tell where the root is: %w", err)
	}
	files.root = filepath.Join(dir, "root.pem")
	err = writeCertificates(files.root, l.RootPEM())
	if more := deviceRoots(servers); err == nil && len(more) > 0 {
		files.proxy = filepath.Join(dir, "root-and-proxy.pem")
		err = writeCertificates(files.proxy, append(l.RootPEM(), more...))
	}
	if err == nil {
		files.known = filepath.Join(dir, "lab.pem")
		err = writeCertificates(files.known, append(l.RootPEM(), l.IntermediatePEM()...))
	}
	if err != nil {
		remove()
		return exported{}, func() {}, err
	}
	return files, remove, nil
}

// cacheFolder makes a folder for this run alone: two that serve at once have different roots. For
// somebody without a home it lies among the temporary files itself, where others cannot take away
// or replace what is above it.
func cacheFolder() (string, error) {
	above, name := os.TempDir(), "mailtlslab-up-"
	if cache, err := os.UserCacheDir(); err == nil {
		above, name = filepath.Join(cache, "mailtlslab"), "up-"
		if err := os.MkdirAll(above, 0o755); err != nil {
			return "", fmt.Errorf("cannot make the folder for the root: %w; --export DIR chooses another", err)
		}
	}
	dir, err := os.MkdirTemp(above, name)
	if err != nil {
		return "", fmt.Errorf("cannot make the folder for the root: %w; --export DIR chooses another", err)
	}
	return dir, nil
}

// deviceRoots returns the roots that some device has besides the lab's, in PEM form.
func deviceRoots(servers []*lab.Server) []byte {
	var out bytes.Buffer
	for _, s := range servers {
		for _, der := range s.Device(account.IMAPS).Settings.Roots {
			_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: der}) // a buffer takes everything
		}
	}
	return out.Bytes()
}

// writeCertificates writes a file that begins with the lab's root, in the place of one from an
// earlier run or of none. Its name is known beforehand: whoever may write to the folder could have
// put a link there, and somebody may keep a root of his own under it.
func writeCertificates(name string, data []byte) error {
	info, err := os.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("cannot write %s: %w", name, err)
	case info.Mode()&os.ModeSymlink != 0:
		return fmt.Errorf("%s is a link, and nothing is written to what is behind it; take it away, or let --export name another folder", name)
	case kept(name, data):
		return fmt.Errorf("%s is the root of an authority that is kept beside its key, so that it stays; let --export name another folder", name)
	case !info.Mode().IsRegular() || !ofTheLab(name):
		return fmt.Errorf("%s is there already and is not the lab's, so that it stays; move it away, or let --export name another folder", name)
	}
	err = file.Replace(name, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", name, err)
	}
	return nil
}

// kept reports whether a file is a kept authority's root, and another one than data begins with.
func kept(name string, data []byte) bool {
	if _, err := os.Lstat(filepath.Join(filepath.Dir(name), certs.KeyFile)); err != nil || filepath.Base(name) != certs.RootFile {
		return false
	}
	old, err := file.Read(name, nil)
	mine, _ := pem.Decode(data)
	block, _ := pem.Decode(old)
	return err != nil || block == nil || !bytes.Equal(block.Bytes, mine.Bytes)
}

// ofTheLab reports whether a file begins with a root of the lab, of whichever run.
func ofTheLab(name string) bool {
	data, err := file.Read(name, nil)
	if err != nil {
		return false
	}
	block, _ := pem.Decode(data)
	if block == nil || !bytes.HasPrefix(data, []byte("-----BEGIN CERTIFICATE-----")) {
		return false
	}
	c, err := x509.ParseCertificate(block.Bytes)
	return err == nil && certs.IsRoot(c)
}
