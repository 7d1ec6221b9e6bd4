package main

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/message"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
)

// messages is docs/messages.json.
func messages(t *testing.T) []byte {
	book, err := remedy.Open()
	if err != nil {
		t.Fatal(err)
	}
	doc := message.Document{Version: 1}
	for _, info := range finding.All() {
		advice, ok := book.For(info.Code)
		if !ok {
			t.Fatalf("%s: no advice", info.Code)
		}
		short := advice.Fill(finding.Facts{}).Short
		doc.Entries = append(doc.Entries, message.Entry{
			Code: info.Code, Title: info.Title, Severity: info.Severity, Words: said(info.Code),
			Cure: message.Cure{You: short.You, Admin: short.Admin}, Who: who(short),
		})
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(doc); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// who has to act, by what the two sentences ask for.
func who(s remedy.Short) []string {
	acts := []remedy.Effect{remedy.Change, remedy.Check, remedy.Meanwhile, remedy.AcceptRisk}
	var out []string
	if slices.Contains(acts, s.Device) {
		out = append(out, "user")
	}
	if slices.Contains(acts, s.Server) || out == nil {
		out = append(out, "admin")
	}
	return out
}

// said groups the rows of which a code is the likeliest cause.
func said(c finding.Code) []message.Said {
	out := []message.Said{}
	for _, r := range message.Rows() {
		if r.Codes[0] != c {
			continue
		}
		one := message.Said{By: r.By, Source: r.Source, Side: r.Side, Also: r.Codes[1:], Vague: r.Vague}
		i := slices.IndexFunc(out, func(s message.Said) bool {
			s.Words = nil
			return reflect.DeepEqual(s, one)
		})
		if i < 0 {
			i, out = len(out), append(out, one)
		}
		out[i].Words = append(out[i].Words, r.Words)
	}
	return out
}

func messagesSchema(t *testing.T) []byte {
	b := newSchemaBuilder(t)
	b.output = true
	return b.whole("messages", `What programs say when TLS fails, and what to do about it: docs/messages.json.`, b.of(reflect.TypeFor[message.Document]()))
}

// TestMessagesFitTheirSchema: what is published has the published form, and each row of the table once.
func TestMessagesFitTheirSchema(t *testing.T) {
	data := messages(t)
	schema := compile(t, "messages.json", messagesSchema(t))
	if err := holds(t, schema, data); err != nil {
		t.Error(err)
	}
	if holds(t, schema, []byte(`{"version": 1, "entries": [{"code": "out-of-date"}]}`)) == nil {
		t.Error("the schema takes nonsense")
	}
	var doc message.Document
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	words := 0
	for i, e := range doc.Entries {
		if e.Code != finding.All()[i].Code || e.Cure.You == "" || e.Cure.Admin == "" || len(e.Who) == 0 {
			t.Errorf("%+v", e)
		}
		for _, s := range e.Words {
			words += len(s.Words)
		}
	}
	if rows := len(message.Rows()); words != rows || len(doc.Entries) != len(finding.All()) {
		t.Errorf("%d words of %d rows", words, rows)
	}
}
