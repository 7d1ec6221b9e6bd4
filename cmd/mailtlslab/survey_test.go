package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/mailtlslab/mailtlslab/cmd/internal/face"
	"github.com/mailtlslab/mailtlslab/cmd/internal/terminal"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/checkup"
)

// FuzzSurvey reads anything as a saved survey; what can be read is judged and told.
func FuzzSurvey(f *testing.F) {
	f.Add([]byte(`{"mailtlslabSurvey":1,"survey":{"observations":[{"settings":{"endpoint":"imaps","host":"a.test","port":993,"mode":"tls"},"at":"2026-11-24T12:00:00Z","stage":"handshaking","outcome":"not-tls","raw":"SFRUUA=="}]}}`))
	f.Add([]byte(`{"mailtlslabSurvey":1,"survey":{"observations":[{"settings":{"endpoint":"imap","host":"a.test"},"at":"2026-11-24T12:00:00Z","stage":"done","outcome":"fine","tls":{"chain":["AAAA",""],"alert":40}}],"further":[{"ask":{"kind":"look"},"certificate":"AAAA"}]}}`))
	c := &checkup.Checkup{Knowledge: chain.NewKnowledge(nil, nil)}
	f.Fuzz(func(t *testing.T, data []byte) {
		survey, err := decodeSurvey("file", data)
		if err != nil {
			return
		}
		a, _, err := c.Examine(t.Context(), checkup.Evidence{Survey: &survey})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := terminal.WriteJSON(&out, a); err != nil || !json.Valid(out.Bytes()) {
			t.Errorf("%v", err)
		}
		inert(t, out.String())
		for _, r := range append(face.Readers(), face.Anybody) {
			out.Reset()
			face.Face{W: &out, Answer: a, All: r == face.Anybody, Reader: r}.Write()
			inert(t, out.String())
		}
	})
}
