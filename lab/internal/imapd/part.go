package imapd

import (
	"bytes"
	"mime"
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/internal/mailbox"
)

// Bounds of what is seen inside a message, which its sender chooses. What lies deeper is one part,
// as if it had none of its own.
const (
	maxDepth = 20
	maxParts = 1000
)

// A part is a message or a part of one, as pieces of its bytes.
type part struct {
	header, body []byte // the header with its empty line
	kind, sub    string // of the media type, lower case
	params       map[string]string
	children     []*part // of a multipart
	message      *part   // inside a message/rfc822
}

// parse takes a message apart.
func parse(raw []byte) *part {
	left := maxParts
	return split(raw, "text/plain", maxDepth, &left)
}

// split takes one part apart. otherwise is its type unless its header says another.
func split(raw []byte, otherwise string, depth int, left *int) *part {
	*left--
	p := &part{}
	p.header, p.body = cutHeader(raw)
	p.is(otherwise)
	if depth == 0 || *left <= 0 {
		p.flatten()
		return p
	}
	switch {
	case p.kind == "multipart":
		inside := "text/plain"
		if p.sub == "digest" {
			inside = "message/rfc822" // RFC 2046 section 5.1.5
		}
		for _, piece := range pieces(p.body, p.params["boundary"], *left) {
			p.children = append(p.children, split(piece, inside, depth-1, left))
		}
		if len(p.children) == 0 {
			p.flatten()
		}
	case p.kind == "message" && (p.sub == "rfc822" || p.sub == "global"):
		p.message = split(p.body, "text/plain", depth-1, left)
	}
	return p
}

// is reads the media type.
func (p *part) is(otherwise string) {
	text := mailbox.Field(p.header, "Content-Type")
	media, params, err := mime.ParseMediaType(text)
	if text == "" || err != nil && media == "" {
		media, params = otherwise, nil
	}
	kind, sub, ok := strings.Cut(media, "/")
	if !ok || kind == "" || sub == "" {
		kind, sub = "text", "plain"
	}
	p.kind, p.sub, p.params = kind, sub, params
}

// flatten makes a part that would have parts one of bytes.
func (p *part) flatten() {
	if p.kind == "multipart" || p.kind == "message" {
		p.kind, p.sub, p.params = "application", "octet-stream", nil
	}
}

// cutHeader splits a message behind the empty line that ends its header.
func cutHeader(raw []byte) (header, body []byte) {
	rest := raw
	for len(rest) > 0 {
		nl := bytes.IndexByte(rest, '\n')
		if nl < 0 {
			return raw, nil
		}
		line := rest[:nl+1]
		rest = rest[nl+1:]
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			at := len(raw) - len(rest)
			return raw[:at:at], rest
		}
	}
	return raw, nil
}

// pieces splits the body of a multipart: RFC 2046 section 5.1.1. The line end before a boundary
// belongs to it.
func pieces(body []byte, boundary string, most int) (out [][]byte) {
	if boundary == "" {
		return nil
	}
	mark := []byte("--" + boundary)
	begin, at := -1, 0
	for at < len(body) {
		end := len(body)
		if nl := bytes.IndexByte(body[at:], '\n'); nl >= 0 {
			end = at + nl + 1
		}
		line := body[at:end]
		if rest, ok := bytes.CutPrefix(line, mark); ok {
			rest = bytes.TrimRight(rest, " \t\r\n")
			if len(rest) == 0 || string(rest) == "--" {
				if begin >= 0 {
					out = append(out, trimLineEnd(body[begin:max(at, begin)]))
				}
				if len(rest) > 0 || len(out) >= most {
					return out
				}
				begin = end
			}
		}
		at = end
	}
	if begin >= 0 {
		out = append(out, body[begin:])
	}
	return out
}

func trimLineEnd(b []byte) []byte {
	b = bytes.TrimSuffix(b, []byte("\n"))
	return bytes.TrimSuffix(b, []byte("\r"))
}

// at returns the part with this path, such as 1.2; nil is none. The empty path is the message.
func (p *part) at(path []int) *part {
	for i, n := range path {
		inside := p
		if i > 0 && p.message != nil {
			inside = p.message
		}
		switch {
		case len(inside.children) > 0:
			if n < 1 || n > len(inside.children) {
				return nil
			}
			p = inside.children[n-1]
		case n == 1 && (i == 0 || p.message != nil):
			p = inside // the one part of a message that has no others
		default:
			return nil
		}
	}
	return p
}

// fields returns a header with, or without, the fields of these names.
func fields(header []byte, names []string, with bool) []byte {
	var out []byte
	for len(header) > 0 {
		var field []byte
		field, header = mailbox.NextField(header)
		key, _, _ := bytes.Cut(field, []byte(":"))
		name := string(bytes.TrimSpace(key[:min(len(key), 1024)]))
		named := slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
		if len(bytes.TrimRight(field, "\r\n")) == 0 {
			break
		}
		if named == with {
			out = append(out, field...)
		}
	}
	return append(out, "\r\n"...)
}
