package mailbox

import (
	"errors"
	"slices"
	"time"
)

// A Folder is a place for messages. It is known by its pointer: another one may have its name later.
// What is in it belongs to the lock of its store.
type Folder struct {
	name     string
	use      string // of RFC 6154, such as \Sent
	validity uint32
	next     uint32 // UIDNEXT
	version  uint64 // changes with anything in it
	messages []*stored
	marks    []Mark // of messages; shared with clients, so never changed but by appending
	sizes    []Size // the same
}

// A stored message is in a folder, or was removed while somebody read it.
type stored struct {
	Message
	readers int
	gone    bool
}

// A Mark is what a client knows of a message: that it is there, and the state of its flags.
type Mark struct {
	UID    uint32
	Change uint32 // grows when the flags change
}

// A State is what is in a folder at one moment. It must not be changed.
type State struct {
	Version uint64
	Marks   []Mark
}

// A Placed says which messages went where. From and To go together.
type Placed struct {
	Validity uint32 // of the folder they went to
	From, To []uint32
}

// ErrGone is what is said of a message or a folder that was removed.
var ErrGone = errors.New("it was removed")

// putLocked adds a message that fits, with the next UID.
func (s *Store) putLocked(f *Folder, m Message) *stored {
	m.UID = f.next
	f.next++
	m.Change = 0
	one := &stored{Message: m}
	f.messages = append(f.messages, one)
	f.marks = append(f.marks, Mark{UID: m.UID})
	f.sizes = append(f.sizes, Size{m.UID, len(m.Raw)})
	f.version++
	s.count++
	s.total += len(m.Raw)
	return one
}

// removeLocked takes out the messages that fit, and returns their UIDs.
func (s *Store) removeLocked(f *Folder, fits func(*stored) bool) (gone []uint32) {
	var kept []*stored
	var marks []Mark
	var sizes []Size
	for i, m := range f.messages {
		if !fits(m) {
			kept, marks, sizes = append(kept, m), append(marks, f.marks[i]), append(sizes, f.sizes[i])
			continue
		}
		gone = append(gone, m.UID)
		m.gone = true
		s.forgetLocked(m)
	}
	if len(gone) > 0 {
		f.messages, f.marks, f.sizes = kept, marks, sizes
		f.version++
	}
	return gone
}

// forgetLocked stops counting a message that is gone, once nobody reads it.
func (s *Store) forgetLocked(m *stored) {
	if m.gone && m.readers == 0 {
		s.count--
		s.total -= len(m.Raw)
	}
}

// find returns where a message is.
func (f *Folder) find(uid uint32) (int, bool) {
	return slices.BinarySearchFunc(f.messages, uid, func(m *stored, uid uint32) int { return int(int64(m.UID) - int64(uid)) })
}

// State returns what is in f now.
func (s *Store) State(f *Folder) State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return State{f.version, f.marks}
}

// Open returns a message to read. It counts as being there until release is called. The error is
// ErrGone.
func (s *Store) Open(f *Folder, uid uint32) (m Message, release func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := f.find(uid)
	if !ok {
		return Message{}, nil, ErrGone
	}
	one := f.messages[i]
	one.readers++
	return one.Message, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		one.readers--
		s.forgetLocked(one)
	}, nil
}

// A Size is that of one message.
type Size struct {
	UID   uint32
	Bytes int
}

// Sizes returns the messages of f without what is in them, oldest first; it must not be changed.
func (s *Store) Sizes(f *Folder) []Size {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f.sizes[:len(f.sizes):len(f.sizes)]
}

// Remove deletes the messages of f that fit, and returns their UIDs.
func (s *Store) Remove(f *Folder, fits func(uid uint32, flags Flags) bool) []uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	gone := s.removeLocked(f, func(m *stored) bool { return fits(m.UID, m.Flags) })
	if len(gone) > 0 {
		s.wakeLocked()
	}
	return gone
}

// Copy puts the messages with these UIDs, in ascending order, into another folder too: all of them or, when
// they do not fit, none.
func (s *Store) Copy(f *Folder, uids []uint32, dest string) (Placed, error) {
	return s.carry(f, uids, dest, false)
}

// Move is Copy, and takes them out of f.
func (s *Store) Move(f *Folder, uids []uint32, dest string) (Placed, error) {
	return s.carry(f, uids, dest, true)
}

func (s *Store) carry(f *Folder, uids []uint32, dest string, move bool) (Placed, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	to, err := s.folderLocked(dest)
	if err != nil {
		return Placed{}, err
	}
	var found []Message
	size := 0
	for _, uid := range uids {
		if i, ok := f.find(uid); ok {
			found = append(found, f.messages[i].Message)
			size += len(f.messages[i].Raw)
		}
	}
	placed := Placed{Validity: to.validity}
	if move {
		leaving := map[uint32]bool{}
		for _, m := range found {
			leaving[m.UID] = true
		}
		s.removeLocked(f, func(m *stored) bool { return leaving[m.UID] })
	} else if !s.fitsLocked(len(found), size) {
		return Placed{}, ErrFull
	}
	for _, m := range found {
		placed.From = append(placed.From, m.UID)
		placed.To = append(placed.To, s.putLocked(to, m).UID)
	}
	if len(found) > 0 {
		s.wakeLocked()
	}
	return placed, nil
}

// A Flagged is a message whose flags are these now.
type Flagged struct {
	UID    uint32
	Flags  Flags
	Change uint32
}

// SetFlags changes the flags of the messages with these UIDs, and returns those that are there.
func (s *Store) SetFlags(f *Folder, uids []uint32, change func(Flags) Flags) []Flagged {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Flagged
	marks := f.marks
	for _, uid := range uids {
		i, ok := f.find(uid)
		if !ok {
			continue
		}
		m := f.messages[i]
		if now := change(m.Flags); now != m.Flags {
			if &marks[0] == &f.marks[0] {
				marks = slices.Clone(marks)
			}
			m.Flags = now
			m.Change++
			marks[i].Change = m.Change
		}
		out = append(out, Flagged{uid, m.Flags, m.Change})
	}
	if len(marks) > 0 && &marks[0] != &f.marks[0] {
		f.marks = marks
		f.version++
		s.wakeLocked()
	}
	return out
}

// nextValidity returns a UIDVALIDITY that was never given out: it is the time, so that the next start of the
// lab has a greater one.
func (s *Store) nextValidity() uint32 {
	first := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	s.validity = max(s.validity+1, uint32(s.opts.Now().Sub(first)/tick))
	return s.validity
}
