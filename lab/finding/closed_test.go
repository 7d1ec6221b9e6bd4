package finding_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const vocabulary = "github.com/mailtlslab/mailtlslab/lab/finding"

// closed are the types whose values only this package makes. A Code may be read from what somebody
// typed, and is looked up then.
func closed() []string {
	return []string{"Detail", "Edit", "Reason", "Product", "IPFamily", "Origin", "Role"}
}

// A listed package is what "go list" says of it.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles, Imports        []string
}

// users returns the packages that import the vocabulary, and where the compiler's export data of a
// package is.
func users(t *testing.T) (out []listed, export map[string]string) {
	t.Helper()
	if testing.Short() {
		t.Skip("compiles every package")
	}
	var stderr bytes.Buffer
	cmd := exec.Command("go", "list", "-deps", "-export", "-json=ImportPath,Dir,Export,GoFiles,Imports", "../../...")
	cmd.Stderr = &stderr
	data, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	export = map[string]string{}
	for dec := json.NewDecoder(bytes.NewReader(data)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		export[p.ImportPath] = p.Export
		if slices.Contains(p.Imports, vocabulary) {
			out = append(out, p)
		}
	}
	if len(out) < 8 {
		t.Fatalf("only %d packages import the vocabulary", len(out))
	}
	return out, export
}

// checked type-checks the source of a package, without its tests.
func checked(t *testing.T, p listed, export map[string]string, fset *token.FileSet) ([]*ast.File, *types.Info) {
	t.Helper()
	var files []*ast.File
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
	look := func(path string) (io.ReadCloser, error) { return os.Open(export[path]) }
	conf := types.Config{Importer: importer.ForCompiler(fset, "gc", look)}
	if _, err := conf.Check(p.ImportPath, fset, files, info); err != nil {
		t.Fatal(err)
	}
	return files, info
}

// ofVocabulary returns the name of a type of this package, "" for any other.
func ofVocabulary(typ types.Type) string {
	named, ok := types.Unalias(typ).(*types.Named)
	if !ok || named.Obj().Pkg() == nil || named.Obj().Pkg().Path() != vocabulary {
		return ""
	}
	return named.Obj().Name()
}

// TestNobodyElseMakesValues: what a rule, a reader or the command says beside its sentences is a
// constant of this package: no string is written in its place, and none becomes one. And every
// constant of a closed list is said by somebody.
func TestNobodyElseMakesValues(t *testing.T) {
	packages, export := users(t)
	used := map[string]bool{}
	for _, p := range packages {
		fset := token.NewFileSet()
		files, info := checked(t, p, export, fset)
		for _, obj := range info.Uses {
			if c, ok := obj.(*types.Const); ok && c.Pkg() != nil && c.Pkg().Path() == vocabulary {
				used[c.Name()] = true
			}
		}
		for _, f := range files {
			ast.Inspect(f, func(n ast.Node) bool {
				if problem := made(n, info); problem != "" {
					t.Errorf("%s: %s", fset.Position(n.Pos()), problem)
				}
				return true
			})
		}
	}
	used["Sent"], used["Known"] = true, true // by PointAt
	for _, c := range constants(t) {
		if (c.of == "Code" || slices.Contains(closed(), c.of)) && !used[c.name] {
			t.Errorf("nobody says %s", c.name)
		}
	}
}

// made says what is wrong with an expression that makes a value of a closed list, "" when nothing is.
func made(n ast.Node, info *types.Info) string {
	switch n := n.(type) {
	case *ast.BasicLit:
		of := ofVocabulary(info.Types[n].Type)
		if n.Value != `""` && (of == "Code" || of == "Severity" || slices.Contains(closed(), of)) {
			return n.Value + " stands in the place of a constant of type " + of
		}
	case *ast.CallExpr:
		of := ofVocabulary(info.Types[n].Type)
		if info.Types[n.Fun].IsType() && slices.Contains(closed(), of) {
			return "a string is made a " + of
		}
	}
	return ""
}

// TestMade: the test above sees what it should.
func TestMade(t *testing.T) {
	_, export := users(t)
	dir := t.TempDir()
	source := `package p
import "github.com/mailtlslab/mailtlslab/lab/finding"
func f(s string) []any {
	var e finding.Edit = "another-name"
	ok := finding.Facts{Detail: "", Product: finding.Exim}
	return []any{e, ok, finding.Detail(s), finding.Counterfactual{Edit: "x"}, finding.Finding{Code: "expired"}, finding.Code(s), s == "other"}
}
`
	if err := os.WriteFile(filepath.Join(dir, "p.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	files, info := checked(t, listed{ImportPath: "p", Dir: dir, GoFiles: []string{"p.go"}}, export, token.NewFileSet())
	var got []string
	ast.Inspect(files[0], func(n ast.Node) bool {
		if problem := made(n, info); problem != "" {
			got = append(got, problem)
		}
		return true
	})
	want := []string{`"another-name" stands in the place of a constant of type Edit`, "a string is made a Detail", `"x" stands in the place of a constant of type Edit`, `"expired" stands in the place of a constant of type Code`}
	if !slices.Equal(got, want) {
		t.Errorf("saw %s", strings.Join(got, "; "))
	}
}
