// Package mailbox keeps the mail of the lab's one user, for every protocol at once.
package mailbox

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"mime"
	"net/mail"
	"strings"
	"sync"
	"time"
)

// Bounds: a lab is no archive.
const (
	MaxMessages = 1000
	MaxSize     = 10 << 20 // bytes of one message
	maxTotal    = 256 << 20
)

// Errors of Deliver.
var (
	ErrFull   = errors.New("mailbox is full")
	ErrTooBig = errors.New("message is too big")
)

// Options say whose mailbox it is.
type Options struct {
	User     string
	Password string
	Address  string           // as in "user@lab.test"
	Now      func() time.Time // nil is the real time
}

// A Message is one delivered mail. Raw must not be changed.
type Message struct {
	UID  uint32
	Date time.Time // of delivery
	From string    // of the envelope
	To   []string
	Raw  []byte // RFC 5322, lines end in CRLF
}

// A Store is safe for concurrent use.
type Store struct {
	opts Options

	mu       sync.Mutex
	messages []Message
	total    int
	last     uint32
	hooks    []func(Message)
}

// New returns an empty store.
func New(opts Options) *Store {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Store{opts: opts}
}

// User returns the name to log in with.
func (s *Store) User() string { return s.opts.User }

// Password returns the password to log in with.
func (s *Store) Password() string { return s.opts.Password }

// Address returns the user's mail address.
func (s *Store) Address() string { return s.opts.Address }

// Login reports whether user and password are right. The address is accepted for the user, as
// many mail programs send it.
func (s *Store) Login(user, password string) bool {
	known := strings.EqualFold(user, s.opts.User) || strings.EqualFold(user, s.opts.Address)
	return subtle.ConstantTimeCompare([]byte(password), []byte(s.opts.Password)) == 1 && known
}

// Accepts reports whether mail to address is for the lab's own domain.
func (s *Store) Accepts(address string) bool {
	_, own, _ := strings.Cut(s.opts.Address, "@")
	at := strings.LastIndexByte(address, '@')
	return at > 0 && own != "" && strings.EqualFold(address[at+1:], own)
}

// Deliver appends a message. Whatever the line ends were, they are CRLF afterwards.
func (s *Store) Deliver(from string, to []string, data []byte) error {
	if len(data) > MaxSize {
		return ErrTooBig
	}
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	data = bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n"))
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.messages) >= MaxMessages || s.total+len(data) > maxTotal {
		return ErrFull
	}
	s.last++
	s.total += len(data)
	m := Message{UID: s.last, Date: s.opts.Now(), From: from, To: append([]string(nil), to...), Raw: data}
	s.messages = append(s.messages, m)
	for _, hook := range s.hooks {
		hook(m)
	}
	return nil
}

// OnDeliver calls f for every message there is and for each one to come, in their order and
// never twice at once. f must not call the store.
func (s *Store) OnDeliver(f func(Message)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.messages {
		f(m)
	}
	s.hooks = append(s.hooks, f)
}

// Messages returns what is there now, oldest first.
func (s *Store) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Message(nil), s.messages...)
}

// Remove deletes the messages with these UIDs. IMAP keeps its own copies, so that a POP3 client
// that empties the mailbox does not spoil a lesson about IMAP.
func (s *Store) Remove(uids map[uint32]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var kept []Message
	for _, m := range s.messages {
		if uids[m.UID] {
			s.total -= len(m.Raw)
			continue
		}
		kept = append(kept, m)
	}
	s.messages = kept
}

// Header returns a header field decoded (RFC 2047), or "" when there is none or the message
// cannot be read.
func (m Message) Header(name string) string {
	msg, err := mail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		return ""
	}
	value := msg.Header.Get(name)
	if decoded, err := new(mime.WordDecoder).DecodeHeader(value); err == nil {
		value = decoded
	}
	return value
}

// Subject returns the decoded subject.
func (m Message) Subject() string { return m.Header("Subject") }
