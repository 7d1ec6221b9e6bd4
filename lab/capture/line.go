package capture

import (
	"bufio"
	"bytes"
	"errors"
	"html"
	"io"
	"net/url"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A line is one line of a text, as it stands and without what was wrapped around it.
type line struct {
	raw    string // without the line's end, bounded by maxRaw
	text   string // without quotes, prompts, prefixes of containers and marks of pages; bounded by maxLine
	folded string // text as message.Fold leaves it
}

// maxRaw is the most bytes of a line that are looked at for certificates, which some programs write
// into one line.
const maxRaw = 1 << 20

// lines reads a text line by line, whatever it was written in: UTF-8, the UTF-16 that Windows writes
// when output is redirected, or latin-1. What is longer than maxRaw is cut, and long says how often.
type lines struct {
	r     *bufio.Reader
	next  func() ([]byte, error)
	bytes int64
	most  int64 // bytes that are read
	long  int   // lines longer than maxRaw
	cut   bool  // there is more than most
	utf16 bool
}

func newLines(r io.Reader, most int64) *lines {
	l := &lines{r: bufio.NewReaderSize(r, 64<<10), most: most}
	l.next = l.narrow
	switch head, _ := l.r.Peek(4); {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, _ = l.r.Discard(3)
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		_, _ = l.r.Discard(2)
		l.utf16 = true
		l.next = func() ([]byte, error) { return l.wide(0) }
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		_, _ = l.r.Discard(2)
		l.utf16 = true
		l.next = func() ([]byte, error) { return l.wide(1) }
	case len(head) == 4 && head[0] != 0 && head[1] == 0 && head[2] != 0 && head[3] == 0:
		l.utf16 = true
		l.next = func() ([]byte, error) { return l.wide(0) }
	}
	return l
}

// binary reports whether what begins here is no text: more than a few of its bytes are control
// characters that no text has.
func (l *lines) binary() bool {
	head, _ := l.r.Peek(4 << 10)
	odd := 0
	for _, c := range head {
		if c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != 0x1b && c != '\f' && c != '\b' {
			odd++
		}
	}
	return odd*20 > len(head) && !l.utf16
}

// line returns the next line; the error is io.EOF at the end, or the reader's.
func (l *lines) line() (string, error) {
	if l.bytes >= l.most {
		if _, err := l.r.Peek(1); err == nil {
			l.cut = true
		}
		return "", io.EOF
	}
	data, err := l.next()
	if err != nil {
		return "", err
	}
	if !utf8.Valid(data) {
		return latin1(data), nil
	}
	return string(data), nil
}

func (l *lines) narrow() ([]byte, error) {
	chunk, err := l.r.ReadSlice('\n')
	l.bytes += int64(len(chunk))
	if err == nil || err == io.EOF && len(chunk) > 0 {
		return bytes.TrimRight(chunk, "\r\n"), nil
	}
	if !errors.Is(err, bufio.ErrBufferFull) {
		return nil, err
	}
	whole, over := bytes.Clone(chunk), false
	for errors.Is(err, bufio.ErrBufferFull) && l.bytes < l.most {
		chunk, err = l.r.ReadSlice('\n')
		l.bytes += int64(len(chunk))
		if room := maxRaw - len(whole); room < len(chunk) {
			chunk, over = chunk[:room], true
		}
		whole = append(whole, chunk...)
	}
	if over {
		l.long++
	}
	if err != nil && err != io.EOF && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, err
	}
	return bytes.TrimRight(whole, "\r\n"), nil
}

// wide reads a line of UTF-16; low says which byte of a unit comes first.
func (l *lines) wide(low int) ([]byte, error) {
	var units []uint16
	var pair [2]byte
	for l.bytes < l.most {
		if _, err := io.ReadFull(l.r, pair[:]); err != nil {
			if len(units) > 0 {
				break
			}
			return nil, io.EOF
		}
		l.bytes += 2
		u := uint16(pair[low]) | uint16(pair[1-low])<<8
		if u == '\n' {
			break
		}
		if len(units) < maxRaw {
			units = append(units, u)
		}
	}
	return bytes.TrimRight([]byte(string(utf16.Decode(units))), "\r\n"), nil
}

// latin1 reads bytes that are not UTF-8 as ISO 8859-1, with the quotes and dashes of Windows.
func latin1(data []byte) string {
	windows := [32]rune{
		0x91 - 0x80: '‘', 0x92 - 0x80: '’', 0x93 - 0x80: '“', 0x94 - 0x80: '”',
		0x96 - 0x80: '–', 0x97 - 0x80: '—', 0x84 - 0x80: '„', 0x8b - 0x80: '‹', 0x9b - 0x80: '›',
	}
	var b strings.Builder
	for _, c := range data {
		switch {
		case c >= 0x80 && c < 0xa0 && windows[c-0x80] != 0:
			b.WriteRune(windows[c-0x80])
		default:
			b.WriteRune(rune(c))
		}
	}
	return b.String()
}

var (
	escapes = lazily("\x1b\\[[0-9;?]{0,16}[ -/]*[@-~]|\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)|\x1b[@-Z\\\\-_]|#033\\[[0-9;]{0,16}m")
	tags    = lazily(`(?i)</?(?:p|br|hr|div|span|pre|code|tt|samp|kbd|b|i|u|em|strong|small|li|ul|ol|dl|dt|dd|a|td|th|tr|table|tbody|thead|blockquote|font|h[1-6]|html|body)(?:\s[^<>]*)?/?>`)
	entity  = lazily(`&(?:#\d{1,6}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});`)
	// container is what docker compose, kubectl and the like put before a line: "mail-1  | ",
	// "[pod/mail-0/dovecot] ".
	container = lazily(`^(?:[A-Za-z0-9][\w.-]* +\| ?|\[pod/[\w./-]+\] )`)
	stamped   = lazily(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6,9}(?:Z|[+-]\d\d:\d\d) (?:std(?:out|err) [FP] )?`)
	fence     = lazily("^(?:```+|~~~+)\\w{0,20}$")
)

// unwrapped takes off what mail programs, terminals, pages and containers put around a line. It
// is done once, for all readers.
func unwrapped(s string) string {
	if strings.ContainsAny(s, "\x1b") || strings.Contains(s, "#033[") {
		s = escapes.without(s, "")
	}
	if strings.Contains(s, "<") && strings.Contains(s, ">") {
		s = tags.without(s, " ")
	}
	s = strings.TrimRight(s, "\r \t")
	if at := strings.LastIndexByte(s, '\r'); at >= 0 && len(s)-at > 4 { // a meter of progress that was written over
		s = s[at+1:]
	}
	if strings.Contains(s, "&") && entity.in(s) {
		s = html.UnescapeString(s)
	}
	if !ascii(s) {
		s = plainMarks.Replace(s)
	}
	for range 12 { // of any depth that is seen
		t := peeled(strings.TrimSpace(s))
		if t == s {
			break
		}
		s = t
	}
	return s
}

// plainMarks makes plain what word processors, phones and pages make of blanks and quotes.
var plainMarks = strings.NewReplacer("\u00a0", " ", "\u202f", " ", "\u2007", " ", "\u200b", "", "\u200e", "", "\u200f", "", "\u2060", "", "\ufeff", "", "“", `"`, "”", `"`, "„", `"`, "‘", "'", "’", "'", "‚", "'")

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// peeled takes one wrapping off.
func peeled(s string) string {
	switch {
	case s == "":
		return s
	case s[0] == '>', s[0] == '|' && !strings.HasPrefix(s, "|<") && !strings.HasPrefix(s, "|_"):
		return s[1:]
	case strings.HasPrefix(s, "|_"):
		return s[2:]
	case strings.HasPrefix(s, "# "), strings.HasPrefix(s, "// "), strings.HasPrefix(s, ";; "):
		return s[2:]
	case strings.HasPrefix(s, "; ") && !strings.HasPrefix(s, "; <<>>"):
		return s[1:]
	case fence.in(s):
		return ""
	case s[0] == '`' && strings.Count(s, "`") <= 2:
		return strings.Trim(s, "`")
	}
	if s[0] == '[' || s[0] >= '0' && s[0] <= 'z' {
		if at := strings.IndexByte(s, '|'); at > 0 && at < 70 || s[0] == '[' {
			if loc := container.at(s); loc != nil {
				return s[loc[1]:]
			}
		}
		if s[0] == '2' && len(s) > 28 && s[10] == 'T' {
			if loc := stamped.at(s); loc != nil && (s[loc[1]-1] == ' ' && strings.Contains(s[:loc[1]], "Z std") || startsLine(s[loc[1]:])) {
				return s[loc[1]:]
			}
		}
	}
	return s
}

// startsLine reports whether what stands behind a time is a line of its own, with a head of its own:
// else the time is the line's.
func startsLine(s string) bool {
	return len(s) > 20 && (dated(s, "0000-00-00") || dated(s, "0000/00/00") || syslogTime.in(s))
}

// pieces returns the lines that one line of a text holds: a page has them between its tags, and JSON,
// a container's log and a program that shows a string write their ends out.
func pieces(s string) []string {
	if strings.HasPrefix(s, `{"log":`) {
		if m := dockerLog.find(s); m != nil {
			s = m[1]
		}
	}
	if strings.Contains(s, "BEGIN") && strings.Contains(s, "%0A") { // as in the address of a page
		if plain, err := url.PathUnescape(s); err == nil {
			return strings.Split(plain, "\n")
		}
	}
	if len(s) < 8 || !strings.Contains(s, "<") && !strings.Contains(s, "&#") && !strings.Contains(s, `\`) {
		return []string{s}
	}
	if mayBreak(s) && breaks.in(s) {
		s = breaks.without(s, "\n")
	}
	if strings.Count(s, `\n`) > 1 || strings.HasSuffix(s, `\n`) || strings.Contains(s, `\u20`) {
		s = writtenOut.Replace(s)
	}
	return strings.Split(s, "\n")
}

// mayBreak is a cheap first look: an address between angles, which most lines of a mail log have, is no tag.
func mayBreak(s string) bool {
	if strings.Contains(s, "&#") {
		return true
	}
	for rest := s; ; {
		at := strings.IndexByte(rest, '<')
		if at < 0 || at+1 == len(rest) {
			return false
		}
		rest = rest[at+1:]
		end := strings.IndexAny(rest, "> @")
		if end < 0 || end < 12 && rest[end] != '@' {
			return true
		}
	}
}

var (
	breaks     = lazily(`(?i)&#(?:x0*[ad]|1[03]);|\s*<(?:/?(?:p|div|pre|li|ul|ol|tr|table|blockquote|h[1-6])|br|hr)(?:\s[^<>]*)?/?>`)
	writtenOut = strings.NewReplacer(`\\n`, "\n", `\r\n`, "\n", `\n`, "\n", `\t`, "\t", `\"`, `"`, `\'`, "'", `\/`, "/", `\u001b`, "\x1b", `\u2018`, "'", `\u2019`, "'", `\u201c`, `"`, `\u201d`, `"`, `\u003c`, "<", `\u003e`, ">", `\u0026`, "&", `\\`, `\`)
	// dockerLog is a line of the files that Docker keeps: https://docs.docker.com/engine/logging/drivers/json-file/
	dockerLog = lazily(`^\{"log":"(.*)","stream":"std(?:out|err)"(?:,.*)?\}$`)
)

// unnumbered takes off what stands before lines in listings: a number, or the mark of a list.
func unnumbered(s string) (string, bool) {
	loc := listMark.at(s)
	if loc == nil {
		return s, false
	}
	return strings.TrimSpace(s[loc[1]:]), true
}

var listMark = lazily(`^(?:\d{1,5}(?:[:.)]\s+|\s+)|[*+•-] )`)
