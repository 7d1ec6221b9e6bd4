//go:build unix

package capture

import (
	"syscall"
	"time"
)

// computed returns how much time this process has computed for.
func computed() time.Duration {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil {
		return time.Duration(time.Now().UnixNano()) // as elsewhere: whatever passes
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
