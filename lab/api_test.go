package lab_test

import (
	"flag"
	"fmt"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	gopackages "golang.org/x/tools/go/packages"
)

//go:generate go test . -run ^TestAPI$ -update

var update = flag.Bool("update", false, "rewrite docs/api.txt instead of comparing with it")

// TestAPI holds what other modules may rely on to docs/api.txt: what is added or gone is named line
// by line. A change that is meant is accepted with "make generate".
func TestAPI(t *testing.T) {
	file := filepath.Join("..", "docs", "api.txt")
	now := exportedAPI(t)
	if *update {
		if err := os.WriteFile(file, []byte(strings.Join(now, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	accepted := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	for _, l := range accepted {
		if !slices.Contains(now, l) {
			t.Errorf("gone:  %s", l)
		}
	}
	for _, l := range now {
		if !slices.Contains(accepted, l) {
			t.Errorf("added: %s", l)
		}
	}
	if t.Failed() {
		t.Log("docs/api.txt is what was accepted last; 'make generate' accepts this")
	}
}

// exportedAPI returns a line for each thing that the public packages export, in the manner of the
// files in Go's own api folder.
func exportedAPI(t *testing.T) []string {
	t.Helper()
	loaded, err := gopackages.Load(&gopackages.Config{Mode: gopackages.NeedName | gopackages.NeedTypes, Dir: ".."}, "./...")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, p := range loaded {
		for _, e := range p.Errors {
			t.Fatal(e)
		}
		path := "/" + strings.TrimPrefix(p.PkgPath, module) + "/"
		if p.Name != "main" && !strings.Contains(path, "/internal/") && !strings.HasPrefix(path, "/integration/") {
			out = append(out, exports(p.Types)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// unnamed is what export data calls results without a name.
var unnamed = regexp.MustCompile(`#[a-z]+\d+ `)

func exports(p *types.Package) (out []string) {
	short := func(other *types.Package) string {
		if other == p {
			return ""
		}
		return other.Name()
	}
	say := func(format string, args ...any) {
		line := "pkg " + strings.TrimPrefix(p.Path(), module) + ", " + fmt.Sprintf(format, args...)
		out = append(out, strings.TrimRight(unnamed.ReplaceAllString(line, ""), " "))
	}
	for _, name := range p.Scope().Names() {
		object := p.Scope().Lookup(name)
		if !object.Exported() {
			continue
		}
		switch o := object.(type) {
		case *types.Const:
			say("const %s %s = %s", name, types.TypeString(o.Type(), short), o.Val().ExactString())
		case *types.TypeName:
			say("type %s", strings.TrimPrefix(typeLine(o, short), "type "))
			for _, line := range members(o, short) {
				say("%s", line)
			}
		default: // functions and variables
			say("%s", types.ObjectString(object, short))
		}
	}
	return out
}

// typeLine returns what a type is; the fields of a struct and the methods come in lines of their own.
func typeLine(o *types.TypeName, short types.Qualifier) string {
	switch o.Type().Underlying().(type) {
	case *types.Struct:
		return o.Name() + " struct"
	case *types.Interface:
		return o.Name() + " interface"
	}
	return o.Name() + " " + types.TypeString(o.Type().Underlying(), short)
}

func members(o *types.TypeName, short types.Qualifier) (out []string) {
	switch u := o.Type().Underlying().(type) {
	case *types.Struct:
		for i := range u.NumFields() {
			if f := u.Field(i); f.Exported() {
				out = append(out, fmt.Sprintf("type %s struct, %s %s %s", o.Name(), f.Name(), types.TypeString(f.Type(), short), u.Tag(i)))
			}
		}
	case *types.Interface:
		for m := range u.Methods() {
			if m.Exported() {
				out = append(out, fmt.Sprintf("type %s interface, %s", o.Name(), types.ObjectString(m, short)))
			}
		}
		return out
	}
	methods := types.NewMethodSet(types.NewPointer(o.Type()))
	for m := range methods.Methods() {
		if m.Obj().Exported() && len(m.Index()) == 1 { // not those of what is embedded
			out = append(out, types.ObjectString(m.Obj(), short))
		}
	}
	return out
}
