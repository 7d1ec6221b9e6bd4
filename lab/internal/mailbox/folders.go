package mailbox

import (
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of folders.
const (
	MaxFolders = 100
	maxName    = 255 // bytes
	maxDepth   = 10
)

// Delimiter is between the names of a folder and of one inside it.
const Delimiter = '/'

// Errors of what is done to folders.
var (
	ErrNoFolder    = errors.New("no such mailbox")
	ErrExists      = errors.New("mailbox already exists")
	ErrFolderName  = errors.New("this is no name for a mailbox")
	ErrManyFolders = errors.New("there are too many mailboxes")
	ErrInbox       = errors.New("INBOX can neither be deleted nor renamed")
	ErrChildren    = errors.New("there are mailboxes inside it")
)

// canonical returns a name as it is kept: INBOX may be written in any case.
func canonical(name string) string {
	first, rest, inside := strings.Cut(name, string(Delimiter))
	if !strings.EqualFold(first, Inbox) {
		return name
	}
	if !inside {
		return Inbox
	}
	return Inbox + string(Delimiter) + rest
}

func checkName(name string) error {
	levels := strings.Split(name, string(Delimiter))
	if len(name) > maxName || len(levels) > maxDepth || !utf8.ValidString(name) || slices.Contains(levels, "") ||
		strings.ContainsAny(name, "*%") || strings.ContainsFunc(name, unicode.IsControl) {
		return ErrFolderName
	}
	return nil
}

func (s *Store) folderLocked(name string) (*Folder, error) {
	if f, ok := s.folders[canonical(name)]; ok {
		return f, nil
	}
	return nil, ErrNoFolder
}

func (s *Store) createLocked(name, use string) {
	s.folders[name] = &Folder{name: name, use: use, validity: s.nextValidity(), next: 1}
}

// Folder returns a folder by its name.
func (s *Store) Folder(name string) (*Folder, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.folderLocked(name)
}

// Inbox returns the folder in which mail arrives.
func (s *Store) Inbox() *Folder {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.folders[Inbox]
}

// missingLocked returns the folders that are to be made so that name is there.
func (s *Store) missingLocked(name string) ([]string, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	if s.folders[name] != nil {
		return nil, ErrExists
	}
	var missing []string
	for i, r := range name + string(Delimiter) {
		if r == Delimiter && s.folders[name[:i]] == nil {
			missing = append(missing, name[:i])
		}
	}
	if len(s.folders)+len(missing) > MaxFolders {
		return nil, ErrManyFolders
	}
	return missing, nil
}

// Create makes a folder, and those it is to be in. use is a special use of RFC 6154, or empty.
func (s *Store) Create(name, use string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	name = canonical(strings.TrimSuffix(name, string(Delimiter)))
	missing, err := s.missingLocked(name)
	if err != nil {
		return err
	}
	for _, m := range missing {
		s.createLocked(m, "")
	}
	s.folders[name].use = use
	s.wakeLocked()
	return nil
}

// Delete removes a folder with what is in it.
func (s *Store) Delete(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.folderLocked(name)
	switch {
	case err != nil:
		return err
	case f.name == Inbox:
		return ErrInbox
	case len(s.insideLocked(f.name)) > 0:
		return ErrChildren
	}
	s.removeLocked(f, func(*stored) bool { return true })
	delete(s.folders, f.name)
	s.wakeLocked()
	return nil
}

// insideLocked returns the folders inside the one with this name.
func (s *Store) insideLocked(name string) (out []*Folder) {
	for other, f := range s.folders {
		if strings.HasPrefix(other, name+string(Delimiter)) {
			out = append(out, f)
		}
	}
	return out
}

// Rename gives a folder another name, and with it those inside.
func (s *Store) Rename(from, to string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.folderLocked(from)
	if err != nil {
		return err
	}
	if f.name == Inbox {
		return ErrInbox
	}
	old := f.name
	to = canonical(strings.TrimSuffix(to, string(Delimiter)))
	missing, err := s.missingLocked(to)
	if err != nil {
		return err
	}
	moved := append(s.insideLocked(old), f)
	for _, m := range moved {
		if err := checkName(to + strings.TrimPrefix(m.name, old)); err != nil || strings.HasPrefix(to, old+string(Delimiter)) {
			return ErrFolderName
		}
	}
	for _, m := range missing[:len(missing)-1] {
		s.createLocked(m, "")
	}
	for _, m := range moved {
		delete(s.folders, m.name)
		subscribed := s.subs[m.name]
		delete(s.subs, m.name)
		m.name = to + strings.TrimPrefix(m.name, old)
		s.folders[m.name] = m
		if subscribed {
			s.subs[m.name] = true
		}
	}
	s.wakeLocked()
	return nil
}

// Subscribe notes or forgets that the client wants to see a folder.
func (s *Store) Subscribe(name string, want bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	name = canonical(name)
	if !want {
		delete(s.subs, name)
		return nil
	}
	if _, err := s.folderLocked(name); err != nil {
		return err
	}
	s.subs[name] = true
	return nil
}

// An Info is what is said of a folder.
type Info struct {
	Name        string
	Use         string // of RFC 6154, or empty
	Subscribed  bool
	Children    bool // there are folders inside
	Validity    uint32
	Next        uint32 // UIDNEXT
	Messages    int
	Unseen      int
	FirstUnseen int // its place, from 1; 0 when all are seen
	Deleted     int
	Size        int64
}

// Info returns what there is to say of f.
func (s *Store) Info(f *Folder) Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.infoLocked(f)
}

// Infos returns what there is to say of all folders, INBOX first and then by their names.
func (s *Store) Infos() []Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Info
	for _, f := range s.folders {
		out = append(out, s.infoLocked(f))
	}
	slices.SortFunc(out, func(a, b Info) int {
		if first := a.Name == Inbox; first != (b.Name == Inbox) {
			if first {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}

func (s *Store) infoLocked(f *Folder) Info {
	i := Info{
		Name: f.name, Use: f.use, Subscribed: s.subs[f.name], Children: len(s.insideLocked(f.name)) > 0,
		Validity: f.validity, Next: f.next, Messages: len(f.messages),
	}
	for at, m := range f.messages {
		i.Size += int64(len(m.Raw))
		if m.Flags&Deleted != 0 {
			i.Deleted++
		}
		if m.Flags&Seen == 0 {
			i.Unseen++
			if i.FirstUnseen == 0 {
				i.FirstUnseen = at + 1
			}
		}
	}
	return i
}
