package verify

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// WriteJUnit writes the report in the XML form that CI servers read: a suite a scenario, a case an
// endpoint. It holds to both schemas in use, Jenkins' junit-10.xsd and the one of Ant's JUnit task:
// of the first are the times with three decimals at most, of the second the elements and
// attributes that say nothing here, and that the root has none.
func (r Report) WriteJUnit(w io.Writer) error {
	root := junit{}
	for i, row := range r.Rows {
		root.Suites = append(root.Suites, junitSuiteOf(i, row, r.Began))
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

func junitSuiteOf(i int, row Row, began time.Time) junitSuite {
	suite := junitSuite{
		Name: row.ID, Package: "mailtlslab", ID: i, Hostname: "localhost",
		Timestamp: began.UTC().Format("2006-01-02T15:04:05"), Time: seconds(row.Took),
	}
	for _, cell := range row.Cells {
		c := junitCase{Class: row.ID, Name: string(cell.Endpoint), Time: seconds(cell.Took)}
		if row.Unexpecting && cell.OK() {
			c.Skipped = &junitSkipped{"nothing is expected, so that nothing was compared"}
			suite.Skipped++
		}
		suite.add(c, strings.Join(cell.Problems, "\n"))
	}
	if row.Problem != "" {
		suite.add(junitCase{Class: row.ID, Name: "serve", Time: seconds(row.Took)}, row.Problem)
	}
	if row.Environment != "" {
		suite.fail(row, row.Environment)
	}
	if row.Unavailable != "" {
		suite.skip(row, row.Unavailable)
	}
	if len(row.Again) > 0 {
		suite.Out = "looked at again alone, with more time; at first:\n" + strings.Join(row.Again, "\n")
	}
	return suite
}

// seconds writes a time as both schemas take it.
func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

type junit struct {
	XMLName xml.Name     `xml:"testsuites"`
	Suites  []junitSuite `xml:"testsuite"`
}

// A junitSuite has its elements in the order of Ant's schema.
type junitSuite struct {
	Name       string      `xml:"name,attr"`
	Package    string      `xml:"package,attr"`
	ID         int         `xml:"id,attr"`
	Hostname   string      `xml:"hostname,attr"`
	Timestamp  string      `xml:"timestamp,attr"` // UTC, without saying so: the schema wants no zone
	Tests      int         `xml:"tests,attr"`
	Failures   int         `xml:"failures,attr"`
	Errors     int         `xml:"errors,attr"`
	Skipped    int         `xml:"skipped,attr"`
	Time       string      `xml:"time,attr"`
	Properties struct{}    `xml:"properties"`
	Cases      []junitCase `xml:"testcase"`
	Out        string      `xml:"system-out"`
	Err        string      `xml:"system-err"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    string        `xml:"time,attr"`
	Error   *junitFailure `xml:"error,omitempty"`
	Failure *junitFailure `xml:"failure,omitempty"`
	Skipped *junitSkipped `xml:"skipped,omitempty"`
}

type junitSkipped struct {
	Message string `xml:"message,attr"`
}

type junitFailure struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func (s *junitSuite) add(c junitCase, problem string) {
	if problem != "" {
		first, _, _ := strings.Cut(problem, "\n")
		c.Failure = &junitFailure{Type: "mismatch", Message: first, Text: problem}
		s.Failures++
	}
	s.Tests++
	s.Cases = append(s.Cases, c)
}

// fail says that a scenario could not be judged, which is an error and no failure of what is tested.
func (s *junitSuite) fail(row Row, reason string) {
	s.Tests++
	s.Errors++
	s.Cases = append(s.Cases, junitCase{Class: row.ID, Name: "serve", Time: seconds(row.Took), Error: &junitFailure{"environment", reason, reason}})
}

func (s *junitSuite) skip(row Row, reason string) {
	s.Tests++
	s.Skipped++
	s.Cases = append(s.Cases, junitCase{Class: row.ID, Name: "serve", Time: seconds(row.Took), Skipped: &junitSkipped{reason}})
}
