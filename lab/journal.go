package lab

import (
	"context"
	"sync"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/internal/wire"
)

// An Entry is what one finished connection did. A password is never part of it, only whether
// one arrived and how.
type Entry struct {
	Scenario string           `json:"scenario"`
	Endpoint account.Endpoint `json:"endpoint"`
	// Stage is the last one reached: connected, greeted, starttls, hello, handshake, command, login.
	Stage string `json:"stage"`
	// Alert is the number of the alert that the client sent (RFC 8446 section 6), read from the
	// bytes on the wire, where the TLS library hides it.
	Alert *uint8 `json:"alert"`
	SNI   string `json:"sni"`
	// Versions are the TLS versions offered, as crypto/tls numbers.
	Versions []uint16 `json:"versions,omitempty"`
	// Password says whether one arrived: none, tls (encrypted) or clear.
	Password string `json:"password"`
	Commands int    `json:"commands"`
	LoggedIn bool   `json:"loggedIn"`
	Client   string `json:"client"`          // address and port
	Error    string `json:"error,omitempty"` // why the handshake failed, in the library's words
}

func entry(scenario string, e account.Endpoint, r wire.Record) Entry {
	return Entry{
		Scenario: scenario, Endpoint: e, Stage: string(r.Stage), Alert: r.Alert, SNI: r.SNI, Versions: r.Versions,
		Password: r.Password, Commands: r.Commands, LoggedIn: r.LoggedIn, Client: r.Remote, Error: r.HandshakeError,
	}
}

// maxEntries bounds a journal; the oldest entries go first.
const maxEntries = 10_000

// A Journal holds what the finished connections of one server did.
type Journal struct {
	mu      sync.Mutex
	entries []Entry
	changed chan struct{} // closed and replaced at every entry
}

func newJournal() *Journal { return &Journal{changed: make(chan struct{})} }

func (j *Journal) add(e Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.entries) == maxEntries {
		j.entries = append(j.entries[:0], j.entries[1:]...)
	}
	j.entries = append(j.entries, e)
	close(j.changed)
	j.changed = make(chan struct{})
}

// Entries returns what has been written so far, in the order in which connections ended.
func (j *Journal) Entries() []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]Entry(nil), j.entries...)
}

// Wait returns the first entry that fits, waiting for it until ctx ends.
func (j *Journal) Wait(ctx context.Context, fits func(Entry) bool) (Entry, error) {
	for {
		j.mu.Lock()
		changed := j.changed
		entries := j.entries
		j.mu.Unlock()
		for _, e := range entries {
			if fits(e) {
				return e, nil
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Entry{}, ctx.Err()
		}
	}
}
