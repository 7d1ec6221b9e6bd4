package scenarios_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/fault"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// What show --json writes is what Decode reads, one by one and as a list.
func TestDecodeReadsTheCatalogue(t *testing.T) {
	all := scenarios.All()
	for _, s := range all {
		data, err := json.MarshalIndent(s, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		got, err := scenarios.Decode(data)
		if err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], s) {
			t.Errorf("%s: %v\n%+v", s.ID, err, got)
		}
	}
	data, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := scenarios.Decode(data); err != nil || !reflect.DeepEqual(got, all) {
		t.Errorf("the list: %v", err)
	}
}

const written = `{
  "number": 200, "id": "mine", "family": "time",
  "title": "One of mine", "story": "It is broken. It can be cured.",
  "references": ["a customer"],
  "services": [
    {"chain": [{"kind": "expired", "on": "leaf", "days": 3}]}
  ],
  "openssl": 10,
  "expect": [{"findings": ["expired"]}]
}`

func TestDecodeNamesThePlace(t *testing.T) {
	if _, err := scenarios.Decode([]byte(written)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{`"title"`, `"titel"`, `line 3, column 3: there is no field "titel" here; did you mean title?`},
		{`"on": "leaf"`, `"On": "leaf"`, `line 6, column 36: services[0].chain[0]: there is no field "On" here; did you mean on?`},
		{`"days": 3`, `"days": "3"`, `line 6, column 58: services[0].chain[0].days: it must be a whole number, and is a string`},
		{`"days": 3`, `"days": 3.5`, `line 6, column 58: services[0].chain[0].days: it must be a whole number, and is the number 3.5`},
		{`"kind": "expired"`, `"kind": "expird"`, `line 6, column 16: services[0].chain[0]: there is no certificate fault "expird"`},
		{`"on": "leaf", `, ``, `line 6, column 16: services[0].chain[0]: fault expired: it cannot be on ""`},
		{`"days": 3}`, `"days": 3, "bits": 5}`, `services[0].chain[0]: fault expired: it takes no bits`},
		{`"family": "time"`, `"family": "tiem"`, `line 2, column 42: family: there is no family "tiem"; it may be controls, trust, `},
		{`"number": 200`, `"number": 3001`, `line 2, column 13: number: it must be from 1 to 3000, and is 3001`},
		{`"mine"`, `""`, `line 2, column 24: id: it is empty; leave it out where it says nothing`},
		{`"on": "leaf"`, `"on": ""`, `line 6, column 42: services[0].chain[0].on: it is empty; leave it out where it says nothing`},
		{`"days": 3`, `"days": 3, "bits": 0`, `line 6, column 69: services[0].chain[0].bits: it is empty; leave it out where it says nothing`},
		{`"days": 3`, `"days": 1001`, `line 6, column 16: services[0].chain[0]: fault expired: the days must be from 1 to 1000, not 1001`},
		{`"findings": ["expired"]`, `"on": ["imaps"]`, `line 9, column 14: expect[0]: findings is missing`},
		{`"kind": "expired", `, ``, `line 6, column 16: services[0].chain[0]: kind is missing`},
		{`["a customer"]`, `null`, `line 4, column 17: references: it must be a list, and is null`},
		{`{
  "number"`, `{"$schema": 5,
  "number"`, `line 1, column 13: $schema: it must be a string, and is the number 5`},
		{`"mine"`, `"My scenario"`, `line 2, column 24: id: it must be words in small letters`},
		{`["a customer"]`, `"a customer"`, `line 4, column 17: references: it must be a list, and is a string`},
		{`"findings": ["expired"]`, `"findings": ["late"]`, `line 9, column 28: expect[0].findings[0]: there is no code "late"`},
		{`"findings": ["expired"]`, `"findings": ["expired", "expires-soon", "client-clock"]`, `cannot be found beside client-clock`},
		{`"findings": ["expired"]`, `"on": ["smtp"], "findings": []`, `line 9, column 22: expect[0].on[0]: there is no endpoint "smtp"; it may be imaps, `},
		{`"openssl": 10`, `"openssl": 10, "openssl": 10`, `line 8, column 18: openssl: it is given twice`},
		{`{"chain"`, `{"mode": "ssl", "chain"`, `line 6, column 14: services[0].mode: there is no mode "ssl"`},
		{`{"chain"`, `{"wire": {"accept": "explode"}, "chain"`, `services[0].wire.accept: there is no way "explode"`},
		{`{"chain"`, `{"wire": {"lines": [{"command": "STARTTLS", "then": "sing"}]}, "chain"`, `services[0].wire.lines[0].then: nothing is known of "sing"`},
		{`{"chain"`, `{"maxVersion": 70000, "chain"`, `services[0].maxVersion: it must be a whole number, and is the number 70000`},
		{`{"chain"`, `{"outline": {"certificates": [{"id": "a", "from": "soon"}]}, "chain"`, `services[0].outline.certificates[0].from: it must be a time such as`},
		{`{"chain"`, `{"outline": {"certificates": [{"id": "a", "issuer": "b"}]}, "chain"`, `services[0].outline.certificates[0].issuer: there is no certificate "b"`},
		{`{"chain"`, `{"outline": {"sent": ["a"]}, "chain"`, `services[0].outline: certificates is missing`},
		{`{"chain"`, `{"maxVersion": 2, "chain"`, `services[0].maxVersion: it must be 768 to 772`},
		{`"openssl": 10`, `"openssl": 10, "path": "tunnel"`, `path: there is no path "tunnel" in the lab`},
		{`"openssl": 10`, `"openssl": 10, "device": {"mode": 5}`, `device.mode: it must be a string, and is the number 5`},
		{`"openssl": 10`, `"openssl": 10, "device": null`, `device: it must be an object, and is null`},
		{`"openssl": 10,`, `"openssl": 10`, `line 9, column 3: this is no JSON`},
		{"]\n}", "]\n", `the text ends too early`},
		{"]\n}", "]\n} {}", `line 10, column 3: there is more behind the end`},
		{written, ``, `line 1, column 1: the text ends too early`},
		{written, `[]`, `line 1, column 1: the list has 0 scenarios, and must have 1 to 1000`},
		{written, `[` + written + `,` + written + `]`, `[1].number: another scenario of the list has it already`},
		{written, `"expired-leaf"`, `it must be an object, and is a string`},
		{written, "hello", `line 1, column 1: this is no JSON`},
	} {
		_, err := scenarios.Decode([]byte(strings.Replace(written, c.old, c.new, 1)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s for %s:\n got %v\nwant %s", c.new, c.old, err, c.want)
		}
		if m := (*scenarios.Misplaced)(nil); !errors.As(err, &m) || m.Line < 1 || m.Column < 1 {
			t.Errorf("%s: no place in %v", c.new, err)
		}
	}
}

// A Case alone is a file, and so is less: the zero Case is a healthy account.
func TestDecodeACase(t *testing.T) {
	for text, want := range map[string]scenarios.Scenario{
		`{}`: {},
		`{"$schema": "https://example.com/scenario.json", "services": [{"chain": [{"kind": "expired", "on": "leaf", "days": 1}]}]}`: {
			Case: scenarios.Case{Services: []scenarios.Service{{Chain: []certs.Fault{certs.Expired(certs.Leaf, 1)}}}},
		},
		`[{"number": 0, "references": [], "host": "imap.shop.example", "expect": [{"findings": []}]}]`: {
			Case: scenarios.Case{Host: "imap.shop.example", Expect: []scenarios.Expectation{{Findings: []finding.Code{}}}},
		},
	} {
		got, err := scenarios.Decode([]byte(text))
		if err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], want) {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}

// The catalogue is held to more than a file: each of its scenarios can be told.
func TestCheckWantsALesson(t *testing.T) {
	for path, edit := range map[string]func(*scenarios.Scenario){
		"number": func(s *scenarios.Scenario) { s.Number = 0 }, "id": func(s *scenarios.Scenario) { s.ID = "" },
		"family": func(s *scenarios.Scenario) { s.Family = "" }, "title": func(s *scenarios.Scenario) { s.Title = "" },
		"story":      func(s *scenarios.Scenario) { s.Story = "It is broken." },
		"references": func(s *scenarios.Scenario) { s.References = nil }, "expect": func(s *scenarios.Scenario) { s.Expect = nil },
	} {
		s, _ := scenarios.Lookup("expired-leaf")
		edit(&s)
		if f := (*scenarios.Flaw)(nil); !errors.As(s.Check(), &f) || f.Path != path {
			t.Errorf("%v, want a flaw of %s", s.Check(), path)
		}
		if err := s.CheckFile(); err != nil {
			t.Errorf("without %s it is a file all the same: %v", path, err)
		}
	}
}

func TestCheckWantsSomethingBroken(t *testing.T) {
	s, _ := scenarios.Lookup("expired-leaf")
	twin := s.Healthy()
	if f := (*scenarios.Flaw)(nil); !errors.As(twin.Check(), &f) || f.Path != "services" {
		t.Errorf("nothing is broken, and Check says %v", twin.Check())
	}
	for _, c := range []struct {
		name string
		edit func(*scenarios.Scenario)
		path string
	}{
		{"path", func(s *scenarios.Scenario) { s.Path = account.CaptivePortal; s.Expect = nil }, "expect"},
		{"cut", func(s *scenarios.Scenario) { s.Services = []scenarios.Service{{Wire: fault.Plan{CutAfter: -1}}} }, "services[0].wire.cutAfter"},
		{"contradiction", func(s *scenarios.Scenario) {
			s.Services = []scenarios.Service{{Chain: []certs.Fault{certs.SelfSigned(), certs.PrivateCA()}}}
		}, "services[0].chain[1]"},
		{"twice", func(s *scenarios.Scenario) { s.Endpoints = []account.Endpoint{account.IMAPS, account.IMAPS} }, "endpoints[1]"},
		{"elsewhere", func(s *scenarios.Scenario) {
			s.Endpoints = []account.Endpoint{account.IMAPS}
			s.Expect = []scenarios.Expectation{{On: []account.Endpoint{account.Web}, Findings: []finding.Code{finding.Expired}}}
		}, "expect[0].on[0]"},
		{"control", func(s *scenarios.Scenario) { s.Family = scenarios.Controls }, "expect[0].findings[0]"},
		{"unexplained", func(s *scenarios.Scenario) { s.Expect[0].Findings = []finding.Code{finding.Unexplained} }, "expect[0].findings[0]"},
	} {
		s, _ := scenarios.Lookup("expired-leaf")
		c.edit(&s)
		if f := (*scenarios.Flaw)(nil); !errors.As(s.Check(), &f) || f.Path != c.path {
			t.Errorf("%s: %v, want a flaw of %s", c.name, s.Check(), c.path)
		}
	}
}

// FuzzDecode: anything gives scenarios that pass Check and survive JSON, or an error with a place.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(written))
	f.Add([]byte(`[` + written + `]`))
	f.Add([]byte(`{"services":[{"wire":{"lines":[{"command":"x"}]}}],"device":{"mode":"tls"}}`))
	f.Add([]byte("\xef\xbb\xbf{"))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := scenarios.Decode(data)
		if err != nil {
			if m := (*scenarios.Misplaced)(nil); !errors.As(err, &m) || m.Line < 1 || m.Column < 1 || len(err.Error()) > 1000 {
				t.Errorf("%.2000v", err)
			}
			return
		}
		for _, s := range all {
			if err := s.CheckFile(); err != nil {
				t.Error(err)
			}
		}
		again, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := scenarios.Decode(again); err != nil || len(back) != len(all) {
			t.Errorf("%v: %s", err, again)
		}
	})
}

// What is more than a file can need is refused where it begins to be, and before it is decoded.
func TestDecodeIsBounded(t *testing.T) {
	for want, data := range map[string]string{
		"more than 1000 entries": `{"services":[{"chain":[{"kind":"names","names":[` + strings.Repeat(`"a",`, 2000) + `"a"]}]}]}`,
		"more than 50000 fields": `[` + strings.Repeat(`{"title":"a","services":[`+strings.Repeat(`{"ciphers":[1]},`, 400)+`{}],"expect":[{"findings":["expired"]}]},`, 150) + `{}]`,
		"more than 4 MB":         strings.Repeat(" ", 5<<20),
	} {
		_, err := scenarios.Decode([]byte(data))
		if m := (*scenarios.Misplaced)(nil); !errors.As(err, &m) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %.300v", want, err)
		}
	}
}
