package checkup

import (
	"context"
	"sync"
)

// A ledger counts the bytes of lines that were read and are not judged yet.
type ledger struct {
	most  int
	freed chan struct{} // of one place: somebody gave back

	mu   sync.Mutex
	held int
}

// take waits until n bytes more are within the bound, or nothing else is held. Only one goroutine
// may take at a time. It returns false where ctx ends first.
func (l *ledger) take(ctx context.Context, n int) bool {
	for !l.taken(n) {
		select {
		case <-l.freed:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

func (l *ledger) taken(n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held > 0 && l.held+n > l.most {
		return false
	}
	l.held += n
	return true
}

func (l *ledger) give(n int) {
	l.mu.Lock()
	l.held -= n
	l.mu.Unlock()
	select {
	case l.freed <- struct{}{}:
	default: // told already
	}
}
