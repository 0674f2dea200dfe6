package host

import (
	"os"

	"golang.org/x/sys/unix"
)

// cgroup tells the version of the cgroup hierarchy by the file system at its root; the "hybrid"
// layout counts as 1, as the kubelet counts it.
func (g gatherer) cgroup() int {
	var stat unix.Statfs_t
	if err := unix.Statfs(g.Path("sys/fs/cgroup"), &stat); err != nil {
		return 0
	}
	if stat.Type == unix.CGROUP2_SUPER_MAGIC {
		return 2
	}
	return 1
}

// conntrackWritable tries to set nf_conntrack_max to what it is. Before the kernel module is loaded
// there is nothing to try: then it can be set unless this is a container, because only the first
// network namespace may set it.
func (g gatherer) conntrackWritable(container bool) bool {
	const name = "proc/sys/net/netfilter/nf_conntrack_max"
	value, err := os.ReadFile(g.Path(name))
	if os.IsNotExist(err) {
		return !container && unix.Access(g.Path("proc/sys/net"), unix.W_OK) == nil
	}
	if err != nil {
		return false
	}
	file, err := os.OpenFile(g.Path(name), os.O_WRONLY, 0)
	if err != nil {
		return false
	}
	defer file.Close()
	_, err = file.Write(value)
	return err == nil
}

// diskFree returns the bytes that may be written below each path, or below its nearest parent that
// exists.
func (g gatherer) diskFree(paths ...string) map[string]int64 {
	free := map[string]int64{}
	for _, path := range paths {
		var stat unix.Statfs_t
		err := unix.Statfs(g.Path(path), &stat)
		if err == unix.ENOENT {
			err = unix.Statfs(g.Path("/"), &stat)
		}
		if err == nil {
			free[path] = int64(stat.Bavail) * stat.Bsize
		}
	}
	return free
}
