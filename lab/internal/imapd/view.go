package imapd

import (
	"slices"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"github.com/mailtlslab/mailtlslab/lab/internal/mailbox"
)

// A view is the selected mailbox as its client knows it: a message's number is its place among the
// marks, until the client was told otherwise.
type view struct {
	folder   *mailbox.Folder
	readOnly bool
	state    mailbox.State     // the marks may be shared with the store and with other views
	stale    bool              // a message is gone, and the client was not told yet
	told     map[uint32]uint32 // by UID, the change of flags that the client knows already
}

// A picked is a message of a view.
type picked struct {
	number, uid uint32
}

// A numbers is a set of message numbers or UIDs in which "*" is the greatest one there is.
type numbers struct {
	contains func(uint32) bool
	low      uint32 // of the part up to *
	high     uint32
}

func (n numbers) has(x uint32) bool { return n.contains(x) || n.low != 0 && n.low <= x && x <= n.high }

// open takes the last range apart from the others when it ends with *, which is where the library
// sorts it to.
func (n *numbers) open(start, stop, greatest uint32) bool {
	if stop != 0 || greatest == 0 {
		return stop == 0
	}
	if start == 0 {
		start = greatest
	}
	n.low, n.high = min(start, greatest), max(start, greatest)
	return true
}

// pick returns the messages of a set, in their order.
func (s *session) pick(set imap.NumSet) []picked {
	s.mu.Lock()
	defer s.mu.Unlock()
	if imap.IsSearchRes(set) {
		set = s.saved
	}
	marks := s.view.state.Marks
	has := func(picked) bool { return false }
	switch set := set.(type) {
	case imap.SeqSet:
		n := numbers{contains: func(x uint32) bool { return set.Contains(x) }}
		if last := len(set) - 1; last >= 0 && n.open(set[last].Start, set[last].Stop, uint32(len(marks))) {
			set = set[:last]
		}
		has = func(p picked) bool { return n.has(p.number) }
	case imap.UIDSet:
		greatest := uint32(0)
		if len(marks) > 0 {
			greatest = marks[len(marks)-1].UID
		}
		n := numbers{contains: func(x uint32) bool { return set.Contains(imap.UID(x)) }}
		if last := len(set) - 1; last >= 0 && n.open(uint32(set[last].Start), uint32(set[last].Stop), greatest) {
			set = set[:last]
		}
		has = func(p picked) bool { return n.has(p.uid) }
	}
	var out []picked
	for i, m := range marks {
		if p := (picked{uint32(i + 1), m.UID}); has(p) {
			out = append(out, p)
		}
	}
	return out
}

func uids(list []picked) []uint32 {
	var out []uint32
	for _, p := range list {
		out = append(out, p.uid)
	}
	return out
}

// tell notes that the client knows these flags: it set them, or they are in an answer to it.
func (s *session) tell(list []mailbox.Flagged) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.view.told == nil {
		s.view.told = map[uint32]uint32{}
	}
	for _, f := range list {
		s.view.told[f.UID] = f.Change
	}
}

// An update is one thing that a client has to be told of its mailbox.
type update struct {
	expunge uint32 // the number of a message that is gone
	exists  uint32 // how many there are
	flags   picked // of which message the flags changed
}

// catchUp brings the view up to now, and returns what its client has to be told for that. Numbers
// only change where expunge allows it.
func (s *session) catchUp(expunge bool) []update {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.view
	if v == nil {
		return nil
	}
	now := s.store.State(v.folder)
	if now.Version == v.state.Version && !(v.stale && expunge) {
		v.told = nil
		return nil
	}
	var out []update
	var marks []mailbox.Mark // as the client will know them, when not all of now
	gone := uint32(0)
	v.stale = false
	rest := now.Marks
	for i, m := range v.state.Marks {
		number := uint32(i+1) - gone
		if len(rest) == 0 || rest[0].UID != m.UID {
			if expunge {
				out = append(out, update{expunge: number})
				gone++
				continue
			}
			v.stale = true
			marks = append(marks, m)
			continue
		}
		if known, ok := v.told[m.UID]; rest[0].Change != m.Change && !(ok && known == rest[0].Change) {
			out = append(out, update{flags: picked{number, m.UID}})
		}
		marks = append(marks, rest[0])
		rest = rest[1:]
	}
	if len(rest) > 0 {
		marks = append(marks, rest...)
		out = append(out, update{exists: uint32(len(marks))})
	}
	v.told = nil
	v.state = now
	if v.stale {
		v.state.Marks = marks
	}
	return slices.Clip(out)
}

// Poll tells the client what changed.
func (s *session) Poll(w *imapserver.UpdateWriter, expunge bool) error {
	for _, u := range s.catchUp(expunge) {
		var err error
		switch {
		case u.expunge != 0:
			err = w.WriteExpunge(u.expunge)
		case u.exists != 0:
			err = w.WriteNumMessages(u.exists)
		default:
			err = s.tellFlags(w, u.flags)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *session) tellFlags(w *imapserver.UpdateWriter, p picked) error {
	s.mu.Lock()
	v := s.view
	s.mu.Unlock()
	if v == nil {
		return nil
	}
	m, release, err := s.store.Open(v.folder, p.uid)
	if err != nil {
		return nil // it is gone since, which is told the next time
	}
	defer release()
	return w.WriteMessageFlags(p.number, imap.UID(p.uid), s.names(m.Flags))
}

// Idle tells what changes until stop.
func (s *session) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	for {
		changed := s.store.Changed() // before looking, so that nothing falls in between
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
