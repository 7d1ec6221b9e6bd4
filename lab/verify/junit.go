package verify

import (
	"encoding/xml"
	"io"
	"reflect"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
)

// WriteJUnit writes the report in the XML form that CI servers read: a suite a scenario, a case
// an endpoint. Times are in seconds.
func (r Report) WriteJUnit(w io.Writer) error {
	root := junit{Name: "mailtlslab verify"}
	for _, row := range r.Rows {
		suite := junitSuite{Name: row.ID, Time: row.Took.Seconds()}
		for _, cell := range row.Cells {
			suite.add(row.ID, string(cell.Endpoint), strings.Join(cell.Problems, "\n"))
		}
		if row.Problem != "" {
			suite.add(row.ID, "serve", row.Problem)
		}
		if row.Unavailable != "" {
			suite.skip(row.ID, "serve", row.Unavailable)
		}
		root.Tests += suite.Tests
		root.Failures += suite.Failures
		root.Skipped += suite.Skipped
		root.Suites = append(root.Suites, suite)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(root); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

type junit struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Skipped  int          `xml:"skipped,attr,omitempty"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr,omitempty"`
	Time     float64     `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitFailure `xml:"failure,omitempty"`
	Skipped *junitSkipped `xml:"skipped,omitempty"`
}

type junitSkipped struct {
	Message string `xml:"message,attr"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func (s *junitSuite) add(class, name, problem string) {
	c := junitCase{Class: class, Name: name}
	if problem != "" {
		first, _, _ := strings.Cut(problem, "\n")
		c.Failure = &junitFailure{Message: first, Text: problem}
		s.Failures++
	}
	s.Tests++
	s.Cases = append(s.Cases, c)
}

func (s *junitSuite) skip(class, name, reason string) {
	s.Tests++
	s.Skipped++
	s.Cases = append(s.Cases, junitCase{Class: class, Name: name, Skipped: &junitSkipped{reason}})
}

func actions(f finding.Finding, s account.Settings) []action.Action { return remedy.Actions(f, s) }

func same(a, b action.Action) bool { return reflect.DeepEqual(a, b) }
