package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// maxFile bounds what is read from a file, in bytes.
const maxFile = 16 << 20

// readBounded reads a whole file, or stdin for "-" where there is one.
func readBounded(name string, stdin io.Reader) ([]byte, error) {
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
	tooLarge := fmt.Errorf("%s is larger than %d MiB", name, maxFile>>20)
	if size > maxFile {
		return nil, tooLarge
	}
	var data bytes.Buffer
	data.Grow(int(size) + bytes.MinRead)
	n, err := data.ReadFrom(io.LimitReader(r, maxFile+1))
	if err == nil && n > maxFile {
		err = tooLarge
	}
	return data.Bytes(), err
}

// writeFile writes a whole file, or leaves what was there before.
func writeFile(name string, write func(io.Writer) error) error {
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
	return replace(name, write)
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

// replace puts a file in the place of what has its name, whole or not at all. What is there is not
// opened: of a link, the link goes.
func replace(name string, write func(io.Writer) error) error {
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
