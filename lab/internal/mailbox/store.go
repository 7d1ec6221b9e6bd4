// Package mailbox keeps the mail of the lab's one user, for every protocol at once.
//
// What clients do is bounded: all folders together hold no more than MaxTotal bytes in MaxMessages
// messages, and a message that was removed counts until the last one who reads it is done. No lock
// is held while anybody reads or writes a connection.
package mailbox

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"io"
	"strings"
	"sync"
	"time"
)

// Bounds: a lab is no archive.
const (
	MaxMessages = 10_000           // in all folders
	MaxSize     = 10 << 20         // bytes of one message
	MaxTotal    = 64 << 20         // bytes of all messages
	maxIncoming = MaxTotal         // bytes of those that are just arriving
	chunk       = 32 << 10         // how much of a message is read at once
	Inbox       = "INBOX"          // where mail arrives
	tick        = time.Second / 10 // of UIDVALIDITY
)

// Errors of what brings messages.
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

// A Message is one mail. Raw must not be changed.
type Message struct {
	UID    uint32
	Date   time.Time // of delivery
	Flags  Flags
	Change uint32 // of the flags, as in Mark
	Raw    []byte // RFC 5322, lines end in CRLF
}

// A Store is safe for concurrent use.
type Store struct {
	opts Options

	mu       sync.Mutex
	folders  map[string]*Folder
	subs     map[string]bool // the folders subscribed to
	count    int             // of messages
	total    int             // bytes of messages
	incoming int             // bytes of those that are just arriving
	validity uint32          // the last UIDVALIDITY given out
	keywords []string        // by the bits of Flags behind the system's
	changed  chan struct{}   // closed and replaced at every change
}

// New returns a store with the usual folders, all empty.
func New(opts Options) *Store {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	s := &Store{opts: opts, folders: map[string]*Folder{}, subs: map[string]bool{}, changed: make(chan struct{})}
	for _, f := range []struct{ name, use string }{{Inbox, ""}, {"Drafts", `\Drafts`}, {"Sent", `\Sent`}, {"Trash", `\Trash`}} {
		s.createLocked(f.name, f.use)
		s.subs[f.name] = true
	}
	return s
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

// Deliver puts a message into INBOX. Whatever the line ends were, they are CRLF afterwards.
func (s *Store) Deliver(data []byte) error {
	if len(data) > MaxSize {
		return ErrTooBig
	}
	_, err := s.Append(Inbox, withCRLF(data), 0, time.Time{})
	return err
}

// withCRLF returns text with the line ends of mail. It is copied when it has to be, and then once.
func withCRLF(text []byte) []byte {
	missing := bytes.Count(text, []byte("\n")) - bytes.Count(text, []byte("\r\n"))
	if missing == 0 {
		return text
	}
	out := make([]byte, 0, len(text)+missing)
	for line := range bytes.Lines(text) {
		body, ended := bytes.CutSuffix(line, []byte("\n"))
		if out = append(out, body...); !ended {
			break
		}
		if !bytes.HasSuffix(body, []byte("\r")) {
			out = append(out, '\r')
		}
		out = append(out, '\n')
	}
	return out
}

// Append puts a message into a folder, byte for byte. A zero date is now.
func (s *Store) Append(folder string, raw []byte, flags Flags, date time.Time) (Placed, error) {
	if len(raw) > MaxSize {
		return Placed{}, ErrTooBig
	}
	if date.IsZero() {
		date = s.opts.Now()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.folderLocked(folder)
	if err != nil {
		return Placed{}, err
	}
	if !s.fitsLocked(1, len(raw)) {
		return Placed{}, ErrFull
	}
	m := s.putLocked(f, Message{Date: date, Flags: flags, Raw: raw})
	s.wakeLocked()
	return Placed{Validity: f.validity, To: []uint32{m.UID}}, nil
}

func (s *Store) fitsLocked(count, size int) bool {
	return s.count+count <= MaxMessages && s.total+size <= MaxTotal
}

// Receive reads a message to its end, of at most MaxSize bytes. All that are arriving at once are
// bounded too, so that nobody has to be trusted about a size. done is called when the message was
// put where it belongs.
func (s *Store) Receive(r io.Reader) (data []byte, done func(), err error) {
	reserved := 0
	done = func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.incoming -= reserved
		reserved = 0
	}
	var pieces [][]byte // joined at the end: growing would leave several times as much for the collector
	for {
		piece := make([]byte, chunk)
		n, err := fill(r, piece)
		switch {
		case n > 0 && reserved+n > MaxSize:
			err = ErrTooBig
		case n > 0 && !s.reserve(n):
			err = ErrFull
		default:
			reserved += n
			pieces = append(pieces, piece[:n])
		}
		switch err {
		case nil:
		case io.EOF:
			data = make([]byte, 0, reserved+len("\r\n"))
			for _, p := range pieces {
				data = append(data, p...)
			}
			return data, done, nil
		default:
			done()
			return nil, nil, err
		}
	}
}

// fill reads until p is full or r ends, in whatever way: io.ReadFull would hide a client that left.
func fill(r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = r.Read(p[n:])
		n += m
	}
	return n, err
}

func (s *Store) reserve(n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.incoming+n > maxIncoming {
		return false
	}
	s.incoming += n
	return true
}

// Changed returns a channel that the next change of anything closes.
func (s *Store) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

func (s *Store) wakeLocked() {
	close(s.changed)
	s.changed = make(chan struct{})
}
