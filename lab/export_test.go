package lab

import "time"

// SetPatience has Close wait less long.
func (l *Lab) SetPatience(d time.Duration) { l.patience = d }
