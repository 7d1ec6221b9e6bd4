package probe

import (
	"errors"
	"fmt"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

// A verdict is what a status line says, without a judgement of its reason.
type verdict int

const (
	foreign verdict = iota // not of this protocol
	good
	more // SMTP 3xx
	refused
)

// greet reads the greeting in the clear.
func (s *Session) greet() error {
	s.begin(Greeting)
	return s.readGreeting(&s.obs.Greeting)
}

// readGreeting reads a greeting, in the clear or inside TLS, and keeps its first line.
func (s *Session) readGreeting(first *string) error {
	p := s.protocol()
	got, err := s.talk.reply(func(_ int, line string) bool { return p != account.Submission || !continues(line) })
	if len(got) > 0 {
		*first = got[0]
	}
	said := greetingVerdict(p, *first)
	if err != nil {
		// A few bytes of something else, such as an alert, need no line end to be recognised.
		if !errors.Is(err, errTooLong) && !isAlert(err) && len(*first) >= 4 && said == foreign {
			return ending{Unexpected, err.Error()}
		}
		return err
	}
	if p == account.IMAP {
		s.keep(wordsIn(*first))
	}
	return judge(said)
}

func judge(v verdict) error {
	switch v {
	case refused:
		return ending{Declined, "the server declines"}
	case foreign:
		return ending{Unexpected, "the answer is not of this protocol"}
	default:
		return nil
	}
}

func greetingVerdict(p account.Protocol, line string) verdict {
	switch p {
	case account.IMAP:
		if begins(line, "* OK") || begins(line, "* PREAUTH") {
			return good
		}
		if begins(line, "* BYE") {
			return refused
		}
		return foreign
	case account.POP3:
		return pop3Verdict(line)
	default:
		return smtpVerdict(line)
	}
}

func pop3Verdict(line string) verdict {
	switch {
	case begins(line, "+OK"):
		return good
	case begins(line, "-ERR"):
		return refused
	default:
		return foreign
	}
}

func smtpVerdict(line string) verdict {
	if !hasCode(line) {
		return foreign
	}
	switch line[0] {
	case '2':
		return good
	case '3':
		return more
	default:
		return refused
	}
}

// hasCode reports whether line begins with an SMTP reply code (RFC 5321 section 4.2).
func hasCode(line string) bool {
	if len(line) < 3 || line[0] < '2' || line[0] > '5' {
		return false
	}
	for _, c := range []byte(line[1:3]) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(line) == 3 || line[3] == ' ' || line[3] == '-'
}

// continues reports whether an SMTP reply has more lines after this one.
func continues(line string) bool { return len(line) > 3 && hasCode(line) && line[3] == '-' }

func begins(line, with string) bool {
	return len(line) >= len(with) && strings.EqualFold(line[:len(with)], with)
}

// command sends a command of the session's protocol and returns the reply, its status line, and
// what that says. list says that a positive POP3 answer has more lines.
func (s *Session) command(text string, list bool) (got []string, status string, said verdict, err error) {
	switch s.protocol() {
	case account.IMAP:
		s.tags++
		tag := fmt.Sprintf("a%d ", s.tags)
		got, err = s.talk.say(tag+text, func(_ int, line string) bool {
			return begins(line, "* BYE") || !begins(line, "* ")
		})
		status = lastOf(got)
		switch {
		case begins(status, tag+"OK"):
			said = good
		case begins(status, tag+"NO"), begins(status, tag+"BAD"), begins(status, "* BYE"):
			said = refused
		case begins(status, "+"):
			said = more
		}
	case account.POP3:
		got, err = s.talk.say(text, func(i int, line string) bool {
			return line == "." || i == 0 && (!list || pop3Verdict(line) != good)
		})
		if len(got) > 0 {
			status = got[0]
		}
		said = pop3Verdict(status)
		if begins(status, "+ ") || status == "+" {
			said = more
		}
	default:
		got, err = s.talk.say(text, func(_ int, line string) bool { return !continues(line) })
		status = lastOf(got)
		said = smtpVerdict(status)
	}
	return got, status, said, err
}

func lastOf(all []string) string {
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

// listCapabilities asks what the server can do, and returns the reply's first line.
func (s *Session) listCapabilities() (first, status string, said verdict, err error) {
	got, status, said, err := s.command(capabilityCommand(s.protocol()), true)
	if len(got) > 0 {
		first = got[0]
	}
	if said != good {
		return first, status, said, err
	}
	switch s.protocol() {
	case account.IMAP:
		for _, line := range got {
			if begins(line, "* CAPABILITY ") {
				s.keep(strings.Fields(line)[2:])
			}
		}
	case account.POP3:
		if lastOf(got) == "." {
			got = got[:len(got)-1]
		}
		s.keep(got[1:])
	default:
		var words []string
		for _, line := range got[1:] {
			if len(line) > 4 {
				words = append(words, line[4:])
			}
		}
		s.keep(words)
	}
	return first, status, said, err
}

func capabilityCommand(p account.Protocol) string {
	switch p {
	case account.IMAP:
		return "CAPABILITY"
	case account.POP3:
		return "CAPA"
	default:
		return "EHLO [127.0.0.1]" // what Thunderbird says: RFC 5321 section 4.1.4, and it tells nothing
	}
}

// keep stores announced capabilities on the side of TLS on which they were said. A later list
// replaces an earlier one.
func (s *Session) keep(words []string) {
	if len(words) == 0 {
		return
	}
	words = append([]string(nil), words[:min(len(words), maxWords)]...)
	if s.tls == nil {
		s.obs.Capabilities = words
	} else {
		s.caps = words
	}
}

// wordsIn returns the capabilities inside "* OK [CAPABILITY ...] text" (RFC 9051 section 7.1).
func wordsIn(line string) []string {
	const code = "[CAPABILITY "
	at := strings.Index(strings.ToUpper(line), code)
	if at < 0 || at+len(code) > len(line) {
		return nil
	}
	list, _, found := strings.Cut(line[at+len(code):], "]")
	if !found {
		return nil
	}
	return strings.Fields(list)
}

// ask fills the capabilities, unless the greeting did.
func (s *Session) ask() error {
	s.begin(Asking)
	if s.protocol() == account.IMAP && len(s.obs.Capabilities) > 0 {
		return nil
	}
	_, status, said, err := s.listCapabilities()
	switch {
	case err != nil:
		s.obs.Answer = status
		return err
	case said == refused && unknownCommand(s.protocol(), status):
		return nil // a server from before the command: it can have nothing to list
	case said == good:
		return nil
	case said == refused:
		s.obs.Answer = status
		return judge(said)
	default:
		s.obs.Answer = status
		return judge(foreign)
	}
}

func unknownCommand(p account.Protocol, status string) bool {
	if p == account.POP3 {
		return true // -ERR has no codes; RFC 2449 section 5
	}
	return begins(status, "500") || begins(status, "502") || begins(status, "504")
}

// upgrade sends STARTTLS or STLS, if it is offered.
func (s *Session) upgrade() error {
	s.begin(Upgrading)
	verb := "STARTTLS"
	if s.protocol() == account.POP3 {
		verb = "STLS"
	}
	if !has(s.obs.Capabilities, verb) {
		return ending{NotOffered, strings.ToLower(verb) + " is not offered"}
	}
	_, status, said, err := s.command(verb, false)
	s.obs.Answer = status
	if err != nil {
		return err
	}
	if said == more {
		said = foreign
	}
	return judge(said)
}

// has reports whether a capability is in the list, whatever its case and parameters.
func has(caps []string, name string) bool {
	for _, c := range caps {
		if word, _, _ := strings.Cut(c, " "); strings.EqualFold(word, name) {
			return true
		}
	}
	return false
}
