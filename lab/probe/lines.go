package probe

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
)

const (
	maxLine  = 8 << 10  // of one line
	maxReply = 64 << 10 // of all lines of one reply
	maxLines = 100      // of one reply
	maxWords = 200      // of one list of capabilities
	maxError = 500      // of a library's words
	maxStub  = 1 << 10  // of a line that was too long
)

// lines speaks in lines, and reads no more than it must.
type lines struct {
	r *bufio.Reader
	w io.Writer
}

func newLines(rw io.ReadWriter) *lines {
	return &lines{r: bufio.NewReaderSize(rw, maxLine), w: rw}
}

// line reads one line without its end. With an error it returns as much as came.
func (l *lines) line() (string, error) {
	b, err := l.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return clip(string(b), maxStub), errTooLong
	}
	return clip(string(bytes.TrimRight(b, "\r\n")), maxLine), err
}

// reply reads lines until last says so of one, given its index. With an error it returns the
// lines that came.
func (l *lines) reply(last func(int, string) bool) ([]string, error) {
	var out []string
	size := 0
	for i := range maxLines {
		line, err := l.line()
		if err == nil || line != "" {
			out = append(out, line)
		}
		if err != nil {
			return out, err
		}
		if last(i, line) {
			return out, nil
		}
		if size += len(line); size > maxReply {
			break
		}
	}
	return out, errTooLong
}

// say sends a line and reads the reply. A server that refuses often closes at once, so its
// words are looked for even when the line could not be sent.
func (l *lines) say(line string, last func(int, string) bool) ([]string, error) {
	_, sent := io.WriteString(l.w, line+"\r\n")
	out, err := l.reply(last)
	if sent != nil && len(out) == 0 && !isAlert(err) {
		err = sent
	}
	return out, err
}

// clip bounds a text, and makes it one that survives JSON.
func clip(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
