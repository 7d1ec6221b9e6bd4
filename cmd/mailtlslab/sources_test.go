package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A source is what the code of a package says about its types: the published schemas are made of it.
type source struct {
	types  map[string]string            // comment of a type
	fields map[string]map[string]string // of its fields
	consts map[string][]word            // strings declared with a type, in order
}

// A word is a constant, and what its comment says.
type word struct{ value, about string }

func readSource(t *testing.T, pkg string) *source {
	t.Helper()
	s := &source{types: map[string]string{}, fields: map[string]map[string]string{}, consts: map[string][]word{}}
	dir := filepath.Join("..", "..", filepath.FromSlash(strings.TrimPrefix(pkg, "github.com/mailtlslab/mailtlslab/")))
	if pkg == "main" {
		dir = "."
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	constructors := map[string][]string{} // comments of the functions that use a constant
	names := map[string]*word{}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, f.Name()), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			switch d := d.(type) {
			case *ast.GenDecl:
				s.read(d, names)
			case *ast.FuncDecl:
				readConstructor(d, constructors)
			}
		}
	}
	// A fault's kind is told by the function that makes the fault.
	for name, w := range names {
		if w.about == "" {
			w.about = strings.Join(constructors[name], " ")
		}
	}
	for typ, words := range s.consts {
		for i := range words {
			s.consts[typ][i].about = names[constName(typ, words[i].value)].about
		}
	}
	return s
}

// constName keys a constant until its comment is known.
func constName(typ, value string) string { return typ + "=" + value }

// elsewhere is a sentence that points at other code.
var elsewhere = regexp.MustCompile(` See [A-Z]\w*\.\w+\.`)

// readConstructor notes what an exported function that returns a Fault says, for the kind it is of.
func readConstructor(d *ast.FuncDecl, out map[string][]string) {
	if d.Recv != nil || !d.Name.IsExported() || d.Type.Results == nil || len(d.Type.Results.List) != 1 || d.Body == nil {
		return
	}
	if of, ok := d.Type.Results.List[0].Type.(*ast.Ident); !ok || of.Name != "Fault" {
		return
	}
	ast.Inspect(d.Body, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && strings.HasPrefix(id.Name, "kind") {
			about := elsewhere.ReplaceAllString(comment(d.Doc), "")
			out[id.Name] = append(out[id.Name], "It "+strings.TrimPrefix(about, d.Name.Name+" "))
		}
		return true
	})
}

func (s *source) read(g *ast.GenDecl, names map[string]*word) {
	for _, spec := range g.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			s.types[spec.Name.Name] = comment(g.Doc) + comment(spec.Doc)
			st, ok := spec.Type.(*ast.StructType)
			if !ok {
				continue
			}
			fields := map[string]string{}
			for _, f := range st.Fields.List {
				for _, n := range f.Names {
					fields[n.Name] = strings.TrimSpace(comment(f.Doc) + " " + comment(f.Comment))
				}
			}
			s.fields[spec.Name.Name] = fields
		case *ast.ValueSpec:
			of, ok := spec.Type.(*ast.Ident)
			if !ok || g.Tok != token.CONST || len(spec.Values) != 1 {
				continue
			}
			if lit, ok := spec.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if v, err := strconv.Unquote(lit.Value); err == nil {
					w := &word{v, strings.TrimSpace(comment(spec.Doc) + " " + comment(spec.Comment))}
					s.consts[of.Name] = append(s.consts[of.Name], *w)
					names[spec.Names[0].Name], names[constName(of.Name, v)] = w, w
				}
			}
		}
	}
}

func comment(c *ast.CommentGroup) string { return strings.Join(strings.Fields(c.Text()), " ") }
