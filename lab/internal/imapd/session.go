package imapd

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-sasl"

	"github.com/mailtlslab/mailtlslab/lab/internal/mailbox"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire"
)

// A session is one client. The library calls it from one goroutine, but for Idle, whose goroutine
// may outlive its command when the client leaves.
type session struct {
	store *mailbox.Store
	conn  *wire.Conn
	// readers has room for those who search in the text of messages at once: each needs memory.
	readers chan struct{}

	mu    sync.Mutex
	view  *view       // of the selected mailbox; nil without one
	saved imap.UIDSet // what the last search with SAVE found: RFC 5182
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
	return &session{store: s.store, conn: conn, readers: s.readers}, greeting, nil
}

// Close has nothing to give back: what a session holds is its own.
func (s *session) Close() error { return nil }

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
		return nil, no("", "Mechanism not supported")
	}
	return &plain{login: s.Login}, nil
}

// AppendLimit is the size of the biggest message, in bytes.
func (s *session) AppendLimit() uint32 { return mailbox.MaxSize }

func (s *session) Append(name string, r imap.LiteralReader, options *imap.AppendOptions) (*imap.AppendData, error) {
	if _, err := s.store.Folder(name); err != nil {
		return nil, no(imap.ResponseCodeTryCreate, "No such mailbox")
	}
	flags, err := s.flags(options.Flags)
	if err != nil {
		return nil, err
	}
	raw, done, err := s.store.Receive(r)
	if err != nil {
		return nil, refusal(err)
	}
	defer done()
	if int64(len(raw)) < r.Size() {
		return nil, io.ErrUnexpectedEOF
	}
	placed, err := s.store.Append(name, raw, flags, options.Time)
	if err != nil {
		return nil, refusal(err)
	}
	return &imap.AppendData{UID: imap.UID(placed.To[0]), UIDValidity: placed.Validity}, nil
}

// flags returns flags as bits; a keyword too many is refused.
func (s *session) flags(list []imap.Flag) (mailbox.Flags, error) {
	var names []string
	for _, f := range list {
		names = append(names, string(f))
	}
	flags, err := s.store.Flags(names)
	if err != nil {
		return 0, refusal(err)
	}
	return flags, nil
}

func (s *session) names(flags mailbox.Flags) []imap.Flag {
	var out []imap.Flag
	for _, name := range s.store.Names(flags) {
		out = append(out, imap.Flag(name))
	}
	return out
}

// ended reports that the listener is closing, so that work without any writing has to stop.
func (s *session) ended() bool {
	select {
	case <-s.conn.Closing():
		return true
	default:
		return false
	}
}

func no(code imap.ResponseCode, text string) error {
	return &imap.Error{Type: imap.StatusResponseTypeNo, Code: code, Text: text}
}

var errEnded = errors.New("the server is closing")

// refusal says an error of the store as IMAP does.
func refusal(err error) error {
	codes := map[error]imap.ResponseCode{
		mailbox.ErrFull: imap.ResponseCodeOverQuota, mailbox.ErrTooBig: imap.ResponseCodeTooBig,
		mailbox.ErrNoFolder: imap.ResponseCodeNonExistent, mailbox.ErrExists: imap.ResponseCodeAlreadyExists,
		mailbox.ErrFolderName: imap.ResponseCodeCannot, mailbox.ErrManyFolders: imap.ResponseCodeLimit,
		mailbox.ErrInbox: imap.ResponseCodeCannot, mailbox.ErrChildren: imap.ResponseCodeHasChildren,
		mailbox.ErrKeywords: imap.ResponseCodeLimit,
	}
	for of, code := range codes {
		if errors.Is(err, of) {
			text := of.Error()
			return no(code, strings.ToUpper(text[:1])+text[1:])
		}
	}
	return err
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
