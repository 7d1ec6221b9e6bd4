package finding_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

func TestEveryConstantIsInTheTable(t *testing.T) {
	var table []finding.Code
	for _, info := range finding.All() {
		table = append(table, info.Code)
	}
	if consts := values[finding.Code](t); !slices.Equal(consts, table) {
		t.Errorf("constants and table differ, or their order does:\n%v\n%v", consts, table)
	}
}

// TestCodesStay holds the codes against a list kept outside the program: a code that was once
// told to somebody is never renamed, dropped or given another meaning. Add new ones; a retired
// one stays here.
func TestCodesStay(t *testing.T) {
	data, err := os.ReadFile("testdata/codes.txt")
	if err != nil {
		t.Fatal(err)
	}
	kept := strings.Fields(string(data))
	for _, info := range finding.All() {
		if !slices.Contains(kept, string(info.Code)) {
			t.Errorf("%s is new: add it to testdata/codes.txt", info.Code)
		}
	}
	for _, code := range kept {
		if _, ok := finding.Lookup(finding.Code(code)); !ok {
			t.Errorf("%s is gone from the table: codes are never renamed or reused", code)
		}
	}
}

func TestVocabulary(t *testing.T) {
	kebab := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	families := []finding.Family{finding.Network, finding.Service, finding.Protocol, finding.Trust, finding.Names, finding.Time,
		finding.Keys, finding.Usage, finding.Revocation, finding.History, finding.Account, finding.Unclear}
	// RFC 8460 section 4.3.
	reports := []string{"", "starttls-not-supported", "certificate-host-mismatch", "certificate-expired", "certificate-not-trusted", "validation-failure", "tlsa-invalid", "sts-webpki-invalid"}
	seen, titles := map[finding.Code]bool{}, map[string]bool{}
	family := 0
	for _, info := range finding.All() {
		if seen[info.Code] || !kebab.MatchString(string(info.Code)) {
			t.Errorf("%s: there twice, or not in kebab-case", info.Code)
		}
		if titles[info.Title] || info.Title == "" || strings.HasSuffix(info.Title, ".") || strings.Contains(info.Title, "\n") || len(info.Title) > 100 {
			t.Errorf("%s: title %q", info.Code, info.Title)
		}
		seen[info.Code], titles[info.Title] = true, true
		if !slices.Contains([]finding.Severity{finding.Error, finding.Warning, finding.Note}, info.Severity) || strings.TrimSpace(info.Basis) == "" {
			t.Errorf("%s: severity %q by %q", info.Code, info.Severity, info.Basis)
		}
		at := slices.Index(families, info.Family)
		if at < family {
			t.Errorf("%s: family %q out of order", info.Code, info.Family)
		}
		family = at
		if !slices.Contains(reports, info.RFC8460) {
			t.Errorf("%s: %q is no result type of RFC 8460", info.Code, info.RFC8460)
		}
		for _, other := range slices.Concat(info.Causes, info.Masks) {
			hidden, ok := finding.Lookup(other)
			if !ok || other == info.Code || hidden.Stage < info.Stage {
				t.Errorf("%s hides %s, which is unknown, itself, or of an earlier stage", info.Code, other)
			}
		}
	}
}

// TestHidesIsAnOrder: nothing hides itself, not even in a roundabout way, so that of any set of
// findings at least one is told.
func TestHidesIsAnOrder(t *testing.T) {
	all := finding.All()
	const looking, done = 1, 2
	state := map[finding.Code]int{}
	var visit func(c finding.Code, trail []finding.Code)
	visit = func(c finding.Code, trail []finding.Code) {
		trail = append(trail, c)
		switch state[c] {
		case looking:
			t.Fatalf("a circle: %v", trail)
		case done:
			return
		}
		state[c] = looking
		for _, other := range all {
			if finding.Hides(c, other.Code) {
				visit(other.Code, trail)
			}
		}
		state[c] = done
	}
	for _, info := range all {
		if finding.Hides(info.Code, info.Code) {
			t.Errorf("%s hides itself", info.Code)
		}
		visit(info.Code, nil)
	}
}

func TestHides(t *testing.T) {
	for _, c := range []struct {
		a, b finding.Code
		want bool
	}{
		{finding.StartTLSNotOffered, finding.Expired, true}, // blocks a later stage
		{finding.Expired, finding.StartTLSNotOffered, false},
		{finding.ProtocolTooOld, finding.Expired, false}, // earlier, and does not block
		{finding.NoSAN, finding.NameMismatch, true},      // causes
		{finding.Expired, finding.ExpiresSoon, true},     // masks
		{finding.Expired, finding.NameMismatch, false},
		{finding.Expired, "no-such-code", false},
		{"no-such-code", finding.Expired, false},
	} {
		if got := finding.Hides(c.a, c.b); got != c.want {
			t.Errorf("%s hides %s: %v", c.a, c.b, got)
		}
	}
}

func TestFindings(t *testing.T) {
	e, w, n := finding.New(finding.Expired, "x"), finding.New(finding.ExpiresSoon, "x"), finding.New(finding.RootAlsoSent, "x")
	for _, c := range []struct {
		fs   []finding.Finding
		want finding.Severity
	}{
		{nil, ""}, {[]finding.Finding{n}, finding.Note}, {[]finding.Finding{n, w}, finding.Warning}, {[]finding.Finding{w, n}, finding.Warning},
		{[]finding.Finding{n, w, e}, finding.Error}, {[]finding.Finding{e, n}, finding.Error},
	} {
		if got := finding.Worst(c.fs); got != c.want {
			t.Errorf("worst of %v: %q", finding.Codes(c.fs), got)
		}
	}
	if got := finding.Codes([]finding.Finding{w, e}); !slices.Equal(got, []finding.Code{finding.ExpiresSoon, finding.Expired}) {
		t.Errorf("codes %v", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("a code outside the vocabulary was taken")
		}
	}()
	finding.New("no-such-code", "x")
}

// TestAllIsACopy: the vocabulary cannot be changed from outside.
func TestAllIsACopy(t *testing.T) {
	finding.All()[0].Title = "changed"
	if finding.All()[0].Title == "changed" {
		t.Error("it can")
	}
}
