package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/fault"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// compile returns a published schema as a library of other people understands it.
func compile(t *testing.T, name string, data []byte) *jsonschema.Schema {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.AssertContent()
	if err := c.AddResource(schemaHome+name, value); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(schemaHome + name)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// holds judges a text by a schema.
func holds(t *testing.T, schema *jsonschema.Schema, text []byte) error {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return schema.Validate(value)
}

// TestSchemaAndDecoderAgree feeds both the same files, good and bad. What no schema can say, such as
// a fault that undoes another one, is the decoder's alone: see TestOnlyTheDecoderKnows.
func TestSchemaAndDecoderAgree(t *testing.T) {
	schema := compile(t, "scenario.json", scenarioSchema(t))
	good, bad := 0, 0
	for _, text := range everyFile(t) {
		_, wrong := scenarios.Decode([]byte(text))
		invalid := holds(t, schema, []byte(text))
		if (wrong == nil) != (invalid == nil) {
			t.Errorf("%s\ndecoder: %v\nschema: %v", text, wrong, invalid)
		}
		if wrong == nil {
			good++
		} else {
			bad++
		}
	}
	if good < 200 || bad < 300 {
		t.Errorf("only %d good and %d bad files", good, bad)
	}
}

func everyFile(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, s := range scenarios.All() {
		data, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(data), strings.Replace(string(data), "{", `{"$schema": "x", `, 1), strings.Replace(string(data), "{", `{"titel": "x", `, 1))
	}
	out = append(out, `{}`, `[{}]`, `[]`, `5`, `"expired-leaf"`, `{"$schema": 5}`, `{"number": "31"}`, `{"family": "tiem"}`, `{"family": ""}`, `{"references": null}`,
		`{"references": ["x"]}`, `{"references": []}`, `{"device": {}}`, `{"device": null}`, `{"device": {"clock": -3}}`, `{"dns": {"ipv6": true}}`, `{"dns": {"ipv6": "yes"}}`,
		`{"path": "tunnel"}`, `{"path": ""}`, `{"endpoints": ["imaps"]}`, `{"endpoints": ["smtp"]}`, `{"endpoints": ["imaps", "imaps"]}`, `{"expect": []}`, `{"expect": [{}]}`,
		`{"expect": [{"findings": []}]}`, `{"expect": [{"findings": ["late"]}]}`, `{"expect": [{"findings": ["unexplained"]}]}`, `{"expect": [{"findings": ["expired", "expired"]}]}`,
		`{"services": [{}]}`, `{"services": {}}`, `{"services": [{"mode": "ssl"}]}`, `{"services": [{"mode": "tls"}]}`, `{"services": [{"speaks": "http"}]}`,
		`{"services": [{"ciphers": [65536]}]}`, `{"services": [{"ciphers": [47]}]}`, `{"services": [{"preauth": 1}]}`, `{"services": [{"preauth": false}]}`,
		`{"services": [{"wire": {"accept": "explode"}}]}`, `{"services": [{"wire": {"lines": [{}]}}]}`, `{"services": [{"wire": {"lines": [{"command": "X", "then": "sing"}]}}]}`,
		`{"services": [{"wire": {"hello": {"reply": "FQMD"}}}]}`, `{"services": [{"wire": {"hello": {"reply": "no base64!"}}}]}`,
		`{"services": [{"chain": [{}]}]}`, `{"services": [{"chain": [{"kind": "expird"}]}]}`, `{"services": [{"backends": [[{"kind": "no-san"}], []]}]}`, `{"services": [{"nameless": [5]}]}`,
		`{"services": [{"outline": {"certificates": [{"id": "leaf", "from": "-30d", "until": "+60d4h", "key": "rsa-4096", "hash": "sha256", "basicConstraints": "CA:TRUE, pathlen:0", "names": ["a.test"]}]}}]}`,
		`{"services": [{"outline": {"certificates": [{"names": ["a.test"]}]}}]}`, `{"services": [{"outline": {"certificates": [{"id": "leaf", "keyID": "?"}]}}]}`,
		`{"services": [{"outline": {"certificates": [{"id": "leaf", "key": "rsa-8192"}]}}]}`, `{"services": [{"outline": {"certificates": [{"id": "leaf", "from": "yesterday"}]}}]}`,
		`{"services": [{"outline": {"certificates": [{"id": "leaf", "titel": "x"}]}}]}`, `{"services": [{"outline": {"sent": []}}]}`, `{"notCloned": ["something"]}`, `{"notCloned": 5}`)
	return append(append(out, atLimits(t)...), faultFiles(t)...)
}

// homes are where a value of each type with limits stands in a file; %s is its fields.
var homes = map[string]string{
	"Lesson": `{%s}`, "Case": `{%s}`, "Service": `{"services": [{"backends": [[], []], %s}]}`, "Device": `{"device": {%s}}`, "Expectation": `{"expect": [{%s}]}`,
	"Plan": `{"services": [{"wire": {%s}}]}`, "Hello": `{"services": [{"wire": {"hello": {%s}}}]}`, "Line": `{"services": [{"wire": {"lines": [{%s}]}}]}`,
	"Certificate": `{"services": [{"outline": {"certificates": [{"id": "leaf", %s}]}}]}`,
}

// atLimits returns files with values on both sides of every limit.
func atLimits(t *testing.T) []string {
	t.Helper()
	var out []string
	for name, l := range scenarios.Limits() {
		typ, field, _ := strings.Cut(name, ".")
		home, ok := homes[typ]
		if !ok {
			t.Errorf("no file has a %s", typ)
		}
		at := func(value string) {
			out = append(out, fmt.Sprintf(home, fmt.Sprintf("%q: %s", jsonName(t, typ, field), value)))
		}
		if l.Most != 0 {
			for _, n := range []int64{l.Least - 1, l.Least, l.Most, l.Most + 1, 0} {
				if name != "Service.FirstBackend" || n < 3 { // how many there are is no matter of a schema
					at(fmt.Sprint(n))
				}
			}
		}
		if l.Length > 0 {
			at(`"` + strings.Repeat("x", l.Length) + `"`)
			at(`"` + strings.Repeat("x", l.Length+1) + `"`)
		}
		if l.Pattern != "" {
			for _, s := range []string{"", "a", "a-b", "A b", "a\n", "a.", "a/b", "é"} {
				text, _ := json.Marshal(s)
				at(string(text))
			}
		}
	}
	return out
}

// faultFiles returns files with every kind of fault, with what it takes and with what it does not.
func faultFiles(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, f := range certs.Forms() {
		for _, on := range []string{"", `, "on": "leaf"`, `, "on": "intermediate"`, `, "on": "root"`, `, "on": "nowhere"`, `, "on": ""`} {
			for _, takes := range []string{"", `, "days": 1`, `, "days": 0`, `, "days": 5000`, `, "bits": 1024`, `, "bits": 4096`, `, "names": ["a.test"]`, `, "names": ["é.test", "ü.test"]`,
				`, "names": []`, `, "names": [""]`, `, "names": ["clientAuth"]`, `, "names": ["keyAgreement"]`, `, "status": "good"`, `, "status": "none"`, `, "status": "bad"`} {
				out = append(out, fmt.Sprintf(`{"services": [{"chain": [{"kind": %q%s%s}]}]}`, f.Kind, on, takes))
			}
		}
	}
	return out
}

// TestOnlyTheDecoderKnows are the mistakes that a schema cannot tell, each by its reason.
func TestOnlyTheDecoderKnows(t *testing.T) {
	schema := compile(t, "scenario.json", scenarioSchema(t))
	for text, want := range map[string]string{
		`{"services": [{"chain": [{"kind": "self-signed"}, {"kind": "private-ca"}]}]}`:                            "it would undo",
		`{"expect": [{"findings": ["expired", "client-clock"]}]}`:                                                 "which hides it",
		`{"endpoints": ["imaps"], "expect": [{"on": ["https"], "findings": []}]}`:                                 "does not run on https",
		`{"services": [{"firstBackend": 1}]}`:                                                                     "no number 1",
		`{"family": "controls", "expect": [{"findings": ["expired"]}]}`:                                           "a control must not expect",
		`[{"id": "a"}, {"id": "a"}]`:                                                                              "has it already",
		`{"id": "a", "id": "b"}`:                                                                                  "given twice",
		`{"openssl": 10.0}`:                                                                                       "must be a whole number",
		`{"services": [{"outline": {"certificates": [{"id": "a", "issuer": "b"}]}}]}`:                             `no certificate "b"`,
		`{"services": [{"outline": {"certificates": [{"id": "a"}], "sent": ["b"]}}]}`:                             `no certificate "b"`,
		`{"services": [{"outline": {"certificates": [{"id": "a"}]}, "chain": [{"kind": "self-signed"}]}]}`:        "an outline says itself",
		`{"services": [{"outline": {"certificates": [{"id": "a", "subject": ["me"]}]}}]}`:                         "an attribute such as",
		`{"services": [{"outline": {"certificates": [{"id": "a", "issuer": "b"}, {"id": "b", "issuer": "a"}]}}]}`: "round in a circle",
	} {
		if _, err := scenarios.Decode([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
		if err := holds(t, schema, []byte(text)); err != nil {
			t.Errorf("%s: the schema knows it too, so that it belongs to the files of both: %v", text, err)
		}
	}
}

// jsonName returns the name in JSON of a field of a type that a scenario is made of.
func jsonName(t *testing.T, typ, field string) string {
	t.Helper()
	for _, of := range []reflect.Type{
		reflect.TypeFor[scenarios.Lesson](), reflect.TypeFor[scenarios.Case](), reflect.TypeFor[scenarios.Service](), reflect.TypeFor[scenarios.Device](),
		reflect.TypeFor[scenarios.Expectation](), reflect.TypeFor[fault.Plan](), reflect.TypeFor[fault.Hello](), reflect.TypeFor[fault.Line](), reflect.TypeFor[certs.Certificate](),
	} {
		for name, f := range scenarios.Fields(of) {
			if f.Owner == typ && f.Name == field {
				return name
			}
		}
	}
	t.Fatalf("there is no field %s.%s", typ, field)
	return ""
}

// TestOutputsFitTheirSchemas: what is really printed is of the published form, and nonsense is not.
func TestOutputsFitTheirSchemas(t *testing.T) {
	cases := filepath.Join(t.TempDir(), "cases.jsonl")
	if err := os.WriteFile(cases, []byte(batchLine(t, mustMint(t, "expired-leaf"), "1", "mail.lab.test")), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		schema []byte
		args   []string
		wrong  string
	}{
		"list.json":     {listSchema(t), []string{"list", "--json"}, `[{"number": "31"}]`},
		"verify.json":   {verifySchema(t), []string{"verify", "--json", "expired-leaf", "starttls-not-offered", "imap-preauth"}, `{"version": 1, "began": "today", "scenarios": []}`},
		"scenario.json": {scenarioSchema(t), []string{"show", "--json", "expired-leaf"}, `{"titel": "x"}`},
		"explain.json":  {explainSchema(t), []string{"explain", "--json", "expired"}, `{"version": 1, "code": "out-of-date"}`},
		"diagnose.json": {diagnoseSchema(t), []string{"diagnose", "--json", "--all", "--timeout", "1s", "127.0.0.1:1"}, `{"version": 1, "verdict": "perhaps"}`},
		"batch.json":    {batchSchema(t), []string{"diagnose", "--batch", cases}, `{"id": 1}`},
	} {
		schema := compile(t, name, c.schema)
		r := invoke(t, c.args...)
		if err := holds(t, schema, []byte(r.out)); r.code > exitFindings || err != nil {
			t.Errorf("%v: exit %d, %v", c.args, r.code, err)
		}
		if holds(t, schema, []byte(c.wrong)) == nil {
			t.Errorf("%s takes %s", name, c.wrong)
		}
	}
}

// rootsIn returns the roots in a file.
func rootsIn(t *testing.T, file string) *x509.CertPool {
	t.Helper()
	data, err := os.ReadFile(file)
	roots := x509.NewCertPool()
	if err != nil || !roots.AppendCertsFromPEM(data) {
		t.Fatalf("no root in %s: %v", file, err)
	}
	return roots
}

// visit connects as a client that verifies, and hangs up.
func visit(t *testing.T, address, root string) {
	t.Helper()
	if conn, err := tls.Dial("tcp", address, &tls.Config{ServerName: "mail.lab.test", RootCAs: rootsIn(t, root), MinVersion: tls.VersionTLS12}); err == nil {
		conn.Close()
	}
}

// TestUpFitsItsSchemas: the first line, and those of connections that went differently.
func TestUpFitsItsSchemas(t *testing.T) {
	first, entry := compile(t, "up.json", upSchema(t)), compile(t, "entry.json", entrySchema(t))
	l := serveLab(t, "expired-leaf", "ok-full-chain")
	if err := holds(t, first, l.first); err != nil {
		t.Errorf("%v: %s", err, l.first)
	}
	if _, err := os.Stat(l.Root); err != nil || !filepath.IsAbs(l.Root) {
		t.Errorf("the root is no file that can be named anywhere: %q %v", l.Root, err)
	}
	for id, want := range map[string]string{"expired-leaf": `"alert":42`, "ok-full-chain": `"alert":null`} {
		visit(t, l.at(t, id, "imaps"), l.Root)
		for line := range l.lines {
			if err := holds(t, entry, []byte(line)); err != nil {
				t.Errorf("%v: %s", err, line)
			}
			if strings.Contains(line, id) && strings.Contains(line, want) {
				break
			}
		}
	}
	for _, wrong := range []string{`{"version": "1"}`, `{}`} {
		if holds(t, first, []byte(wrong)) == nil || holds(t, entry, []byte(wrong)) == nil {
			t.Errorf("%s is taken", wrong)
		}
	}
	if r := l.stop(); r.code != exitOK {
		t.Errorf("%+v", r)
	}
	if _, err := os.Stat(filepath.Dir(l.Root)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder in the cache is still there: %v", err)
	}
}
