package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/fault"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// scenarioSchema writes docs/scenario.schema.json: the form of a file that up and verify take, from
// the types themselves. Descriptions are their comments, and the words that a type allows are its
// constants.
func scenarioSchema(t *testing.T) []byte {
	t.Helper()
	b := schemaBuilder{t: t, sources: map[string]*source{}, defs: map[string]any{}}
	one := b.of(reflect.TypeFor[scenarios.Scenario]())
	out := map[string]any{
		"$schema":     "https://json-schema.org/draft/2020-12/schema",
		"title":       "mailtlslab scenario",
		"description": `A scenario, or a list of them, for "mailtlslab up FILE" and "mailtlslab verify FILE". "mailtlslab show ID --json" writes one.`,
		"anyOf":       []any{one, map[string]any{"type": "array", "items": one, "minItems": 1}},
		"$defs":       b.defs,
	}
	data, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(data, '\n')
}

type schemaBuilder struct {
	t       *testing.T
	sources map[string]*source
	defs    map[string]any
}

// A source is what the code of a package says about its types.
type source struct {
	types  map[string]string            // comment of a type
	fields map[string]map[string]string // of its fields
	consts map[string][]string          // strings declared with a type, in order
}

func (b *schemaBuilder) source(pkg string) *source {
	if s, ok := b.sources[pkg]; ok {
		return s
	}
	s := &source{types: map[string]string{}, fields: map[string]map[string]string{}, consts: map[string][]string{}}
	b.sources[pkg] = s
	dir := filepath.Join("..", "..", filepath.FromSlash(strings.TrimPrefix(pkg, "github.com/mailtlslab/mailtlslab/")))
	files, err := os.ReadDir(dir)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, f.Name()), nil, parser.ParseComments)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if g, ok := d.(*ast.GenDecl); ok {
				s.read(g)
			}
		}
	}
	return s
}

func (s *source) read(g *ast.GenDecl) {
	for _, spec := range g.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			s.types[spec.Name.Name] = words(g.Doc)
			st, ok := spec.Type.(*ast.StructType)
			if !ok {
				continue
			}
			fields := map[string]string{}
			for _, f := range st.Fields.List {
				for _, n := range f.Names {
					fields[n.Name] = strings.TrimSpace(words(f.Doc) + words(f.Comment))
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
					s.consts[of.Name] = append(s.consts[of.Name], v)
				}
			}
		}
	}
}

func words(c *ast.CommentGroup) string { return strings.Join(strings.Fields(c.Text()), " ") }

// of returns the schema of a type; structs and lists of words are defined once.
func (b *schemaBuilder) of(typ reflect.Type) any {
	switch typ.Kind() {
	case reflect.Slice:
		if typ.Elem().Kind() == reflect.Uint8 {
			return map[string]any{"type": "string", "contentEncoding": "base64"}
		}
		return map[string]any{"type": "array", "items": b.of(typ.Elem())}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64, reflect.Uint16, reflect.Uint8:
		out := map[string]any{"type": "integer"}
		if typ.Kind() == reflect.Uint16 {
			out["minimum"], out["maximum"] = 0, 65535
		}
		return out
	case reflect.String:
		if typ.PkgPath() == "" {
			return map[string]any{"type": "string"}
		}
	case reflect.Struct:
		if typ.PkgPath() == "time" {
			return map[string]any{"type": "string", "format": "date-time"}
		}
	default:
		b.t.Fatalf("no schema for %s", typ)
	}
	name := filepath.Base(typ.PkgPath()) + "." + typ.Name()
	if _, ok := b.defs[name]; !ok {
		b.defs[name] = nil // a type may hold itself
		if typ.Kind() == reflect.Struct {
			b.defs[name] = b.object(typ)
		} else {
			b.defs[name] = b.enum(typ)
		}
	}
	return map[string]any{"$ref": "#/$defs/" + name}
}

func (b *schemaBuilder) enum(typ reflect.Type) any {
	s := b.source(typ.PkgPath())
	values := s.consts[typ.Name()]
	if len(values) == 0 {
		b.t.Fatalf("%s has no constants", typ)
	}
	if typ == reflect.TypeFor[finding.Code]() && len(values) != len(finding.All()) {
		b.t.Errorf("%d codes in the source and %d in the vocabulary", len(values), len(finding.All()))
	}
	return map[string]any{"type": "string", "description": s.types[typ.Name()], "enum": values}
}

func (b *schemaBuilder) object(typ reflect.Type) any {
	properties := map[string]any{}
	required := b.fields(typ, properties)
	slices.Sort(required)
	out := map[string]any{"type": "object", "description": b.source(typ.PkgPath()).types[typ.Name()], "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

// fields adds the fields of a struct, and of those embedded in it, to the properties of an object,
// and returns which of them are required.
func (b *schemaBuilder) fields(typ reflect.Type, properties map[string]any) []string {
	s := b.source(typ.PkgPath())
	required := []string{}
	for i := range typ.NumField() {
		f := typ.Field(i)
		if f.Anonymous {
			required = append(required, b.fields(f.Type, properties)...)
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || !f.IsExported() {
			continue
		}
		if name == "" {
			b.t.Fatalf("%s.%s has no name in JSON", typ, f.Name)
		}
		schema := b.of(f.Type)
		if about := s.fields[typ.Name()][f.Name]; about != "" {
			schema = described(schema, about)
		}
		properties[name] = schema
		if options == "" {
			required = append(required, name)
		}
	}
	return required
}

func described(schema any, about string) any {
	m, ok := schema.(map[string]any)
	if !ok {
		return schema
	}
	m["description"] = about
	return m
}

// TestSchemaHoldsTheCatalogue: every scenario is of the form that the schema describes.
func TestSchemaHoldsTheCatalogue(t *testing.T) {
	var schema map[string]any
	if err := json.Unmarshal(scenarioSchema(t), &schema); err != nil {
		t.Fatal(err)
	}
	for _, s := range scenarios.All() {
		data, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var value any
		if err := json.Unmarshal(data, &value); err != nil {
			t.Fatal(err)
		}
		one := schema["anyOf"].([]any)[0].(map[string]any)
		if err := conforms(schema, one, value, s.ID); err != nil {
			t.Error(err)
		}
	}
}

// TestEveryWordIsValid: what the types declare, Check lets through. A constant that is added to a
// type must be added to its Valid too.
func TestEveryWordIsValid(t *testing.T) {
	b := schemaBuilder{t: t, sources: map[string]*source{}, defs: map[string]any{}}
	tried := 0
	each := func(typ reflect.Type, valid func(string) bool) {
		for _, word := range b.source(typ.PkgPath()).consts[typ.Name()] {
			tried++
			if !valid(word) {
				t.Errorf("%s %q is declared and not valid", typ, word)
			}
		}
		if valid("no such word") {
			t.Errorf("%s: anything is valid", typ)
		}
	}
	each(reflect.TypeFor[account.Endpoint](), func(w string) bool { return account.Endpoint(w).Valid() })
	each(reflect.TypeFor[account.Mode](), func(w string) bool { return account.Mode(w).Valid() })
	each(reflect.TypeFor[account.Protocol](), func(w string) bool { return account.Protocol(w).Valid() })
	each(reflect.TypeFor[account.Path](), func(w string) bool { return account.Path(w).Valid() })
	each(reflect.TypeFor[fault.Accept](), func(w string) bool { return fault.Accept(w).Valid() })
	each(reflect.TypeFor[fault.Then](), func(w string) bool { return fault.Then(w).Valid() })
	each(reflect.TypeFor[scenarios.Family](), func(w string) bool { return scenarios.Family(w).Valid() })
	if tried < 30 {
		t.Errorf("only %d words were found", tried)
	}
}

// conforms checks the few words of JSON Schema that are used here.
func conforms(root, schema map[string]any, value any, at string) error {
	if ref, ok := schema["$ref"].(string); ok {
		def, _ := root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
		return conforms(root, def, value, at)
	}
	switch v := value.(type) {
	case map[string]any:
		properties, _ := schema["properties"].(map[string]any)
		for _, name := range asList(schema["required"]) {
			if _, ok := v[fmt.Sprint(name)]; !ok {
				return fmt.Errorf("%s: %s is missing", at, name)
			}
		}
		for name, field := range v {
			sub, ok := properties[name].(map[string]any)
			if !ok {
				return fmt.Errorf("%s.%s is not in the schema", at, name)
			}
			if err := conforms(root, sub, field, at+"."+name); err != nil {
				return err
			}
		}
	case []any:
		items, ok := schema["items"].(map[string]any)
		if !ok {
			return fmt.Errorf("%s is a list", at)
		}
		for i, e := range v {
			if err := conforms(root, items, e, fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
	case string:
		if words, ok := schema["enum"].([]any); ok && !slices.Contains(words, value) {
			return fmt.Errorf("%s: %q is not allowed", at, v)
		}
	}
	return nil
}

func asList(v any) []any {
	list, _ := v.([]any)
	return list
}
