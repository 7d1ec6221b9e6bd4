package imapd

import (
	"bytes"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-sasl"

	"github.com/mailtlslab/mailtlslab/lab/internal/mailbox"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire"
)

// A session is the library's memory session with a login of ours.
type session struct {
	*imapmemserver.UserSession
	store *mailbox.Store
	bell  *bell
	conn  *wire.Conn
}

var (
	_ imapserver.SessionIMAP4rev2   = (*session)(nil)
	_ imapserver.SessionSASL        = (*session)(nil)
	_ imapserver.SessionAppendLimit = (*session)(nil)
)

func (s *Server) newSession(c *imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
	conn := wire.Find(c.NetConn())
	// Inside TLS the library's greeting is not seen after STARTTLS, and a session that is let in
	// there has proved who it is: the lab has no such clients.
	greeting := &imapserver.GreetingData{PreAuth: conn.Preauth() && !wire.IsTLS(c.NetConn())}
	return &session{
		UserSession: imapmemserver.NewUserSession(s.user),
		store:       s.store,
		bell:        &s.bell,
		conn:        conn,
	}, greeting, nil
}

func (s *session) Login(user, password string) error {
	ok := s.store.Login(user, password)
	s.conn.NoteLogin(ok)
	if !ok {
		return imapserver.ErrAuthFailed
	}
	return nil
}

func (s *session) AuthenticateMechanisms() []string { return []string{"PLAIN"} }

func (s *session) Authenticate(mech string) (sasl.Server, error) {
	if mech != "PLAIN" {
		return nil, &imap.Error{Type: imap.StatusResponseTypeNo, Text: "Mechanism not supported"}
	}
	return &plain{login: s.Login}, nil
}

// AppendLimit is the size of the biggest message, in bytes.
func (s *session) AppendLimit() uint32 { return mailbox.MaxSize }

// Delete and Rename spare INBOX, into which mail must go on arriving.

func (s *session) Delete(name string) error {
	if strings.EqualFold(name, "INBOX") {
		return &imap.Error{Type: imap.StatusResponseTypeNo, Text: "INBOX cannot be deleted"}
	}
	return s.UserSession.Delete(name)
}

func (s *session) Rename(from, to string, options *imap.RenameOptions) error {
	if strings.EqualFold(from, "INBOX") {
		return &imap.Error{Type: imap.StatusResponseTypeNo, Text: "INBOX cannot be renamed"}
	}
	return s.UserSession.Rename(from, to, options)
}

// plain is PLAIN (RFC 4616). The library's own sends "+ =" for an empty challenge, which
// c-client programs do not understand; a nil challenge is sent as "+ ".
type plain struct {
	login func(user, password string) error
	asked bool
}

func (p *plain) Next(response []byte) (challenge []byte, done bool, err error) {
	if response == nil && !p.asked {
		p.asked = true
		return nil, false, nil
	}
	parts := bytes.Split(response, []byte{0})
	if len(parts) != 3 || len(parts[0]) > 0 && !bytes.Equal(parts[0], parts[1]) {
		return nil, false, imapserver.ErrAuthFailed
	}
	return nil, true, p.login(string(parts[1]), string(parts[2]))
}
