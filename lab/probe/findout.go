package probe

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

// FindOut returns what an odd port speaks, by its greeting in the clear or, if it is silent,
// inside TLS. Silent there too, it is taken for https. Where nothing can be told the endpoint is
// empty and the error says what was seen. addresses is as in account.Settings.
func (p *Prober) FindOut(ctx context.Context, host string, port int, addresses map[string]string) (account.Endpoint, error) {
	s := p.session(account.Settings{Endpoint: account.IMAPS, Host: host, Port: port, Mode: account.ImplicitTLS, Addresses: addresses})
	if err := s.connect(ctx); err != nil {
		return "", err
	}
	defer s.Close()
	defer context.AfterFunc(ctx, s.link.closer())()
	s.talk = newLines(s.link)
	line, err := s.briefly()
	if line != "" {
		return signed(line, account.StartTLS)
	}
	if !isTimeout(err) {
		return "", fmt.Errorf("nothing was said: %w", err)
	}
	if err := s.handshake(); err != nil {
		if len(s.obs.Raw) > 0 { // a greeting that took its time
			return signed(string(s.obs.Raw), account.StartTLS)
		}
		return "", fmt.Errorf("silent, and no tls: %w", err)
	}
	line, err = s.briefly()
	switch {
	case line != "":
		return signed(line, account.ImplicitTLS)
	case isTimeout(err):
		return account.Web, nil
	default:
		return "", fmt.Errorf("nothing was said inside tls: %w", err)
	}
}

// briefly waits a part of the step's time for a line: silence is an answer here.
func (s *Session) briefly() (string, error) {
	s.deadline(min(s.p.timeout()/2, time.Second))
	return s.talk.line()
}

// signed returns the endpoint that a greeting is typical of.
func signed(greeting string, mode account.Mode) (account.Endpoint, error) {
	var p account.Protocol
	switch {
	case begins(greeting, "* "):
		p = account.IMAP
	case pop3Verdict(greeting) != foreign:
		p = account.POP3
	case smtpVerdict(firstThree(greeting)) != foreign:
		p = account.Submission
	default:
		return "", errors.New("the greeting is of no mail protocol: " + fmt.Sprintf("%.60q", greeting))
	}
	e, _ := account.EndpointOf(p, mode)
	return e, nil
}

// firstThree leaves the code of an SMTP line that may have been cut anywhere.
func firstThree(line string) string {
	if len(line) > 4 {
		return line[:4]
	}
	return line
}
