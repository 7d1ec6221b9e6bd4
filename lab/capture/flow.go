package capture

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/mailtlslab/mailtlslab/lab/message"
)

// A mail program breaks lines, and a log line that says nothing by itself goes on in the next one. What
// could be the rest is held until it is known whether the whole says anything.
type flow struct {
	open    string // the log line that may go on, without what was wrapped around it
	held    []string
	columns int // of the line before
	tries   int
}

// Bounds of lines that were broken.
const (
	narrowest = 56 // columns at which programs break lines, and more
	widest    = 100
	maxHeld   = 8 // lines
	maxTries  = 200
)

// begins takes a line of a log that said nothing.
func (f *flow) begins(text string) {
	f.open = ""
	if f.columns = utf8.RuneCountInString(text); f.columns <= widest && f.tries < maxTries {
		f.open = text
	}
}

// takes reports whether a line may be the rest of the one before: its first word had no room there.
func (f *flow) takes(text string) bool {
	if f.open == "" || len(f.held) == maxHeld || text == "" || text[:min(3, len(text))] == f.open[:min(3, len(f.open))] {
		return false
	}
	word, _, _ := strings.Cut(text, " ")
	if f.columns+1+utf8.RuneCountInString(word) < narrowest {
		return false
	}
	_, own := entryOf(text)
	return !own
}

func (f *flow) hold(raw, text string) {
	f.held = append(f.held, raw)
	f.columns = utf8.RuneCountInString(text)
	f.open += " " + text
}

// whole returns the lines that were held, and the line that they make where it says anything.
func (f *flow) whole() (held []string, l line, says bool) {
	held, text := f.held, f.open
	f.held, f.open = nil, ""
	if len(held) == 0 {
		return nil, line{}, false
	}
	f.tries++
	l = line{raw: text, text: text, folded: message.Fold(text)}
	trial := newLogReader(&gathering{})
	trial.line(l)
	trial.end()
	return held, l, trial.doc.fails() || len(trial.claims) > 0
}

var (
	journalName = lazily(`"SYSLOG_IDENTIFIER"\s*:\s*"([\w./-]{1,80})"`)
	journalText = lazily(`"MESSAGE"\s*:\s*("(?:[^"\\]|\\.)*")`)
	dockerText  = lazily(`^\{"log"\s*:\s*("(?:[^"\\]|\\.)*")\s*,\s*"stream"`)
)

// fromJSON returns the line of a log that journalctl or Docker has written as JSON.
func fromJSON(s string) string {
	if !strings.HasPrefix(s, "{") {
		return s
	}
	head, text := "", dockerText.find(s)
	if text == nil && strings.Contains(s, `"SYSLOG_IDENTIFIER"`) {
		if name := journalName.find(s); name != nil {
			head, text = name[1]+": ", journalText.find(s)
		}
	}
	var said string
	if text == nil || json.Unmarshal([]byte(text[1]), &said) != nil {
		return s
	}
	said = strings.TrimSpace(said)
	if at := strings.IndexByte(said, '\n'); at >= 0 {
		said = said[:at]
	}
	return head + said
}
