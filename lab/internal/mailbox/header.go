package mailbox

import (
	"bytes"
	"mime"
	"strings"
)

// maxHeader bounds how much of a message is searched for its header, and maxField what is taken of
// a field: a sender may write megabytes of either.
const (
	maxHeader = 64 << 10
	maxField  = 4 << 10
)

// Header returns a header field decoded (RFC 2047), or "" when there is none.
func (m Message) Header(name string) string {
	value := Field(m.Raw, name)
	if decoded, err := new(mime.WordDecoder).DecodeHeader(value); err == nil {
		value = decoded
	}
	return value
}

// Subject returns the decoded subject.
func (m Message) Subject() string { return m.Header("Subject") }

// Field returns the first field of that name, unfolded, from a header that ends with an empty line.
func Field(header []byte, name string) string {
	header = header[:min(len(header), maxHeader)]
	for len(header) > 0 {
		var field []byte
		field, header = NextField(header)
		if len(bytes.TrimRight(field, "\r\n")) == 0 {
			return ""
		}
		key, value, ok := bytes.Cut(field, []byte(":"))
		if ok && strings.EqualFold(string(bytes.TrimSpace(key)), name) {
			value = value[:min(len(value), maxField)]
			return strings.TrimSpace(strings.NewReplacer("\r", "", "\n", "").Replace(string(value)))
		}
	}
	return ""
}

// NextField splits a header behind its first field, with the lines that continue it.
func NextField(header []byte) (field, rest []byte) {
	for at := 0; ; {
		nl := bytes.IndexByte(header[at:], '\n')
		if nl < 0 {
			return header, nil
		}
		at += nl + 1
		empty := len(bytes.TrimRight(header[:at], "\r\n")) == 0
		if empty || at == len(header) || header[at] != ' ' && header[at] != '\t' {
			return header[:at], header[at:]
		}
	}
}
