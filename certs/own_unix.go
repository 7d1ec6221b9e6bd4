//go:build unix

package certs

import (
	"io/fs"
	"os"
	"syscall"
)

// own reports whether a file belongs to the user who runs this.
func own(info fs.FileInfo) bool {
	stat, is := info.Sys().(*syscall.Stat_t)
	return !is || int(stat.Uid) == os.Geteuid()
}
