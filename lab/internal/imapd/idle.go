package imapd

import (
	"sync"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
)

// A bell wakes idling sessions when anything in the mailboxes may have changed.
type bell struct {
	mu   sync.Mutex
	next chan struct{}
}

// wait returns a channel that the next ring closes.
func (b *bell) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == nil {
		b.next = make(chan struct{})
	}
	return b.next
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next != nil {
		close(b.next)
		b.next = nil
	}
}

// Idle tells what changes until stop. The library's own loses what arrives between its "+" and
// its first wait, and returns at once when no mailbox is selected.
func (s *session) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	for {
		changed := s.bell.wait() // before looking, so that nothing falls in between
		if err := s.Poll(w, true); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-stop:
			return nil
		}
	}
}

// What follows is the memory session's, and rings.

func (s *session) Append(name string, r imap.LiteralReader, options *imap.AppendOptions) (*imap.AppendData, error) {
	defer s.bell.ring()
	return s.UserSession.Append(name, r, options)
}

func (s *session) Expunge(w *imapserver.ExpungeWriter, uids *imap.UIDSet) error {
	defer s.bell.ring()
	return s.UserSession.Expunge(w, uids)
}

func (s *session) Store(w *imapserver.FetchWriter, set imap.NumSet, flags *imap.StoreFlags, options *imap.StoreOptions) error {
	defer s.bell.ring()
	return s.UserSession.Store(w, set, flags, options)
}

func (s *session) Copy(set imap.NumSet, dest string) (*imap.CopyData, error) {
	defer s.bell.ring()
	return s.UserSession.Copy(set, dest)
}

func (s *session) Move(w *imapserver.MoveWriter, set imap.NumSet, dest string) error {
	defer s.bell.ring()
	return s.UserSession.Move(w, set, dest)
}
