package lab

import "time"

// SetPatience has Close wait less long.
func (l *Lab) SetPatience(d time.Duration) { l.patience = d }

// ForgetEvents empties the journal, which else grows until it is full.
func (j *Journal) ForgetEvents() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.dropped += len(j.events)
	j.events = nil
}
