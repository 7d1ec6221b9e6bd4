package probe

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

// A LoginError is a server's refusal of a login.
type LoginError struct {
	Text string // the server's words, bounded
}

func (e *LoginError) Error() string { return "the server refuses the login: " + e.Text }

// errNoLogin is what Login answers when nothing may be sent.
var errNoLogin = errors.New("no login: the connection is not open, or its tls handshake is not complete")

// Login logs in on this very connection, and sends nothing unless its handshake is complete.
// Whether the connection deserves the password is for the caller to decide. A refusal is a
// *LoginError and is kept in the Observation. The client libraries are not used: they reset
// every deadline, and read without bounds.
func (s *Session) Login(ctx context.Context, c account.Credentials) error {
	if !s.alive() || s.tls == nil || s.obs.TLS == nil || !s.obs.TLS.Complete {
		return errNoLogin
	}
	if strings.ContainsAny(c.User+c.Password, "\r\n\x00") {
		return errors.New("no login: a line end or a zero byte in the user or the password")
	}
	stop := context.AfterFunc(ctx, s.link.closer())
	defer stop()
	var err error
	switch s.protocol() {
	case account.IMAP:
		err = s.loginIMAP(c)
	case account.POP3:
		err = s.loginPOP3(c)
	case account.Submission:
		err = s.loginSMTP(c)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if e, ok := errors.AsType[*LoginError](err); ok {
		if c.Password != "" { // a server may repeat what it was told
			e.Text = strings.ReplaceAll(e.Text, c.Password, "***")
		}
		s.obs.LoginRefused = e.Text
	}
	return err
}

// step is one exchange of a login with its own time limit.
func (s *Session) step(text string) (string, verdict, error) {
	s.allow()
	_, status, said, err := s.command(text, false)
	if err != nil {
		return status, said, fmt.Errorf("login: %w", err)
	}
	return status, said, nil
}

// finish turns the answer to the last step into an error.
func finish(status string, said verdict, err error) error {
	if err != nil || said == good {
		return err
	}
	return &LoginError{Text: clip(status, maxError)}
}

func (s *Session) loginIMAP(c account.Credentials) error {
	if has(s.caps, "LOGINDISABLED") {
		return &LoginError{Text: "LOGINDISABLED"} // RFC 9051 section 6.2.3: then it must not be sent
	}
	command, rest := "LOGIN", []string(nil)
	for _, word := range []string{c.User, c.Password} {
		if isASCII(word) {
			command += ` "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word) + `"`
			continue
		}
		// Only a literal may hold other bytes (RFC 9051 section 4.3).
		rest = append(rest, command+fmt.Sprintf(" {%d}", len(word)))
		command = word
	}
	lines := append(rest, command)
	s.tags++
	tag := fmt.Sprintf("a%d ", s.tags)
	lines[0] = tag + lines[0]
	for _, line := range lines {
		s.allow()
		got, err := s.talk.say(line, func(_ int, l string) bool { return begins(l, "* BYE") || !begins(l, "* ") })
		status := lastOf(got)
		switch {
		case err != nil:
			return fmt.Errorf("login: %w", err)
		case begins(status, tag+"OK"):
			return nil
		case !begins(status, "+"):
			return &LoginError{Text: clip(status, maxError)}
		}
	}
	return &LoginError{Text: "the server asks for more"}
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func (s *Session) loginPOP3(c account.Credentials) error {
	status, said, err := s.step("USER " + c.User)
	if err != nil || said != good {
		return finish(status, said, err)
	}
	return finish(s.step("PASS " + c.Password))
}

func (s *Session) loginSMTP(c account.Credentials) error {
	if len(s.caps) == 0 {
		s.allow()
		_, status, said, err := s.listCapabilities()
		if err != nil || said != good {
			return finish(status, said, err)
		}
	}
	encode := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	steps := []string{"AUTH PLAIN " + encode("\x00"+c.User+"\x00"+c.Password)}
	if m := mechanisms(s.caps); !has(m, "PLAIN") && has(m, "LOGIN") {
		steps = []string{"AUTH LOGIN", encode(c.User), encode(c.Password)}
	}
	for i, text := range steps {
		status, said, err := s.step(text)
		if err != nil || said != more || i == len(steps)-1 {
			return finish(status, said, err)
		}
	}
	return nil
}

// mechanisms returns the words of the AUTH line (RFC 4954 section 3).
func mechanisms(caps []string) []string {
	for _, c := range caps {
		if words := strings.Fields(c); len(words) > 1 && strings.EqualFold(words[0], "AUTH") {
			return words[1:]
		}
	}
	return nil
}
