package lab_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// Every module that is required directly has a reason in docs/security.md, and none that is gone.
func TestDependenciesHaveReasons(t *testing.T) {
	out, err := exec.Command("go", "mod", "edit", "-json", filepath.Join("..", "go.mod")).Output()
	if err != nil {
		t.Fatal(err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join("..", "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z.]+\\.[a-z]+/[^`]+)` \\| [^|]+ \\|$").FindAllSubmatch(page, -1) {
		told[string(row[1])] = true
	}
	var direct []string
	for _, r := range mod.Require {
		if r.Indirect {
			continue
		}
		if direct = append(direct, r.Path); !told[r.Path] {
			t.Errorf("docs/security.md does not say why %s is needed", r.Path)
		}
	}
	for path := range told {
		if !slices.Contains(direct, path) {
			t.Errorf("docs/security.md gives a reason for %s, which go.mod does not require", path)
		}
	}
}
