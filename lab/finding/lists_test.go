package finding_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// A constant is one that the package declares.
type constant struct{ name, of, value, doc string }

// constants returns those of a named type, in the order of the files and of their lines.
func constants(t *testing.T) []constant {
	t.Helper()
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var out []constant
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Names) != 1 || len(spec.Values) != 1 {
				return true
			}
			of, named := spec.Type.(*ast.Ident)
			lit, text := spec.Values[0].(*ast.BasicLit)
			if named && text {
				value, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				doc := spec.Doc.Text()
				if doc == "" {
					doc = spec.Comment.Text()
				}
				out = append(out, constant{spec.Names[0].Name, of.Name, value, doc})
			}
			return true
		})
	}
	return out
}

// values returns the constants of one type, in their order.
func values[T ~string](t *testing.T) []T {
	t.Helper()
	var out []T
	for _, c := range constants(t) {
		if c.of == reflect.TypeFor[T]().Name() {
			out = append(out, T(c.value))
		}
	}
	return out
}

// TestTheListsAreClosed: what the functions return is what is declared, in its order, once each.
func TestTheListsAreClosed(t *testing.T) {
	equal := func(name string, declared, listed []string) {
		if !slices.Equal(declared, listed) || len(declared) < 2 {
			t.Errorf("%s: declared and listed values differ, or their order does:\n%q\n%q", name, declared, listed)
		}
		if twice := slices.Sorted(slices.Values(declared)); len(slices.Compact(slices.Clone(twice))) != len(twice) {
			t.Errorf("%s: a value is there twice: %q", name, twice)
		}
	}
	equal("edits", texts(values[finding.Edit](t)), texts(finding.Edits()))
	equal("reasons", texts(values[finding.Reason](t)), texts(finding.Reasons()))
	equal("products", texts(values[finding.Product](t)), texts(finding.Products()))
	equal("families of addresses", texts(values[finding.IPFamily](t)), texts(finding.IPFamilies()))
	equal("origins", texts(values[finding.Origin](t)), texts(finding.Origins()))
	equal("roles", texts(values[finding.Role](t)), texts(finding.Roles()))
	ofCodes := map[finding.Detail]bool{}
	for _, info := range finding.All() {
		for _, d := range finding.Details(info.Code) {
			ofCodes[d] = true
		}
	}
	equal("details", slices.Sorted(slices.Values(texts(values[finding.Detail](t)))), texts(slices.Sorted(maps.Keys(ofCodes))))
}

func texts[T ~string](list []T) []string {
	var out []string
	for _, v := range list {
		out = append(out, string(v))
	}
	return out
}

// TestEveryConstantSaysWhatItMeans holds each doc comment to its form: of a code, a detail or an edit
// it begins with the constant's name and a colon, and that of a code ends with an example.
func TestEveryConstantSaysWhatItMeans(t *testing.T) {
	example := regexp.MustCompile(`\n\nExample: (scenario|case|survey|chain|files|words) \S.*\n$`)
	for _, c := range constants(t) {
		switch c.of {
		case "Code":
			if !strings.HasPrefix(c.doc, c.name+": ") || !example.MatchString(c.doc) || strings.Count(c.doc, "Example:") != 1 {
				t.Errorf("%s should have a comment that begins with its name and ends with one example: %q", c.name, c.doc)
			}
		case "Detail", "Edit", "Reason", "Origin", "Role":
			if !strings.HasPrefix(c.doc, c.name+": ") || !strings.HasSuffix(c.doc, ".\n") {
				t.Errorf("%s should have a sentence of its own: %q", c.name, c.doc)
			}
		default:
			if c.doc == "" {
				t.Errorf("%s says nothing", c.name)
			}
		}
	}
}

func whole() finding.Finding {
	f := finding.New(finding.NameMismatch, "it is for another name")
	f.Evidence = []string{"the certificate says so"}
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditName, Text: "with another name"}
	f.Facts = finding.Facts{
		Host: "mail.lab.test", Names: []string{"a.test"}, Subject: "a.test", Issuer: "CA", Certificate: []byte{48, 0},
		About:       finding.PointAt([]byte{48, 0}, [][]byte{{1}, {48, 0}}, finding.RoleIntermediate),
		Fingerprint: finding.Fingerprint([]byte("x")), At: time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC), Port: 993, Beside: 443,
		Mode: account.ImplicitTLS, Speaks: finding.PlainHTTP, Text: "HTTP/1.1 302", Alert: 40, Address: "[::1]:993", Version: "TLS 1.0", Product: finding.Dovecot,
		IPFamily: finding.IPv6, Reason: finding.ReasonSuperseded, Cause: finding.WrongPurpose, Detail: finding.DetailSMIME,
	}
	return f
}

// TestAFindingSurvivesJSON: every field does, and what is not set is not written.
func TestAFindingSurvivesJSON(t *testing.T) {
	f := whole()
	v := reflect.ValueOf(f.Facts)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("the test sets no %s", v.Type().Field(i).Name)
		}
	}
	data, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var back finding.Finding
	if err := json.Unmarshal(data, &back); err != nil || !reflect.DeepEqual(f, back) {
		t.Errorf("%v\n%+v\n%+v", err, f, back)
	}
	data, err = json.Marshal(finding.New(finding.Expired, "it has expired"))
	if want := `{"code":"expired","severity":"error","summary":"it has expired"}`; err != nil || string(data) != want {
		t.Errorf("%s, %v, want %s", data, err, want)
	}
}

// TestCheck: a value that is in no list is named.
func TestCheck(t *testing.T) {
	if err := whole().Check(); err != nil {
		t.Error(err)
	}
	for want, spoil := range map[string]func(*finding.Finding){
		"no code":              func(f *finding.Finding) { f.Code = "x" },
		"no severity":          func(f *finding.Finding) { f.Severity = "x" },
		"could be its cause":   func(f *finding.Finding) { f.Facts.Cause = "x" },
		"no detail \"x\"":      func(f *finding.Finding) { f.Facts.Detail = "x" },
		"no detail \"ahead\"":  func(f *finding.Finding) { f.Facts.Detail = finding.DetailAhead },
		"no edit":              func(f *finding.Finding) { f.Counterfactual.Edit = "x" },
		"no mode":              func(f *finding.Finding) { f.Facts.Mode = "x" },
		"no protocol":          func(f *finding.Finding) { f.Facts.Speaks = "x" },
		"no product \"x\"":     func(f *finding.Finding) { f.Facts.Product = "x" },
		"addresses \"x\"":      func(f *finding.Finding) { f.Facts.IPFamily = "x" },
		"reason \"x\"":         func(f *finding.Finding) { f.Facts.Reason = "x" },
		"From:x":               func(f *finding.Finding) { f.Facts.About.From = "x" },
		"Role:x":               func(f *finding.Finding) { f.Facts.About.Role = "x" },
		"Fingerprint:00":       func(f *finding.Finding) { f.Facts.About.Fingerprint = "00" },
		"Position:0":           func(f *finding.Finding) { f.Facts.About.Position = 0 },
		"From:known Position:": func(f *finding.Finding) { f.Facts.About.From = finding.Known },
	} {
		f := whole()
		spoil(&f)
		if err := f.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestPointers(t *testing.T) {
	leaf, ca, other := []byte("leaf"), []byte("ca"), []byte("other")
	sent := [][]byte{leaf, ca}
	p := finding.PointAt(ca, sent, finding.RoleIntermediate)
	if want := (finding.Pointer{Fingerprint: finding.Fingerprint(ca), From: finding.Sent, Position: 2, Role: finding.RoleIntermediate}); p != want || !p.OfCA() {
		t.Errorf("%+v", p)
	}
	known := finding.PointAt(other, sent, finding.RoleRoot)
	if known.From != finding.Known || known.Position != 0 || !known.OfCA() || finding.PointAt(leaf, sent, finding.RoleLeaf).OfCA() {
		t.Errorf("%+v", known)
	}
	fs := []finding.Finding{{Facts: finding.Facts{About: p}}, {Facts: finding.Facts{About: known}}, {}}
	moved := finding.FromFile(fs, [][]byte{other[:0], ca, leaf})
	if at := moved[0].Facts.About; at.From != finding.InFile || at.Position != 2 || moved[1].Facts.About != known || !moved[2].Facts.About.IsZero() {
		t.Errorf("%+v", moved)
	}
	if fs[0].Facts.About != p {
		t.Error("the findings that were given have changed")
	}
}
