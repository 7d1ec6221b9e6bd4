package lab_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pkg is what "go list" says of a package.
type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
	Standard   bool
}

const module = "github.com/mailtlslab/mailtlslab/"

// mayImport is the direction of dependencies: for each package the ones of this module that it
// may import itself. A package that is missing here fails the test.
var mayImport = map[string][]string{
	"certs":              {"certs/internal/der"},
	"certs/internal/der": {},
	"lab/account":        {},
	"lab/finding":        {"lab/account"},
	"lab/action":         {"lab/account"},
	"lab/fault":          {},
	"scenarios":          {"certs", "lab/account", "lab/finding", "lab/fault"},
	"lab": {"scenarios", "certs", "lab/account", "lab/action", "lab/fault", "lab/internal/wire", "lab/internal/mailbox",
		"lab/internal/imapd", "lab/internal/smtpd", "lab/internal/pop3d", "lab/internal/httpd", "lab/internal/dnsd"},
	"lab/internal/wire":          {"lab/fault"},
	"lab/internal/wire/wiretest": {"lab/fault", "lab/internal/wire"},
	"lab/internal/mailbox":       {},
	"lab/internal/guard":         {},
	"lab/internal/mint":          {"certs", "lab/chain"},
	"lab/internal/imapd":         {"lab/internal/wire", "lab/internal/mailbox"},
	"lab/internal/smtpd":         {"lab/internal/wire", "lab/internal/mailbox"},
	"lab/internal/pop3d":         {"lab/internal/wire", "lab/internal/mailbox"},
	"lab/internal/httpd":         {"lab/internal/wire", "lab/internal/mailbox"},
	"lab/internal/dnsd":          {},
	"lab/discover":               {"lab/account", "lab/internal/guard"},
	"lab/internal/status":        {"lab/finding", "lab/internal/bound"},
	"lab/internal/bound":         {},
	"lab/internal/dn":            {},
	"lab/probe":                  {"lab/account", "lab/internal/bound", "lab/internal/guard"},
	"lab/capture":                {"lab/account", "lab/finding", "lab/message", "lab/internal/bound"},
	"lab/chain":                  {"lab/finding", "lab/internal/bound", "lab/internal/dn", "lab/internal/status"},
	"lab/roots":                  {"lab/chain", "lab/internal/dn"},
	"lab/message":                {"lab/account", "lab/finding"},
	"lab/diagnose":               {"lab/account", "lab/finding", "lab/chain", "lab/probe", "lab/internal/bound"},
	"lab/preflight":              {"lab/capture", "lab/chain", "lab/finding", "lab/internal/bound"},
	"lab/checkup": {"lab/account", "lab/action", "lab/finding", "lab/probe", "lab/discover", "lab/capture", "lab/chain", "lab/diagnose",
		"lab/preflight", "lab/remedy", "lab/roots", "lab/message", "lab/internal/bound", "lab/internal/dn"},
	"lab/remedy": {"lab/account", "lab/finding", "lab/action", "lab/chain"},
	"lab/clone":  {"certs", "scenarios", "lab/account", "lab/chain", "lab/fault", "lab/finding", "lab/probe", "lab/internal/bound"},
	"lab/lesson": {"certs", "scenarios", "lab/account", "lab/fault", "lab/action", "lab/finding", "lab/chain", "lab/roots", "lab/remedy"},
	"lab/verify": {"lab", "scenarios", "lab/account", "lab/action", "lab/finding", "lab/probe", "lab/chain",
		"lab/roots", "lab/diagnose", "lab/remedy", "lab/discover"},
	"cmd/internal/terminal": {},
	"cmd/internal/file":     {},
	"cmd/internal/face":     {"cmd/internal/terminal", "scenarios", "lab/action", "lab/checkup", "lab/discover", "lab/finding", "lab/remedy"},
	"cmd/mailtlslab": {"cmd/internal/terminal", "cmd/internal/face", "cmd/internal/file", "certs", "scenarios", "lab", "lab/account", "lab/action", "lab/finding", "lab/probe", "lab/chain",
		"lab/roots", "lab/diagnose", "lab/remedy", "lab/verify", "lab/discover", "lab/capture", "lab/message", "lab/preflight", "lab/checkup", "lab/lesson", "lab/clone"},
	"integration": {"certs", "lab", "lab/account", "lab/action", "lab/finding", "lab/probe", "lab/chain", "lab/roots",
		"lab/diagnose", "lab/remedy", "lab/preflight", "lab/checkup"},
}

func TestImportsKeepTheirDirection(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		allowed, ok := mayImport[name]
		if !ok {
			t.Errorf("%s is in no list: say what it may import", name)
		}
		for _, i := range p.Imports {
			if ours, is := strings.CutPrefix(i, module); is && !slices.Contains(allowed, ours) {
				t.Errorf("%s must not import %s", name, ours)
			}
		}
	}
}

// A diagnoser that knows the answer proves nothing.
func TestTheDiagnosisCannotReachTheScenarios(t *testing.T) {
	for _, p := range packages(t) {
		switch name := strings.TrimPrefix(p.ImportPath, module); name {
		case "lab/probe", "lab/chain", "lab/roots", "lab/diagnose", "lab/remedy", "lab/discover", "lab/capture", "lab/message", "lab/preflight", "lab/checkup":
			for _, secret := range []string{"scenarios", "certs", "lab"} {
				if slices.Contains(p.Deps, module+secret) {
					t.Errorf("%s reaches %s", name, secret)
				}
			}
		case "lab/account", "lab/finding", "lab/fault", "certs":
			for _, d := range p.Deps {
				if strings.HasPrefix(d, module) {
					continue // the dependencies of what is ours are among these
				}
				if strings.Contains(strings.SplitN(d, "/", 2)[0], ".") && !strings.HasPrefix(d, "golang.org/x/crypto") && !isVendored(d) {
					t.Errorf("%s depends on %s, beside the standard library", name, d)
				}
			}
		}
	}
}

func TestOnlyIntegrationNeedsContainers(t *testing.T) {
	for _, p := range packages(t) {
		if strings.HasPrefix(p.ImportPath, module+"integration") {
			continue
		}
		for _, d := range p.Deps {
			if strings.HasPrefix(d, "github.com/testcontainers/") {
				t.Errorf("%s reaches %s", p.ImportPath, d)
			}
		}
	}
}

// Only the command prints or reads arguments.
func TestOnlyTheCommandTalks(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		if strings.HasPrefix(name, "cmd/") || strings.HasPrefix(name, "integration") {
			continue
		}
		for _, talker := range []string{"flag", "github.com/spf13/cobra"} {
			if slices.Contains(p.Imports, talker) {
				t.Errorf("%s imports %s", name, talker)
			}
		}
	}
}

// docs/design.md has a row for every package, and for no other.
func TestDesignNamesEveryRoom(t *testing.T) {
	page, err := os.ReadFile("../docs/design.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rooms, _ := strings.Cut(string(page), "\n## Rooms\n")
	rooms, _, _ = strings.Cut(rooms, "\n## ")
	row := regexp.MustCompile("(?m)^\\|((?: `[a-z0-9/]+`,?)+) \\|")
	named := map[string]bool{}
	for _, m := range row.FindAllStringSubmatch(rooms, -1) {
		for _, name := range regexp.MustCompile("[a-z0-9/]+").FindAllString(m[1], -1) {
			named[name] = true
		}
	}
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		if !named[name] {
			t.Errorf("%s has no row in docs/design.md", name)
		}
		delete(named, name)
	}
	for name := range named {
		t.Errorf("docs/design.md has a row for %s, which is no package", name)
	}
}

func isVendored(path string) bool { return strings.HasPrefix(path, "vendor/") }

func packages(t *testing.T) []pkg {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports,Deps,Standard", "../...")
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var ours []pkg
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.ImportPath, module) {
			ours = append(ours, p)
		}
	}
	if len(ours) < 10 {
		t.Fatalf("go list names only %d packages of this module", len(ours))
	}
	return ours
}
