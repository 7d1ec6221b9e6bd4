package lab

import (
	"context"
	"testing"
)

// TestJournalIsBounded: of very many connections the last ones are there, and a subscriber that has
// fallen behind goes on with the oldest that is.
func TestJournalIsBounded(t *testing.T) {
	j := newJournal()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	events := j.Subscribe(ctx)
	const all = 2 * maxEvents
	for i := range all {
		j.mu.Lock()
		j.add(Entry{ID: i + 1})
		j.mu.Unlock()
	}
	entries := j.Entries()
	if len(entries) < keptEvents || len(entries) > maxEvents || entries[len(entries)-1].ID != all {
		t.Fatalf("%d entries, the last of them %d; want at most %d, up to %d", len(entries), entries[len(entries)-1].ID, maxEvents, all)
	}
	next := entries[0].ID
	for e := range events {
		if e.ID != next {
			t.Fatalf("the subscriber was told of %d, want %d", e.ID, next)
		}
		if next++; e.ID == all {
			break
		}
	}
}
