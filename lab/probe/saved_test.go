package probe

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

// TestEveryWordIsValid: what observation.go declares is valid, and nothing else.
func TestEveryWordIsValid(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "observation.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	valid := map[string]func(string) bool{
		"Stage":   func(s string) bool { return Stage(s).Valid() },
		"Outcome": func(s string) bool { return Outcome(s).Valid() },
	}
	seen := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		of, _ := spec.Type.(*ast.Ident)
		if of == nil || valid[of.Name] == nil {
			return true
		}
		seen++
		if word, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value); err != nil || !valid[of.Name](word) {
			t.Errorf("%s %q is declared and not valid", of.Name, word)
		}
		return true
	})
	if seen < 20 || Stage("dance").Valid() || Outcome("dance").Valid() {
		t.Errorf("%d words, or anything is valid", seen)
	}
}

// TestReadSaved: what was saved is read again, and what no probe has written is refused by its reason.
func TestReadSaved(t *testing.T) {
	good := Observation{Settings: account.For(account.IMAPS, "a.test"), At: time.Unix(1<<30, 0), Stage: Done, Outcome: Fine}
	read := func(o Observation) error {
		data, err := json.Marshal(Save(Survey{Observations: []Observation{o}}))
		if err != nil {
			t.Fatal(err)
		}
		_, err = ReadSaved(data)
		return err
	}
	if err := read(good); err != nil {
		t.Error(err)
	}
	for want, spoil := range map[string]func(*Observation){
		`"dance" is no endpoint`:        func(o *Observation) { o.Settings.Endpoint = "dance" },
		`"dance" is no stage`:           func(o *Observation) { o.Stage = "dance" },
		`"dance" is no outcome`:         func(o *Observation) { o.Outcome = "dance" },
		"does not say when it was seen": func(o *Observation) { o.At = time.Time{} },
		"the host: ":                    func(o *Observation) { o.Settings.Host = "" },
	} {
		o := good
		spoil(&o)
		if err := read(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
