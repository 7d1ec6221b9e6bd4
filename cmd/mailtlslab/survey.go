package main

import (
	"io"

	"github.com/mailtlslab/mailtlslab/cmd/internal/file"
	"github.com/mailtlslab/mailtlslab/cmd/internal/terminal"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// saveSurvey writes what was seen, to be judged elsewhere.
func saveSurvey(name string, s probe.Survey) error {
	return file.Write(name, func(w io.Writer) error { return terminal.WriteJSON(w, probe.Save(s)) })
}

// readSurvey reads what saveSurvey wrote.
func readSurvey(stdin io.Reader, name string) (probe.Survey, error) {
	data, err := readEvidence("survey", name, stdin)
	if err != nil {
		return probe.Survey{}, err
	}
	return decodeSurvey(name, data)
}

func decodeSurvey(name string, data []byte) (probe.Survey, error) {
	s, err := probe.ReadSaved(data)
	if err != nil {
		return s, usage("%s: %w; 'mailtlslab diagnose --save FILE HOST' writes one", name, err)
	}
	return s, nil
}
