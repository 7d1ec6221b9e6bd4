package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// savedForm is the version of the form of a saved survey.
const savedForm = 1

// Bounds of a saved survey: an account has seven connections, and a server's file a few certificates.
const (
	maxObservations = 100
	maxInstalled    = 2000
)

// saved is what --save writes and --survey reads.
type saved struct {
	Form   int          `json:"mailtlslabSurvey"`
	Survey probe.Survey `json:"survey"`
}

// saveSurvey writes what was seen, to be judged elsewhere.
func saveSurvey(name string, s probe.Survey) error {
	return writeFile(name, func(w io.Writer) error { return writeJSON(w, saved{savedForm, s}) })
}

// readSurvey reads what saveSurvey wrote. The file comes from somebody else and may hold anything.
func readSurvey(stdin io.Reader, name string) (probe.Survey, error) {
	data, err := readBounded(name, stdin)
	if err != nil {
		return probe.Survey{}, usage("cannot read --survey: %w", err)
	}
	return decodeSurvey(name, data)
}

func decodeSurvey(name string, data []byte) (probe.Survey, error) {
	var s saved
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return probe.Survey{}, usage("%s is no saved survey: %w; 'mailtlslab diagnose --save FILE HOST' writes one", name, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return probe.Survey{}, usage("%s is no saved survey: there is more behind its end", name)
	}
	if s.Form != savedForm {
		return probe.Survey{}, usage("%s is no saved survey of form %d, the one that this version reads", name, savedForm)
	}
	if n := len(s.Survey.Observations); n == 0 || n > maxObservations || len(s.Survey.Further) > maxObservations {
		return probe.Survey{}, usage("%s must hold what was seen of 1 to %d connections", name, maxObservations)
	}
	if len(s.Survey.Installed) > maxInstalled {
		return probe.Survey{}, usage("%s holds more than %d certificates of the server's own file, and that is no chain", name, maxInstalled)
	}
	for _, o := range s.Survey.Observations {
		if !o.Settings.Endpoint.Valid() {
			return probe.Survey{}, usage("%s is no saved survey: %q is no endpoint", name, clip(string(o.Settings.Endpoint)))
		}
	}
	return s.Survey, nil
}
