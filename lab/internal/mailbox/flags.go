package mailbox

import (
	"errors"
	"slices"
	"strings"
)

// Flags are those of one message, as a set of bits: the system's, then keywords in the order in
// which the store met them.
type Flags uint64

// The system's flags: RFC 9051 section 2.3.2.
const (
	Seen Flags = 1 << iota
	Answered
	Starred
	Deleted
	Draft
)

const (
	systemFlags = 5
	maxKeywords = 50
	maxKeyword  = 64 // bytes
)

// SystemFlags are the names of the system's flags, in the order of their bits.
func SystemFlags() []string { return []string{`\Seen`, `\Answered`, `\Flagged`, `\Deleted`, `\Draft`} }

// ErrKeywords is what is said of one keyword too many, or of one that is too long.
var ErrKeywords = errors.New("there are too many keywords, or one is too long")

// Flags returns the bits of flags by their names, whatever their case; a keyword is entered when it
// is new. Flags of the system that nobody can set, such as \Recent, are left out.
func (s *Store) Flags(names []string) (Flags, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out Flags
	for _, name := range names {
		if strings.HasPrefix(name, `\`) {
			if i := indexFold(SystemFlags(), name); i >= 0 {
				out |= 1 << i
			}
			continue
		}
		i := indexFold(s.keywords, name)
		if i < 0 {
			if len(s.keywords) == maxKeywords || len(name) > maxKeyword {
				return 0, ErrKeywords
			}
			i = len(s.keywords)
			s.keywords = append(s.keywords, name)
		}
		out |= 1 << (systemFlags + i)
	}
	return out, nil
}

// Known returns the bit of one flag, 0 when no message can have it.
func (s *Store) Known(name string) Flags {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := indexFold(SystemFlags(), name); i >= 0 {
		return 1 << i
	}
	if i := indexFold(s.keywords, name); i >= 0 {
		return 1 << (systemFlags + i)
	}
	return 0
}

// Names returns the flags by their names, those of the system first.
func (s *Store) Names(f Flags) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for i, name := range slices.Concat(SystemFlags(), s.keywords) {
		if f&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return out
}

// AllFlags are every flag that a message may have now.
const AllFlags = ^Flags(0)

func indexFold(names []string, name string) int {
	return slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}
