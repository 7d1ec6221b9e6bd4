package action_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
)

func TestEveryKindIsInTheTableOnce(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "action.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared []action.Kind
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			if of, ok := spec.Type.(*ast.Ident); ok && of.Name == "Kind" {
				for _, v := range spec.Values {
					text, err := strconv.Unquote(v.(*ast.BasicLit).Value)
					if err != nil {
						t.Fatal(err)
					}
					declared = append(declared, action.Kind(text))
				}
			}
		}
		return true
	})
	if kinds := action.Kinds(); len(declared) == 0 || !slices.Equal(declared, kinds) {
		t.Errorf("constants and table differ, or their order does:\n%v\n%v", declared, kinds)
	}
	kebab := regexp.MustCompile(`^[a-z]+(-[a-z]+)+$`)
	seen := map[action.Kind]bool{}
	for _, k := range action.Kinds() {
		if seen[k] || !kebab.MatchString(string(k)) {
			t.Errorf("%s: there twice, or not in kebab-case", k)
		}
		seen[k] = true
	}
}

func full(k action.Kind) action.Action {
	return action.Action{Kind: k, Names: []string{"a.test", "{host}"}, Certificate: []byte{1}, Host: "h.test", Port: 993, Mode: account.ImplicitTLS, Fingerprint: "f0"}
}

func TestWords(t *testing.T) {
	words := map[string]action.Kind{}
	for _, k := range action.Kinds() {
		a := full(k)
		a.Names = []string{"a.test", "b.test"}
		text := a.String()
		if text == string(k) || strings.ContainsAny(text, "{}\n") || strings.HasSuffix(text, ".") || words[text] != "" {
			t.Errorf("%s says %q", k, text)
		}
		words[text] = k
		if p := a.Party(); p != action.User && p != action.Admin {
			t.Errorf("%s is done by %q", k, p)
		}
	}
	for k, want := range map[action.Kind]string{
		action.ReissueForNames: "have the certificate reissued for a.test, {host}", // a name is not filled in a second time
		action.UseHost:         "use h.test as the server name, but only once the provider has confirmed that name",
		action.UseServer:       "use port 993 with implicit TLS",
	} {
		if got := full(k).String(); got != want {
			t.Errorf("%s says %q", k, got)
		}
	}
	if a := (action.Action{Kind: "dance"}); a.String() != "dance" || a.Party() != "" {
		t.Errorf("%q by %q", a, a.Party())
	}
}

func TestParty(t *testing.T) {
	user := []action.Kind{action.UseHost, action.UseServer, action.EnterPassword, action.TrustRoot, action.SetClock,
		action.UpdateClient, action.StopScanning, action.ForgetException, action.TrustAgain, action.ForgetSession, action.LeaveNetwork}
	for _, k := range action.Kinds() {
		want := action.Admin
		if slices.Contains(user, k) {
			want = action.User
		}
		if got := (action.Action{Kind: k}).Party(); got != want {
			t.Errorf("%s is done by %s", k, got)
		}
	}
}

func TestActionSurvivesJSON(t *testing.T) {
	v := reflect.ValueOf(full(action.Renew))
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("%s is not tested", v.Type().Field(i).Name)
		}
	}
	for _, want := range []action.Action{{Kind: action.Renew}, full(action.SendChain)} {
		data, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got action.Action
		if err := json.Unmarshal(data, &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\n%+v, %v", data, got, err)
		}
	}
}
