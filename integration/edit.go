package integration

import "strings"

// setLines returns a file of configuration in which the given lines stand, as an admin would edit
// it: what the file already says of the same settings is taken out, and the lines come last.
//
// It knows what Dovecot, nginx, Exim's macros and Postfix's maps have in common: a setting begins
// with its name, a block ends its first line with a brace and has its whole head as its name.
func setLines(file, lines string) string {
	wanted := map[string]bool{}
	for _, s := range statements(lines) {
		if s.name != "" {
			wanted[s.name] = true
		}
	}
	var out strings.Builder
	for _, s := range statements(file) {
		if !wanted[s.name] {
			out.WriteString(s.text)
		}
	}
	out.WriteString(lines)
	if !strings.HasSuffix(lines, "\n") {
		out.WriteByte('\n')
	}
	return out.String()
}

// A statement is one setting or block with its lines; name is empty for comments and space.
type statement struct {
	name string
	text string
}

func statements(text string) []statement {
	var out []statement
	depth := 0
	for line := range strings.Lines(text) {
		if !strings.HasSuffix(line, "\n") {
			line += "\n"
		}
		words := strings.TrimSpace(line)
		if depth == 0 {
			out = append(out, statement{name: settingName(words)})
		}
		out[len(out)-1].text += line
		switch {
		case strings.HasPrefix(words, "#"):
		case strings.HasSuffix(words, "{"):
			depth++
		case words == "}" && depth > 0:
			depth--
		}
	}
	return out
}

func settingName(line string) string {
	switch {
	case line == "", strings.HasPrefix(line, "#"):
		return ""
	case strings.HasSuffix(line, "{"):
		return strings.Join(strings.Fields(line), " ")
	}
	if end := strings.IndexAny(line, " \t="); end > 0 {
		return line[:end]
	}
	return line
}
