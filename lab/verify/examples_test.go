package verify

import (
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/message"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// An example is what the comment of a code says that it can be seen in.
type example struct {
	code     finding.Code
	form     string // scenario, case, survey, chain, files or words
	words    string
	endpoint account.Endpoint // of a scenario or a case; empty means its first
}

// examples reads the comments of lab/finding.
func examples(t testing.TB) map[finding.Code]example {
	t.Helper()
	names, err := filepath.Glob("../finding/codes*.go")
	if err != nil || len(names) == 0 {
		t.Fatalf("no source of the codes: %v", err)
	}
	line := regexp.MustCompile(`(?m)^Example: (\w+) (.*?)(?: on (imaps|imap|pop3s|pop3|submissions|submission|https))?$`)
	out := map[finding.Code]example{}
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			code, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			found := line.FindAllStringSubmatch(spec.Doc.Text(), -1)
			if err != nil || len(found) != 1 {
				t.Errorf("%s: %d examples, %v", spec.Names[0], len(found), err)
				return true
			}
			out[finding.Code(code)] = example{finding.Code(code), found[0][1], found[0][2], account.Endpoint(found[0][3])}
			return true
		})
	}
	return out
}

// served returns what is to be served for an example, and false for one that is made.
func (x example) served(t testing.TB) (scenarios.Scenario, bool) {
	t.Helper()
	switch x.form {
	case "scenario":
		s, ok := scenarios.Lookup(x.words)
		if !ok {
			t.Errorf("%s: there is no scenario %q", x.code, x.words)
		}
		return s, ok
	case "case":
		s := scenarios.Scenario{Lesson: scenarios.Lesson{ID: "example-of-" + string(x.code)}}
		if err := json.Unmarshal([]byte(x.words), &s.Case); err != nil {
			t.Errorf("%s: %v", x.code, err)
		}
		return s, true
	}
	return scenarios.Scenario{}, false
}

// spoken returns what lab/message says that words of a client or a server mean most likely.
func (x example) spoken(t testing.TB) (out []finding.Finding) {
	t.Helper()
	side, words, ok := strings.Cut(strings.TrimPrefix(x.words, "of a "), ": ")
	if side := message.Side(side); !ok || side != message.Client && side != message.Server {
		t.Errorf("%s: words of whom? %q", x.code, x.words)
	}
	if meaning, known := message.Find(words, message.Side(side)); known {
		out = append(out, finding.New(meaning.Codes[0], words))
	}
	return out
}

// TestEveryCodeHasAnExample serves what the comments name, or makes it, and wants this code and no
// other to be found.
func TestEveryCodeHasAnExample(t *testing.T) {
	all, m := examples(t), made(t)
	list, codes := []scenarios.Scenario{}, map[string][]example{}
	for _, info := range finding.All() {
		x, ok := all[info.Code]
		if !ok {
			t.Errorf("%s has no example", info.Code)
			continue
		}
		if s, is := x.served(t); is {
			if codes[s.ID] == nil {
				list = append(list, s)
			}
			codes[s.ID] = append(codes[s.ID], x)
			continue
		}
		if x.form == "words" {
			x.compare(t, x.spoken(t))
			continue
		}
		make, ok := m[x.form+" "+x.words]
		if !ok {
			t.Errorf("%s: nobody can make %q", x.code, x.form+" "+x.words)
			continue
		}
		delete(m, x.form+" "+x.words)
		x.compare(t, make())
	}
	for words := range m {
		t.Errorf("no code has the example %q", words)
	}
	l := newLab(t)
	rows := make([]Row, len(list))
	servers := serve(l, list, rows)
	v := newVerifier(l, Options{Timeout: patience})
	look := func(server *lab.Server) []seen {
		found, _ := v.examine(context.Background(), v.devices(context.Background(), server))
		return found
	}
	found := make([][]seen, len(list))
	var wait sync.WaitGroup
	slots := make(chan struct{}, perProcessor*runtime.GOMAXPROCS(0))
	for i, server := range servers {
		if server == nil {
			if rows[i].Unavailable == "" {
				t.Errorf("%s: %s", rows[i].ID, rows[i].Problem)
			}
			continue // this system cannot serve it
		}
		wait.Go(func() {
			if !list[i].Waits() {
				slots <- struct{}{}
				defer func() { <-slots }()
			}
			found[i] = look(server)
		})
	}
	wait.Wait()
	for i, server := range servers {
		for _, x := range codes[list[i].ID] {
			at := max(0, slices.Index(list[i].On(), x.endpoint))
			switch {
			case server == nil:
				continue
			case x.endpoint != "" && list[i].On()[at] != x.endpoint:
				t.Errorf("%s: %s is not on %s", x.code, list[i].ID, x.endpoint)
			case !slices.Equal(finding.Codes(found[i][at].Findings), []finding.Code{x.code}):
				found[i] = look(server) // alone, where the machine has time for it
			}
			x.compare(t, found[i][at].Findings)
		}
	}
}

func (x example) compare(t testing.TB, found []finding.Finding) {
	t.Helper()
	if got := finding.Codes(found); !slices.Equal(got, []finding.Code{x.code}) {
		t.Errorf("%s: its example, %s %s, shows %v", x.code, x.form, x.words, got)
	}
	for _, f := range found {
		if err := f.Check(); err != nil {
			t.Errorf("%s %s: %v", x.form, x.words, err)
		}
		if holds := facts()[f.Code]; holds != nil && !holds(f.Facts) {
			t.Errorf("%s: its facts lack something that its comment speaks of: %+v", f.Code, f.Facts)
		}
	}
}

// facts is, for codes whose comment names facts, whether the finding of its example has them.
func facts() map[finding.Code]func(finding.Facts) bool {
	needed := func(f finding.Facts) bool { return len(f.Certificate) > 0 }
	wanted := func(f finding.Facts) bool { return f.Cause != "" && f.Fingerprint != "" && !f.About.IsZero() }
	version := func(f finding.Facts) bool { return f.Version != "" }
	alert := func(f finding.Facts) bool { return f.Alert == 40 || f.Alert == 80 }
	detail := func(f finding.Facts) bool { return f.Detail != "" }
	port := func(f finding.Facts) bool { return f.Port > 0 && f.Mode.Valid() }
	return map[finding.Code]func(finding.Facts) bool{
		finding.SiblingPortOpen: port, finding.WrongEncryptionType: port,
		finding.AddressFamilyDifference: func(f finding.Facts) bool { return f.IPFamily == finding.IPv6 && strings.HasPrefix(f.Address, "[") },
		finding.WrongService:            func(f finding.Facts) bool { return f.Speaks.Valid() },
		finding.PublishedSettingsWrong:  func(f finding.Facts) bool { return f.Cause == finding.NameMismatch && f.Detail != "" },
		finding.HandshakeRefused:        alert, finding.NoCommonCipher: alert,
		finding.ProtocolTooOld: version, finding.ClientTooOld: version,
		finding.MissingIntermediate: needed, finding.RootMissingOnDevice: needed,
		finding.ClientClock:  func(f finding.Facts) bool { return !f.At.IsZero() && f.Detail == finding.DetailBehind },
		finding.Revoked:      func(f finding.Facts) bool { return !f.At.IsZero() && f.Reason != "" },
		finding.NameMismatch: detail, finding.StaleStaple: detail, finding.RevocationUnknown: detail,
		finding.Intermittent: wanted, finding.ExceptionStale: wanted,
		finding.RenewedNotLoaded: func(f finding.Facts) bool { return f.Fingerprint != "" && f.Fingerprint != f.About.Fingerprint },
	}
}
