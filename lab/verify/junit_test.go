package verify

import (
	"bytes"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

// written is a report with one of each: good, not as expected, not served, unavailable, and looked
// at again.
func written(t *testing.T) []byte {
	t.Helper()
	report := Report{Began: time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC), Rows: []Row{
		{ID: "good", Cells: []Cell{{Endpoint: account.IMAPS, Took: 1234567 * time.Microsecond}, {Endpoint: account.Web}}, Took: 2 * time.Second},
		{ID: "bad", Cells: []Cell{{Endpoint: account.IMAPS, Problems: []string{"expected <a>, found \x1b[b", "and more"}}}},
		{ID: "gone", Problem: "no port"},
		{ID: "elsewhere", Unavailable: "not on this system"},
		{ID: "late", Cells: []Cell{{Endpoint: account.IMAPS}}, Again: []string{"imaps: expected [], found [slow-server]"}},
		{ID: "empty"},
	}}
	var out bytes.Buffer
	if err := report.WriteJUnit(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestJUnit(t *testing.T) {
	out := written(t)
	var back junit
	if err := xml.Unmarshal(out, &back); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	for i, want := range []struct{ tests, failures, skipped int }{{2, 0, 0}, {1, 1, 0}, {1, 1, 0}, {1, 0, 1}, {1, 0, 0}, {0, 0, 0}} {
		if s := back.Suites[i]; s.Tests != want.tests || s.Failures != want.failures || s.Skipped != want.skipped || s.ID != i || len(s.Cases) != s.Tests {
			t.Errorf("%s: %+v, want %+v", s.Name, s, want)
		}
	}
	good := back.Suites[0]
	if good.Time != "2.000" || good.Cases[0].Time != "1.235" || good.Timestamp != "2026-11-27T10:00:00" {
		t.Errorf("times: %+v", good)
	}
	if c := back.Suites[3].Cases[0]; c.Skipped == nil || c.Skipped.Message != "not on this system" {
		t.Errorf("the reason of a skip should be told: %+v", c)
	}
	if f := back.Suites[1].Cases[0].Failure; f == nil || !strings.HasPrefix(f.Message, "expected <a>") || f.Type == "" || bytes.Contains(out, []byte("\x1b")) {
		t.Errorf("the failure should be told, and escaped:\n%s", out)
	}
	if s := back.Suites[4]; !strings.Contains(s.Out, "imaps: expected [], found [slow-server]") {
		t.Errorf("what was looked at again should be told: %+v", s)
	}
}

// TestJUnitSchemas: the report is valid by what the two schemas in use demand, testdata/*.xsd, and a
// report that is none of theirs is not.
func TestJUnitSchemas(t *testing.T) {
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("xmllint must be installed where CI is set")
		}
		t.Skip("needs xmllint")
	}
	good, bad := filepath.Join(t.TempDir(), "good.xml"), filepath.Join(t.TempDir(), "bad.xml")
	if err := os.WriteFile(good, written(t), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(bad, bytes.Replace(written(t), []byte(`time="1.235"`), []byte(`time="about a second"`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, schema := range []string{"ant.xsd", "jenkins.xsd"} {
		file := filepath.Join("testdata", schema)
		if out, err := exec.Command(xmllint, "--noout", "--schema", file, good).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", schema, err, out)
		}
		if out, err := exec.Command(xmllint, "--noout", "--schema", file, bad).CombinedOutput(); err == nil || !bytes.Contains(out, []byte("about a second")) {
			t.Errorf("%s takes nonsense: %s", schema, out)
		}
	}
}
