package file

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	name, link := filepath.Join(dir, "report"), filepath.Join(dir, "link")
	text := func(s string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
	}
	broken := func(w io.Writer) error { _, _ = io.WriteString(w, "half"); return errors.New("broken") }

	if err := Write(name, broken); err == nil {
		t.Error("no error")
	}
	contents(t, dir, nil)
	if err := Write(name, text("whole")); err != nil {
		t.Fatal(err)
	}
	if err := Write(name, broken); err == nil {
		t.Error("no error")
	}
	contents(t, dir, map[string]string{"report": "whole"})
	if err := os.Symlink(name, link); err != nil {
		t.Skip("no symbolic links here")
	}
	if err := Write(link, text("through the link")); err != nil {
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

// A link in a folder where anybody may put one is not followed, wherever on the way it is.
func TestWriteFileFollowsNoPlantedLink(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need rights there")
	}
	dir := t.TempDir()
	shared, victim := filepath.Join(dir, "shared"), filepath.Join(dir, "victim")
	for _, d := range []string{shared, victim} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	precious := filepath.Join(victim, "report")
	if err := os.WriteFile(precious, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"file": precious, "folder": victim, "dangling": filepath.Join(victim, "new")} {
		if err := os.Symlink(to, filepath.Join(shared, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(shared, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"file", "folder/report", "dangling"} {
		err := Write(filepath.Join(shared, name), func(w io.Writer) error {
			_, err := io.WriteString(w, "written")
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "somebody else may have put there") {
			t.Errorf("%s: %v", name, err)
		}
	}
	contents(t, victim, map[string]string{"report": "precious"})
	// A file in such a folder is replaced as everywhere.
	for range 2 {
		if err := Write(filepath.Join(shared, "own"), func(w io.Writer) error { return nil }); err != nil {
			t.Error(err)
		}
	}
}
