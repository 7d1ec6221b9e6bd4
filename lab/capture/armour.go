package capture

import (
	"bytes"
	"encoding/pem"
	"strings"
	"unicode/utf16"
)

// plain undoes what editors and shells put around text: a byte order mark, and the UTF-16 that
// Windows writes when output is redirected.
func plain(data []byte) []byte {
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return data[3:]
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		low := int(data[0] & 1) // 0xff first: the low byte comes first
		units := make([]uint16, 0, len(data)/2)
		for i := 2; i+1 < len(data); i += 2 {
			units = append(units, uint16(data[i+1-low])|uint16(data[i+low])<<8)
		}
		return []byte(string(utf16.Decode(units)))
	}
	return data
}

// unquoted takes off what mail programs and terminals put before a line.
func unquoted(line string) string {
	line = strings.TrimSpace(line)
	for strings.HasPrefix(line, "> ") || strings.HasPrefix(line, ">>") || strings.HasPrefix(line, ">-") || strings.HasPrefix(line, "| ") {
		line = strings.TrimSpace(line[1:])
	}
	return line
}

// armour gathers PEM blocks line by line, with whatever is around them.
type armour struct {
	label   string // of the block under way
	body    strings.Builder
	damaged []string // what became of blocks that are none
	how     string   // the same of the last one, without its name
}

const (
	beginMark = "-----BEGIN "
	endMark   = "-----END "
	dashes    = "-----"
)

// line takes the next line, unquoted. It returns a block when one ends, and reports whether the
// line was part of one.
func (a *armour) line(line string) (block *pem.Block, inside bool) {
	if label, ok := marked(line, beginMark); ok {
		if a.label != "" {
			a.damage("has no end")
		}
		a.label = label
		a.body.Reset()
		a.body.WriteString(line + "\n")
		return nil, true
	}
	if a.label == "" {
		return nil, false
	}
	a.body.WriteString(line + "\n")
	if label, ok := marked(line, endMark); ok {
		block, _ := pem.Decode([]byte(a.body.String()))
		if block == nil {
			if label != a.label {
				a.damage("ends as another one")
			} else {
				a.damage("is damaged: what is inside is not base64")
			}
		}
		a.label = ""
		return block, true
	}
	return nil, true
}

// end is told that there are no more lines.
func (a *armour) end() {
	if a.label != "" {
		a.damage("has no end: the text is cut off")
		a.label = ""
	}
}

func (a *armour) damage(how string) {
	a.how = how
	if len(a.damaged) < 100 {
		a.damaged = append(a.damaged, "the block "+clip(a.label)+" "+how)
	}
}

func marked(line, mark string) (label string, ok bool) {
	rest, ok := strings.CutPrefix(line, mark)
	if !ok {
		return "", false
	}
	label, rest, ok = strings.Cut(rest, dashes)
	return label, ok && rest == "" && label != ""
}
