//go:build unix

package file

import (
	"io/fs"
	"os"
	"syscall"
)

// ofMine reports whether a file belongs to the user who runs this, or to the machine.
func ofMine(info fs.FileInfo) bool {
	stat, is := info.Sys().(*syscall.Stat_t)
	return !is || stat.Uid == 0 || int(stat.Uid) == os.Geteuid()
}
