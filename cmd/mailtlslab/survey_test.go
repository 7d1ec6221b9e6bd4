package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
)

// FuzzSurvey reads anything as a saved survey; what can be read is judged and told.
func FuzzSurvey(f *testing.F) {
	f.Add([]byte(`{"mailtlslabSurvey":1,"survey":{"observations":[{"settings":{"endpoint":"imaps","host":"a.test","port":993,"mode":"tls"},"stage":"handshaking","outcome":"not-tls","raw":"SFRUUA=="}]}}`))
	f.Add([]byte(`{"mailtlslabSurvey":1,"survey":{"observations":[{"settings":{"endpoint":"imap"},"stage":"done","outcome":"fine","tls":{"chain":["AAAA",""],"alert":40}}],"further":[{"ask":{"kind":"look"},"certificate":"AAAA"}]}}`))
	book, err := remedy.Open()
	if err != nil {
		f.Fatal(err)
	}
	judge := diagnose.Judge{Knowledge: diagnose.NewKnowledge(nil, nil)}
	f.Fuzz(func(t *testing.T, data []byte) {
		survey, err := decodeSurvey("file", data)
		if err != nil {
			return
		}
		report := judge.Report(survey)
		host := survey.Observations[0].Settings.Host
		var out bytes.Buffer
		if err := writeJSON(&out, answerJSON(book, host, report, survey, nil)); err != nil || !json.Valid(out.Bytes()) {
			t.Errorf("%v", err)
		}
		inert(t, out.String())
		out.Reset()
		a := answer{w: &out, book: book, report: report, survey: survey}
		a.write(host)
		inert(t, out.String())
	})
}
