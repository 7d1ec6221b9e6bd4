package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	name, link := filepath.Join(dir, "report"), filepath.Join(dir, "link")
	text := func(s string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
	}
	broken := func(w io.Writer) error { _, _ = io.WriteString(w, "half"); return errors.New("broken") }

	if err := writeFile(name, broken); err == nil {
		t.Error("no error")
	}
	contents(t, dir, nil)
	if err := writeFile(name, text("whole")); err != nil {
		t.Fatal(err)
	}
	if err := writeFile(name, broken); err == nil {
		t.Error("no error")
	}
	contents(t, dir, map[string]string{"report": "whole"})
	if err := os.Symlink(name, link); err != nil {
		t.Skip("no symbolic links here")
	}
	if err := writeFile(link, text("through the link")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
	contents(t, dir, map[string]string{"report": "through the link", "link": "through the link"})
}

// contents compares a folder with what must be in it, and nothing else.
func contents(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		got, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if s, ok := want[f.Name()]; err != nil || !ok || s != string(got) {
			t.Errorf("%s: %q, %v", f.Name(), got, err)
		}
	}
	if len(all) != len(want) {
		t.Errorf("%d files, want %d", len(all), len(want))
	}
}
