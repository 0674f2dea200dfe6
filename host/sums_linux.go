package host

import (
	"io/fs"
	"syscall"
)

// entry is what the file looks like now. It is of no use where the kernel does not tell its
// boot_id.
func (c *Sums) entry(info fs.FileInfo) (sumEntry, bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || c.boot == "" {
		return sumEntry{}, false
	}
	return sumEntry{
		Size: stat.Size, Mtime: stat.Mtim.Nano(), Ctime: stat.Ctim.Nano(), Inode: stat.Ino, Boot: c.boot,
	}, true
}
