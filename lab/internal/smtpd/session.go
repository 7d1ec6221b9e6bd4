package smtpd

import (
	"bytes"
	"errors"
	"io"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/mailtlslab/mailtlslab/lab/internal/mailbox"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire"
)

// A session is one client between two greetings.
type session struct {
	store    *mailbox.Store
	conn     *wire.Conn
	secure   bool
	loggedIn bool
}

var _ smtp.AuthSession = (*session)(nil)

func (s *Server) newSession(c *smtp.Conn) (smtp.Session, error) {
	return &session{store: s.store, conn: wire.Find(c.Conn()), secure: wire.IsTLS(c.Conn())}, nil
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain, sasl.Login} }

func (s *session) Auth(mech string) (sasl.Server, error) {
	switch mech {
	case sasl.Plain:
		return sasl.NewPlainServer(func(identity, user, password string) error {
			if identity != "" && identity != user {
				return smtp.ErrAuthFailed
			}
			return s.login(user, password)
		}), nil
	case sasl.Login:
		return &loginServer{login: s.login}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

func (s *session) login(user, password string) error {
	s.loggedIn = s.store.Login(user, password)
	s.conn.NoteLogin(s.loggedIn)
	if !s.loggedIn {
		return smtp.ErrAuthFailed
	}
	return nil
}

func (s *session) Mail(_ string, _ *smtp.MailOptions) error {
	switch {
	case !s.secure && !s.conn.ClearLogins(): // RFC 3207 section 4
		return refuse(530, smtp.EnhancedCode{5, 7, 0}, "Must issue a STARTTLS command first")
	case !s.loggedIn: // RFC 4954 section 6
		return refuse(530, smtp.EnhancedCode{5, 7, 0}, "Authentication required")
	}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if !s.store.Accepts(to) {
		return refuse(550, smtp.EnhancedCode{5, 7, 1}, "This lab delivers to its own domain only")
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	data, done, err := s.store.Receive(r)
	if err == nil {
		defer done()
		if !bytes.HasSuffix(data, []byte("\n")) {
			data = append(data, "\r\n"...)
		}
		err = s.store.Deliver(data)
	}
	switch {
	case errors.Is(err, mailbox.ErrTooBig):
		return refuse(552, smtp.EnhancedCode{5, 3, 4}, "Message is too big")
	case errors.Is(err, mailbox.ErrFull):
		return refuse(452, smtp.EnhancedCode{4, 2, 2}, "Mailbox is full")
	}
	return err
}

// Reset forgets a message begun: nothing of its envelope was kept.
func (s *session) Reset() {}

func (s *session) Logout() error { return nil }

func refuse(code int, enhanced smtp.EnhancedCode, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: text}
}

// loginServer is AUTH LOGIN, never standardised and still what some mail programs try first.
type loginServer struct {
	login func(user, password string) error
	user  *string
	asked bool
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case response == nil && !l.asked:
		l.asked = true
		return []byte("Username:"), false, nil
	case l.user == nil:
		user := string(response)
		l.user, l.asked = &user, true
		return []byte("Password:"), false, nil
	}
	return nil, true, l.login(*l.user, string(response))
}
