package wire

import (
	"bytes"
	"strconv"
	"strings"
)

// A command is one line of a client, taken apart.
type command struct {
	tag  string // IMAP only
	verb string // upper case
	args []string
}

// A scanner follows a conversation to tell the client's commands from what only looks like
// them: literals, mail, answers to a challenge. It holds no text.
type scanner struct {
	dialect Dialect
	skip    int64  // bytes of a literal or chunk still to come
	want    int64  // size of a literal the server must ask for first
	inside  bool   // the next line continues the last command
	data    bool   // mail is coming, until a lone dot
	verb    string // the last command's
}

// line classifies a complete client line; ok is false when it is no command.
func (s *scanner) line(line []byte) (cmd command, ok bool) {
	text := bytes.TrimRight(line, "\r\n")
	switch {
	case s.data:
		s.data = string(text) != "."
		return cmd, false
	case s.inside:
		s.inside = false
		s.literal(text)
		return cmd, false
	}
	cmd = parse(s.dialect, text)
	s.verb, s.want = cmd.verb, 0
	s.literal(text)
	if s.dialect == SMTP && cmd.verb == "BDAT" && len(cmd.args) > 0 {
		n, err := strconv.ParseUint(cmd.args[0], 10, 31)
		if err == nil {
			s.skip = int64(n)
		}
	}
	return cmd, cmd.verb != ""
}

// parse splits a line into words. Only the first few matter, so the rest stays in one piece.
func parse(d Dialect, text []byte) (cmd command) {
	words := strings.Fields(string(text[:min(len(text), 1024)]))
	if d == IMAP && len(words) > 0 {
		cmd.tag, words = words[0], words[1:]
	}
	if len(words) > 0 {
		cmd.verb, cmd.args = strings.ToUpper(words[0]), words[1:]
	}
	return cmd
}

// literal notes an IMAP literal announced at the end of a line (RFC 9051 section 4.3).
func (s *scanner) literal(text []byte) {
	if s.dialect != IMAP || !bytes.HasSuffix(text, []byte("}")) {
		return
	}
	open := bytes.LastIndexByte(text, '{')
	if open < 0 {
		return
	}
	digits, plus := strings.CutSuffix(string(text[open+1:len(text)-1]), "+")
	n, err := strconv.ParseUint(digits, 10, 31)
	switch {
	case err != nil:
	case plus:
		s.skip, s.inside = int64(n), true
	default:
		s.want = int64(n) + 1 // so that an empty literal counts too
	}
}

// reply takes note of what the server wrote: it decides what the client's next line is.
func (s *scanner) reply(line []byte) {
	switch s.dialect {
	case SMTP:
		s.inside = s.verb == "AUTH" && bytes.HasPrefix(line, []byte("334"))
		if s.verb == "DATA" && bytes.HasPrefix(line, []byte("354")) {
			s.data = true
		}
	case POP3:
		s.inside = s.verb == "AUTH" && bytes.HasPrefix(line, []byte("+ "))
	case IMAP:
		switch {
		case !bytes.HasPrefix(line, []byte("+")):
			if !bytes.HasPrefix(line, []byte("*")) {
				s.want = 0
			}
		case s.want > 0:
			s.skip, s.want, s.inside = s.want-1, 0, true
		case s.verb == "AUTHENTICATE" || s.verb == "IDLE":
			s.inside = true
		}
	}
}

// password reports whether the command itself carries a secret. AUTH LOGIN's first answer is
// the user's name.
func (c command) password(d Dialect) bool {
	switch {
	case d == IMAP && c.verb == "LOGIN", d != IMAP && c.verb == "AUTH", d == IMAP && c.verb == "AUTHENTICATE":
		return len(c.args) >= 2 && !(c.verb != "LOGIN" && strings.EqualFold(c.args[0], "LOGIN")) &&
			!(c.verb == "LOGIN" && strings.HasSuffix(c.args[1], "}"))
	case d == POP3 && c.verb == "PASS":
		return len(c.args) >= 1
	}
	return false
}

// upgrade returns the verb that asks for TLS.
func (d Dialect) upgrade() string {
	switch d {
	case IMAP, SMTP:
		return "STARTTLS"
	case POP3:
		return "STLS"
	}
	return ""
}
