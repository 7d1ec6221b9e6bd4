package main

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/checkup"
	"github.com/mailtlslab/mailtlslab/lab/fault"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/verify"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// The published schemas, docs/schema, are made of the types themselves: descriptions are their
// comments, the words that a type allows are its constants, and the limits those that the decoder
// keeps.

// schemaHome is where the schemas are published.
var schemaHome = strings.TrimSuffix(schemaURL, "scenario.json")

func scenarioSchema(t *testing.T) []byte {
	b := newSchemaBuilder(t)
	one := b.of(reflect.TypeFor[scenarios.Scenario]())
	return b.whole("scenario", `A scenario, or a list of them, for "mailtlslab up FILE" and "mailtlslab verify FILE". Whatever is not said is healthy. "mailtlslab show ID --json" writes one.`,
		map[string]any{"anyOf": []any{one, map[string]any{"type": "array", "items": one, "minItems": 1, "maxItems": 1000}}})
}

func listSchema(t *testing.T) []byte {
	b := newSchemaBuilder(t)
	b.output = true
	return b.whole("list", `What "mailtlslab list --json" prints.`, map[string]any{"type": "array", "items": b.of(reflect.TypeFor[listed]())})
}

func verifySchema(t *testing.T) []byte {
	b := newSchemaBuilder(t)
	b.output = true
	return b.whole("verify", `What "mailtlslab verify --json" prints.`, b.of(reflect.TypeFor[verify.Report]()))
}

func upSchema(t *testing.T) []byte {
	b := newSchemaBuilder(t)
	b.output = true
	return b.whole("up", `The first object that "mailtlslab up --json" prints, when everything listens; entry.json describes those after it.`, b.of(reflect.TypeFor[running]()))
}

func entrySchema(t *testing.T) []byte {
	b := newSchemaBuilder(t)
	b.output = true
	return b.whole("entry", `A line that "mailtlslab up --json" prints when a connection has ended.`, b.of(reflect.TypeFor[lab.Entry]()))
}

func diagnoseSchema(t *testing.T) []byte {
	b := newSchemaBuilder(t)
	b.output = true
	return b.whole("diagnose", `What "mailtlslab diagnose --json" prints; without --all it leaves out the long parts.`, b.of(reflect.TypeFor[checkup.Answer]()))
}

func batchSchema(t *testing.T) []byte {
	b := newSchemaBuilder(t)
	b.output = true
	return b.whole("batch", `A line of what "mailtlslab diagnose --batch" prints.`,
		map[string]any{"anyOf": []any{b.of(reflect.TypeFor[checkup.ChainAnswer]()), b.of(reflect.TypeFor[checkup.LineError]())}})
}

func explainSchema(t *testing.T) []byte {
	b := newSchemaBuilder(t)
	b.output = true
	return b.whole("explain", `What "mailtlslab explain CODE --json" prints.`, b.of(reflect.TypeFor[explained]()))
}

type schemaBuilder struct {
	t       *testing.T
	sources map[string]*source
	defs    map[string]any
	// output says that the schema is of what is printed: a later version may print more, and fields
	// without omitempty are always there.
	output bool
}

func newSchemaBuilder(t *testing.T) *schemaBuilder {
	return &schemaBuilder{t: t, sources: map[string]*source{}, defs: map[string]any{}}
}

// whole returns the schema as a file.
func (b *schemaBuilder) whole(name, about string, schema any) []byte {
	b.t.Helper()
	out := map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": schemaHome + name + ".json",
		"title": "mailtlslab " + name, "description": about, "$defs": b.defs,
	}
	for k, v := range schema.(map[string]any) {
		out[k] = v
	}
	data, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		b.t.Fatal(err)
	}
	return append(data, '\n')
}

func (b *schemaBuilder) source(pkg string) *source {
	if b.sources[pkg] == nil {
		b.sources[pkg] = readSource(b.t, pkg)
	}
	return b.sources[pkg]
}

// of returns the schema of a type; structs and lists of words are defined once.
func (b *schemaBuilder) of(typ reflect.Type) map[string]any {
	if typ == reflect.TypeFor[json.RawMessage]() {
		return map[string]any{} // any value
	}
	switch typ.Kind() {
	case reflect.Pointer:
		schema := b.of(typ.Elem())
		if b.output && schema["type"] == "integer" {
			schema["type"] = []string{"integer", "null"}
		}
		return schema
	case reflect.Slice:
		if typ.Elem().Kind() == reflect.Uint8 {
			return map[string]any{"type": "string", "contentEncoding": "base64", "pattern": `^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$`}
		}
		kind := any("array")
		if b.output {
			kind = []string{"array", "null"} // Go writes an empty list as null
		}
		return map[string]any{"type": kind, "items": b.of(typ.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": b.of(typ.Elem())}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
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
		if typ == reflect.TypeFor[time.Time]() {
			return map[string]any{"type": "string", "format": "date-time"}
		}
	default:
		b.t.Fatalf("no schema for %s", typ)
	}
	name := filepath.Base(typ.PkgPath()) + "." + typ.Name()
	if _, ok := b.defs[name]; !ok {
		b.defs[name] = nil // a type may hold itself
		switch {
		case typ == reflect.TypeFor[certs.Fault]() && !b.output:
			b.defs[name] = b.faults()
		case typ.Kind() == reflect.Struct:
			b.defs[name] = b.object(typ)
		default:
			b.defs[name] = b.words(typ)
		}
	}
	return map[string]any{"$ref": "#/$defs/" + name}
}

// words returns the schema of a closed list of words, each with what it means.
func (b *schemaBuilder) words(typ reflect.Type) any {
	s := b.source(typ.PkgPath())
	all := []any{}
	for _, w := range s.consts[typ.Name()] {
		info, isCode := finding.Lookup(finding.Code(w.value))
		if isCode && typ == reflect.TypeFor[finding.Code]() {
			w.about = info.Title + "."
		}
		if family := scenarios.Family(w.value); typ == reflect.TypeFor[scenarios.Family]() {
			w.about = family.Introduction()
		}
		switch {
		case w.value == "": // is left out of JSON
		case !b.output && w.value == string(finding.Unexplained): // nobody can mean it
		case w.about == "":
			all = append(all, map[string]any{"const": w.value})
		default:
			all = append(all, map[string]any{"const": w.value, "description": w.about})
		}
	}
	if len(all) == 0 {
		b.t.Fatalf("%s has no constants", typ)
	}
	return map[string]any{"type": "string", "description": s.types[typ.Name()], "oneOf": all}
}

// faults returns the schema of a fault of a certificate: one of the kinds, each with what it takes.
func (b *schemaBuilder) faults() any {
	s := b.source(reflect.TypeFor[certs.Fault]().PkgPath())
	about := map[string]string{}
	for _, w := range s.consts["Kind"] {
		about[w.value] = w.about
	}
	var all []any
	for _, f := range certs.Forms() {
		if about[string(f.Kind)] == "" {
			b.t.Errorf("nothing says what the fault %s does", f.Kind)
		}
		properties := map[string]any{"kind": map[string]any{"const": f.Kind, "description": about[string(f.Kind)]}}
		required := []string{"kind"}
		for _, field := range []string{"On", "Days", "Bits", "Names", "Status"} {
			if s.fields["Fault"][field] == "" {
				b.t.Errorf("nothing says what %s of a fault is", field)
			}
		}
		if len(f.On) > 0 {
			required = append(required, "on")
			properties["on"] = map[string]any{"enum": f.On, "description": s.fields["Fault"]["On"]}
		}
		if f.Takes != "" {
			required = append(required, f.Takes)
			field := strings.ToUpper(f.Takes[:1]) + f.Takes[1:]
			properties[f.Takes] = parameter(f, s.fields["Fault"][field])
		}
		all = append(all, map[string]any{
			"type": "object", "title": f.Kind, "description": about[string(f.Kind)],
			"properties": properties, "required": required, "additionalProperties": false,
		})
	}
	return map[string]any{"description": s.types["Fault"], "oneOf": all}
}

// parameter returns the schema of what a kind of fault takes.
func parameter(f certs.Form, about string) map[string]any {
	one := map[string]any{"type": "string"}
	switch {
	case len(f.Words) > 0:
		one["enum"] = f.Words
	case f.Pattern != "":
		one["pattern"] = f.Pattern
	default:
		one["minLength"] = 1
	}
	out := map[string]any{"type": "integer", "minimum": f.Least, "maximum": f.Most}
	if f.Takes == "status" {
		out = one
	} else if f.Takes == "names" {
		out = map[string]any{"type": "array", "items": one, "minItems": 1}
		if f.One {
			out["maxItems"] = 1
		}
	}
	out["description"] = about
	return out
}

func (b *schemaBuilder) object(typ reflect.Type) any {
	s := b.source(typ.PkgPath())
	properties := map[string]any{}
	required := []string{}
	for name, f := range scenarios.Fields(typ) {
		schema := b.of(f.Type)
		limit(schema, f.Limit)
		about := s.fields[f.Owner][f.Name]
		if name == "$schema" {
			about = "Where this schema is, for editors."
		}
		if about == "" && schema["$ref"] == nil {
			b.t.Errorf("nothing says what %s in %s is", name, typ)
		}
		if about != "" {
			schema["description"] = about
		}
		properties[name] = schema
		if f.Required {
			required = append(required, name)
		}
	}
	out := map[string]any{"type": "object", "description": s.types[typ.Name()], "properties": properties}
	if !b.output {
		out["additionalProperties"] = false
	}
	if len(required) > 0 {
		out["required"] = slices.Sorted(slices.Values(required))
	}
	return out
}

// limit adds what Check holds a field to.
func limit(schema map[string]any, l scenarios.Limit) {
	bounds := schema
	if l.OrZero {
		bounds = map[string]any{}
		schema["anyOf"] = []any{map[string]any{"const": 0}, bounds}
	}
	if l.Most != 0 {
		bounds["minimum"] = l.Least
	}
	if l.Most > 0 {
		bounds["maximum"] = l.Most
	}
	if l.Length > 0 {
		schema["maxLength"] = l.Length
	}
	if l.Pattern != "" {
		schema["pattern"] = l.Pattern
	}
	if l.Unique {
		schema["uniqueItems"] = true
	}
}

// TestEveryWordIsValid: what the types declare, Check lets through. A constant that is added to a
// type must be added to its Valid too.
func TestEveryWordIsValid(t *testing.T) {
	b := newSchemaBuilder(t)
	tried := 0
	each := func(typ reflect.Type, valid func(string) bool) {
		for _, word := range b.source(typ.PkgPath()).consts[typ.Name()] {
			tried++
			if !valid(word.value) {
				t.Errorf("%s %q is declared and not valid", typ, word.value)
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
