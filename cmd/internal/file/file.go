// Package file reads and writes the files that a command line names: bounded, whole or not at all, and
// through no link that somebody else may have planted.
package file

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// Max bounds what is read from a file, in bytes.
const Max = 16 << 20

// Read reads a whole file, or stdin for "-" where there is one.
func Read(name string, stdin io.Reader) ([]byte, error) {
	r, size := stdin, int64(0)
	if name != "-" || stdin == nil {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			size = info.Size()
		}
		r = f
	}
	tooLarge := fmt.Errorf("%s is larger than %d MiB", name, Max>>20)
	if size > Max {
		return nil, tooLarge
	}
	var data bytes.Buffer
	data.Grow(int(size) + bytes.MinRead)
	n, err := data.ReadFrom(io.LimitReader(r, Max+1))
	if err == nil && n > Max {
		err = tooLarge
	}
	return data.Bytes(), err
}

// Open opens a file to be read as a stream, or stdin for "-" where there is one.
func Open(name string, stdin io.Reader) (io.ReadCloser, error) {
	if name == "-" && stdin != nil {
		return io.NopCloser(stdin), nil
	}
	return os.Open(name)
}

// Write writes a whole file, or leaves what was there before.
func Write(name string, write func(io.Writer) error) error {
	if err := writeWhole(name, write); err != nil {
		return fmt.Errorf("cannot write %s: %w", name, err)
	}
	return nil
}

func writeWhole(name string, write func(io.Writer) error) error {
	if err := planted(name); err != nil {
		return err
	}
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real // so that a link stays one
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return writeThrough(name, write)
	}
	return Replace(name, write)
}

// planted refuses a name that leads over a link which somebody else may have put there: what is
// behind it would be overwritten, with the rights of whoever runs this.
func planted(name string) error {
	name, err := filepath.Abs(name)
	if err != nil {
		return err
	}
	for part := name; part != filepath.Dir(part); part = filepath.Dir(part) {
		info, err := os.Lstat(part)
		if err != nil || info.Mode()&os.ModeSymlink == 0 {
			continue // what is not there leads nowhere
		}
		folder, err := os.Stat(filepath.Dir(part))
		if err != nil {
			return err
		}
		if folder.Mode().Perm()&0o002 != 0 && runtime.GOOS != "windows" || !ofMine(info) {
			return fmt.Errorf("%s is a link that somebody else may have put there, and nothing is written to what is behind it; name another file, or take the link away", part)
		}
	}
	return nil
}

// Replace puts a file in the place of what has its name, whole or not at all. What is there is not
// opened: of a link, the link goes.
func Replace(name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already when all went well
	err = write(f)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if failed := f.Close(); err == nil {
		err = failed
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// writeThrough writes to what is no file of its own, such as /dev/stdout or a named pipe.
func writeThrough(name string, write func(io.Writer) error) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	err = write(f)
	if failed := f.Close(); err == nil {
		err = failed
	}
	return err
}
