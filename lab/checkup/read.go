package checkup

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/mailtlslab/mailtlslab/lab/capture"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// Read adds what r holds to the evidence, whatever it is: certificates in any form, what was saved of
// connections, or a text with anything in it. Set Host and Password before. The errors are those of r,
// of a file that is empty or is a second saved survey, and capture.ErrPassword.
func (e *Evidence) Read(name string, r io.Reader) error {
	src := bufio.NewReaderSize(r, 64<<10)
	if head, _ := src.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) { // as TLS reports are sent
		z, err := gzip.NewReader(src)
		if err != nil {
			return &fileError{name, fmt.Errorf("it begins like a gzip file, and is none: %w", err)}
		}
		src = bufio.NewReaderSize(z, 64<<10)
	}
	head, err := src.Peek(4)
	if len(head) == 0 {
		if err == nil || errors.Is(err, io.EOF) {
			err = capture.ErrEmpty
		}
		return &fileError{name, err}
	}
	switch {
	case head[0] == 0x30 && len(head) > 2 && (head[1] == 0x80 || head[1] == 0x82 || head[1] == 0x83):
		return e.readDER(name, src)
	case head[0] == '{':
		return e.readJSON(name, src)
	}
	return e.readText(name, src)
}

// readDER reads certificates that are in no text. One that is followed by anything but certificates, or
// is none, is said.
func (e *Evidence) readDER(name string, r io.Reader) error {
	data, err := io.ReadAll(io.LimitReader(r, capture.MaxFile+1))
	if err != nil {
		return &fileError{name, err}
	}
	var d capture.Document
	c, err := capture.Read(data, e.Password)
	switch {
	case errors.Is(err, capture.ErrPassword):
		return &fileError{name, err}
	case err != nil:
		d.NotRead = append(d.NotRead, "any of it: "+err.Error())
	default:
		d.Chain, d.Keys, d.Read, d.NotRead = c.Certificates, c.Keys, []string{c.Sentence()}, c.NotRead
	}
	e.Texts = append(e.Texts, Text{Name: name, Document: d})
	return nil
}

// readJSON reads what was saved of connections, or any other text that begins with a brace.
func (e *Evidence) readJSON(name string, r io.Reader) error {
	data, err := io.ReadAll(io.LimitReader(r, capture.MaxFile))
	if err != nil {
		return &fileError{name, err}
	}
	if bytes.Contains(data[:min(len(data), 4<<10)], []byte(`"observations"`)) {
		s, err := probe.ReadSaved(data)
		switch {
		case err != nil:
			return &fileError{name, err}
		case e.Survey != nil:
			return &fileError{name, errors.New("it was saved of a server, as another file was; give one of them")}
		}
		e.Survey = &s
		return nil
	}
	return e.readText(name, io.MultiReader(bytes.NewReader(data), r))
}

func (e *Evidence) readText(name string, r io.Reader) error {
	d, err := capture.ReadText(r, e.Host)
	if err != nil {
		return &fileError{name, err}
	}
	e.Texts = append(e.Texts, Text{Name: name, Document: d})
	return nil
}
