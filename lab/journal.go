package lab

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"sync"
)

// maxEvents bounds a journal: the oldest go first, many at a time. Each connection is two events.
const (
	maxEvents  = 22_000
	keptEvents = 20_000
)

// A Journal holds what clients did to one server. It is safe for concurrent use.
type Journal struct {
	mu      sync.Mutex
	events  []Entry
	dropped int                  // how many events came before the first of events
	last    int                  // the highest ID given out
	open    map[int]func() Entry // the connections under way, as they are now
	closed  bool                 // no event will come any more
	changed chan struct{}        // closed and replaced at every event
}

func newJournal() *Journal {
	return &Journal{open: map[int]func() Entry{}, changed: make(chan struct{})}
}

// begin takes up a connection, of which now tells at any time how far it is, and returns its number.
func (j *Journal) begin(now func(id int) Entry) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last++
	id := j.last
	live := func() Entry { return now(id) }
	j.open[id] = live
	j.add(live())
	return id
}

func (j *Journal) end(e Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.open, e.ID)
	j.add(e)
}

// add is called with the lock held.
func (j *Journal) add(e Entry) {
	if len(j.events) == maxEvents {
		n := len(j.events) - keptEvents
		j.events = append(j.events[:0], j.events[n:]...)
		j.dropped += n
	}
	j.events = append(j.events, e)
	j.wake()
}

func (j *Journal) wake() {
	close(j.changed)
	j.changed = make(chan struct{})
}

// close ends every subscription once it has had what there is.
func (j *Journal) close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.closed = true
	j.wake()
}

// Entries returns the connections that have ended, in the order in which they did; of very many
// the last ones.
func (j *Journal) Entries() []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []Entry
	for _, e := range j.events {
		if !e.Open {
			out = append(out, e)
		}
	}
	return out
}

// Open returns the connections that have not ended, as they are now, in the order of their numbers.
func (j *Journal) Open() []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []Entry
	for _, live := range j.open {
		out = append(out, live())
	}
	slices.SortFunc(out, func(a, b Entry) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// Wait returns the first connection that has ended and fits, waiting for it until ctx ends. When
// the server is closed before, the error is ErrClosed.
func (j *Journal) Wait(ctx context.Context, fits func(Entry) bool) (Entry, error) {
	j.mu.Lock()
	past, next := slices.Clone(j.events), j.dropped+len(j.events)
	j.mu.Unlock()
	for _, e := range past {
		if !e.Open && fits(e) {
			return e, nil
		}
	}
	for e := range j.from(ctx, next) {
		if !e.Open && fits(e) {
			return e, nil
		}
	}
	if err := ctx.Err(); err != nil {
		return Entry{}, err
	}
	return Entry{}, ErrClosed
}

// Subscribe returns what happens from now on, until ctx ends or the server is closed. Each
// connection comes twice: when it is accepted, with Open set, and when it has ended. Nothing is
// lost between the call and the loop. A loop that falls more than some thousand connections behind
// misses the oldest.
//
//	for e := range srv.Journal().Subscribe(ctx) {
//		if !e.Open {
//			log.Printf("connection %d ended at %s", e.ID, e.Stage)
//		}
//	}
func (j *Journal) Subscribe(ctx context.Context) iter.Seq[Entry] {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.from(ctx, j.dropped+len(j.events))
}

// from yields the events from the one with a number on, those that are still there.
func (j *Journal) from(ctx context.Context, next int) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for {
			j.mu.Lock()
			next = max(next, j.dropped)
			fresh := slices.Clone(j.events[next-j.dropped:])
			next += len(fresh)
			changed, closed := j.changed, j.closed
			j.mu.Unlock()
			for _, e := range fresh {
				if ctx.Err() != nil || !yield(e) {
					return
				}
			}
			switch {
			case len(fresh) > 0:
				continue
			case closed:
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}
}
