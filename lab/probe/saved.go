package probe

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/mailtlslab/mailtlslab/lab/account"

	"github.com/mailtlslab/mailtlslab/lab/internal/bound"
)

// SavedForm is the version of the form in which a Survey is saved. Another form is another number.
const SavedForm = 1

// Bounds of a saved survey: an account has seven connections, and a server's file a few certificates.
const (
	maxSaved     = 100 // observations, and further looks as many again
	maxInstalled = 2000
)

// savedShape is asked about before anything is decoded: an observation of three bytes, "{},", takes
// up a kilobyte.
func savedShape() bound.Shape {
	return bound.Shape{Bytes: 8 << 20, Depth: 16, Objects: 10_000, Values: 100_000}
}

// Saved is a Survey as it is written to a file, to be judged elsewhere.
type Saved struct {
	Form   int    `json:"mailtlslabSurvey"`
	Survey Survey `json:"survey"`
}

// Save returns the form in which s is saved, for encoding/json.
func Save(s Survey) Saved { return Saved{SavedForm, s} }

// ReadSaved reads a saved survey. The file comes from somebody else and may hold anything: what is
// unknown in it, or more than an account can have, is an error that says so.
func ReadSaved(data []byte) (Survey, error) {
	if err := savedShape().JSON(data); err != nil {
		return Survey{}, fmt.Errorf("it is no saved survey: %w", err)
	}
	var s Saved
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return Survey{}, fmt.Errorf("it is no saved survey: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Survey{}, errors.New("it is no saved survey: there is more behind its end")
	}
	if s.Form != SavedForm {
		return Survey{}, fmt.Errorf("it is no saved survey of form %d, the one that this version reads", SavedForm)
	}
	if n := len(s.Survey.Observations); n == 0 || n > maxSaved || len(s.Survey.Further) > maxSaved {
		return Survey{}, fmt.Errorf("it must hold what was seen of 1 to %d connections", maxSaved)
	}
	if len(s.Survey.Installed) > maxInstalled {
		return Survey{}, fmt.Errorf("it holds more than %d certificates of the server's own file, and that is no chain", maxInstalled)
	}
	for i, o := range s.Survey.Observations {
		if err := o.check(); err != nil {
			return Survey{}, fmt.Errorf("it is no saved survey: connection %d: %w", i+1, err)
		}
	}
	return s.Survey, nil
}

// check refuses what no probe has written: of a word that nobody knows a rule might think anything.
func (o Observation) check() error {
	switch {
	case !o.Settings.Endpoint.Valid():
		return fmt.Errorf("%q is no endpoint", clip(string(o.Settings.Endpoint), maxError))
	case !o.Stage.Valid():
		return fmt.Errorf("%q is no stage", clip(string(o.Stage), maxError))
	case !o.Outcome.Valid():
		return fmt.Errorf("%q is no outcome", clip(string(o.Outcome), maxError))
	case o.At.IsZero():
		return errors.New("it does not say when it was seen")
	}
	if err := account.CheckHost(o.Settings.Host); err != nil {
		return fmt.Errorf("the host: %w", err)
	}
	return nil
}
