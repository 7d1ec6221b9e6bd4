package wire

import "strings"

// mask overwrites capabilities in complete replies by as many letters X, the last one A, as the
// ESMTP inspection of a firewall does. The length of the reply stays the same: it is changed in
// flight, and TCP counts bytes.
func mask(d Dialect, b []byte, names []string) []byte {
	if len(names) == 0 || len(b) == 0 {
		return b
	}
	lines := strings.SplitAfter(string(b), "\n")
	for i, line := range lines {
		switch d {
		case IMAP:
			lines[i] = maskIMAP(line, names)
		case POP3:
			lines[i] = maskFirst(line, 0, names)
		case SMTP:
			if strings.HasPrefix(line, "250") && len(line) > 4 {
				lines[i] = maskFirst(line, 4, names)
			}
		}
	}
	return []byte(strings.Join(lines, ""))
}

// maskFirst overwrites the word that begins at byte from, if it is among names.
func maskFirst(line string, from int, names []string) string {
	if !hidden(line[from:], names) {
		return line
	}
	word := strings.Fields(line[from:])[0]
	return line[:from] + strings.Replace(line[from:], word, overwritten(word), 1)
}

// maskIMAP edits "* CAPABILITY ..." and the response code "[CAPABILITY ...]".
func maskIMAP(line string, names []string) string {
	at := strings.Index(strings.ToUpper(line), "CAPABILITY ")
	if at < 0 {
		return line
	}
	end := strings.IndexAny(line[at:], "]\r\n")
	if end < 0 {
		return line
	}
	words := strings.Split(line[at:at+end], " ")
	for i, w := range words {
		if hidden(w, names) {
			words[i] = overwritten(w)
		}
	}
	return line[:at] + strings.Join(words, " ") + line[at+end:]
}

func overwritten(word string) string { return strings.Repeat("X", len(word)-1) + "A" }
