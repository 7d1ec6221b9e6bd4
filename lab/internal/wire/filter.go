package wire

import (
	"bytes"
	"slices"
	"strings"
)

// join splits what a server wrote into replies that may be sent and a rest that must wait: the
// end of a line, or for SMTP the last line of a reply. Some scanners believe that a reply ends
// with its first segment.
func join(d Dialect, b []byte) (ready, rest []byte) {
	end := 0
	for at := 0; ; {
		nl := bytes.IndexByte(b[at:], '\n')
		if nl < 0 {
			return b[:end], b[end:]
		}
		line := b[at : at+nl+1]
		at += nl + 1
		if d != SMTP || len(line) < 4 || line[3] != '-' {
			end = at
		}
	}
}

// hide removes capabilities from complete replies.
func hide(d Dialect, b []byte, names []string) []byte {
	if len(names) == 0 || len(b) == 0 {
		return b
	}
	lines := strings.SplitAfter(string(b), "\n")
	switch d {
	case IMAP:
		for i, line := range lines {
			lines[i] = hideIMAP(line, names)
		}
	case POP3:
		lines = slices.DeleteFunc(lines, func(line string) bool { return hidden(line, names) })
	case SMTP:
		lines = hideSMTP(lines, names)
	}
	return []byte(strings.Join(lines, ""))
}

// hidden reports whether the line's first word is among names.
func hidden(line string, names []string) bool {
	words := strings.Fields(line)
	return len(words) > 0 && slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, words[0]) })
}

// hideIMAP edits "* CAPABILITY ..." and the response code "[CAPABILITY ...]".
func hideIMAP(line string, names []string) string {
	at := strings.Index(strings.ToUpper(line), "CAPABILITY ")
	if at < 0 || !(line[:at] == "* " || strings.HasSuffix(line[:at], " [")) {
		return line
	}
	end := strings.IndexAny(line[at:], "]\r\n")
	if end < 0 {
		return line
	}
	words := slices.DeleteFunc(strings.Fields(line[at:at+end]), func(w string) bool { return hidden(w, names) })
	return line[:at] + strings.Join(words, " ") + line[at+end:]
}

// hideSMTP removes lines of an EHLO reply, and mends "250-" and "250 " when the last one went.
func hideSMTP(lines, names []string) []string {
	var out []string
	first := true
	for _, line := range lines {
		last := len(line) >= 4 && line[3] == ' '
		drop := !first && strings.HasPrefix(line, "250") && len(line) > 4 && hidden(line[4:], names)
		if drop && last { // the line before was not the last one until now
			prev := out[len(out)-1]
			out[len(out)-1] = prev[:3] + " " + prev[4:]
		}
		if !drop {
			out = append(out, line)
		}
		first = last
	}
	return out
}
