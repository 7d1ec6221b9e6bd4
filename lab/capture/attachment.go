package capture

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"strings"
)

// An attachment is a TLS report as it is mailed: base64 behind a header that names its type (RFC 8460
// section 3 and 5.3).
type attachment struct {
	named bool // the header has been seen
	body  strings.Builder
}

// line reports whether a line is of the attachment.
func (a *attachment) line(text string) bool {
	switch {
	case !a.named:
		a.named = len(text) < 200 && strings.Contains(text, "application/tlsrpt") && strings.Contains(strings.ToLower(text), "content-type")
		return false
	case a.body.Len() == 0 && len(text) < 40, strings.ContainsAny(text, " :;-\"<>"), a.body.Len()+len(text) > maxReport:
		return false
	}
	a.body.WriteString(text)
	return true
}

// lines returns what is in it.
func (a *attachment) lines() []string {
	if a.body.Len() == 0 {
		return nil
	}
	data, err := base64.StdEncoding.DecodeString(a.body.String())
	if err != nil {
		return nil
	}
	if z, err := gzip.NewReader(bytes.NewReader(data)); err == nil {
		data, _ = io.ReadAll(io.LimitReader(z, maxReport)) // what could be read of it
	}
	return strings.Split(string(data), "\n")
}
