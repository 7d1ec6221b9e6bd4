package lesson_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/lesson"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

func plain(s string) string { return s }

func book(t *testing.T) *remedy.Book {
	t.Helper()
	b, err := remedy.Open()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func tell(t *testing.T, s scenarios.Scenario, b *remedy.Book) lesson.Telling {
	t.Helper()
	told, err := lesson.Tell(s, b)
	if err != nil {
		t.Fatal(err)
	}
	return told
}

func one(t *testing.T, id string) scenarios.Scenario {
	t.Helper()
	s, ok := scenarios.Lookup(id)
	if !ok {
		t.Fatalf("there is no %s", id)
	}
	return s
}

// TestEveryScenarioIsTold: each code that must be found is told with its advice; what is marked in a
// drawing must be found; a chain with a broken link has a mark, and one that verifies has none; no
// line is wider than it may be.
func TestEveryScenarioIsTold(t *testing.T) {
	b := book(t)
	for _, s := range scenarios.All() {
		told := tell(t, s, b)
		var codes []finding.Code
		for _, f := range told.Found {
			codes = append(codes, f.Code)
			if f.Title == "" || f.Advice.Short.You == "" || f.Advice.Short.Admin == "" {
				t.Errorf("%s: %s is not told", s.ID, f.Code)
			}
		}
		if !slices.Equal(codes, s.Codes()) {
			t.Errorf("%s: %v are told, and %v must be found", s.ID, codes, s.Codes())
		}
		for _, d := range told.Chains {
			broken := slices.ContainsFunc(d.Nodes, func(n lesson.Node) bool { return n.Broken })
			marks := slices.Clone(d.Marks)
			for _, n := range slices.Concat(d.Nodes, d.Beside) {
				marks = append(marks, n.Marks...)
			}
			if broken && len(marks) == 0 {
				t.Errorf("%s: a link is broken, and nothing says why", s.ID)
			}
			for _, l := range d.Text(plain, plain) {
				if utf8.RuneCountInString(l) > lesson.Columns {
					t.Errorf("%s: %q is wider than %d", s.ID, l, lesson.Columns)
				}
			}
		}
	}
}

// TestDrawing compares drawings whole: of a chain with a gap, of one in which another certificate
// is sent that has ended, of one that ends at a root which the device has not, and of a wrong order.
func TestDrawing(t *testing.T) {
	for id, want := range map[string]string{
		"missing-intermediate": `
leaf          mail.lab.test            sent, number 1
╳
intermediate  mailtlslab Issuing CA 1  not sent  ✗ missing-intermediate
│
root          mailtlslab Root          not sent, on the device`,
		"expired-cross-sign": `
leaf          mail.lab.test            sent, number 1
│
intermediate  mailtlslab Issuing CA 1  sent, number 2
│
root          mailtlslab Root          not sent, on the device

beside        mailtlslab Root          sent, number 3  ✗ expired-cross-sign`,
		"private-ca-leaf-only": `
leaf          mail.lab.test           sent, number 1  ✗ issuer-unknown
╳
issuer        Example Company Root 2  not sent, not on the device`,
		"self-signed-ca-true-leaf": `
leaf          mail.lab.test  sent, number 1  ✗ self-signed, ca-used-as-server`,
		"ok-root-also-sent": `
leaf          mail.lab.test            sent, number 1
│
intermediate  mailtlslab Issuing CA 1  sent, number 2
│
root          mailtlslab Root          sent, number 3, on the device
              ✗ root-also-sent`,
	} {
		told := tell(t, one(t, id), book(t))
		if len(told.Chains) != 1 {
			t.Errorf("%s: %d drawings", id, len(told.Chains))
			continue
		}
		if got := strings.Join(told.Chains[0].Text(plain, plain), "\n"); got != want[1:] {
			t.Errorf("%s:\n%s\nwant%s", id, got, want)
		}
	}
}

// TestLongNames: what is too long is cut, and what is wrong goes to lines of its own.
func TestLongNames(t *testing.T) {
	n := lesson.Node{Role: "intermediate", Name: strings.Repeat("x", 200), Trust: lesson.NotOnDevice}
	for _, info := range finding.All()[:12] {
		n.Marks = append(n.Marks, info.Code)
	}
	lines := lesson.Drawing{Nodes: []lesson.Node{n}, Marks: n.Marks}.Text(plain, plain)
	text := strings.Join(lines, "\n")
	for _, l := range lines {
		if utf8.RuneCountInString(l) > lesson.Columns {
			t.Errorf("%q", l)
		}
	}
	for _, c := range n.Marks {
		if strings.Count(text, string(c)) < 2 {
			t.Errorf("%s is missing in\n%s", c, text)
		}
	}
}

func TestOwnHostsAreDrawn(t *testing.T) {
	s := scenarios.Scenario{Case: scenarios.Case{Host: "imap.shop.example", Services: []scenarios.Service{{Chain: []certs.Fault{certs.Expired(certs.Leaf, 1)}}}}}
	d := tell(t, s, book(t)).Chains[0]
	if n := d.Nodes[0]; n.Name != "imap.shop.example" || !slices.Equal(n.Marks, []finding.Code{finding.Expired}) || len(d.Marks) > 0 || !slices.Equal(d.On, account.Endpoints()) {
		t.Errorf("%+v", d)
	}
	s.Services[0].Chain = append(s.Services[0].Chain, certs.Expired(certs.Leaf, 2))
	if _, err := lesson.Tell(s, book(t)); err == nil || !strings.Contains(err.Error(), "would undo") {
		t.Errorf("what cannot be made is drawn: %v", err)
	}
}

func TestCures(t *testing.T) {
	for id, want := range map[string][]action.Kind{
		"expired-leaf": {action.Renew}, "ok-full-chain": nil, "wrong-host-single": {action.UseHost, action.ReissueForNames},
	} {
		var got []action.Kind
		for _, a := range lesson.Cures(one(t, id)) {
			if !slices.Contains(got, a.Kind) {
				got = append(got, a.Kind)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", id, got, want)
		}
	}
}

// TestPage: every scenario and every family is on it, and no line of a drawing is too wide.
func TestPage(t *testing.T) {
	page := lesson.Page(book(t))
	for _, s := range scenarios.All() {
		if !bytes.Contains(page, []byte("\n### "+s.ID)) && !bytes.Contains(page, []byte(" "+s.ID+"\n")) {
			t.Errorf("%s is not on the page", s.ID)
		}
	}
	for _, f := range scenarios.Families() {
		if !bytes.Contains(page, []byte(f.Introduction())) {
			t.Errorf("%s is not introduced", f)
		}
	}
}

// The advice goes with the scenario's cures, and of several faults none takes back another's.
func TestAdviceGoesWithTheCures(t *testing.T) {
	b := book(t)
	you := func(id string, code finding.Code) string {
		for _, f := range tell(t, one(t, id), b).Found {
			if f.Code == code {
				return f.Advice.Short.You
			}
		}
		t.Errorf("%s: %s is not told", id, code)
		return ""
	}
	for _, tt := range []struct {
		id   string
		code finding.Code
		want string
	}{
		{"wrong-host-single", finding.NameMismatch, "should be webmail.lab.test;"},
		{"wrong-host-shared-hosting", finding.NameMismatch, "Nothing on the device needs changing: "},
		{"expired-leaf", finding.Expired, "Nothing on the device needs changing: "},
		{"two-faults-at-once", finding.Expired, "Nothing else on the device needs changing: "},
	} {
		if got := you(tt.id, tt.code); !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.id, got, tt.want)
		}
	}
}
