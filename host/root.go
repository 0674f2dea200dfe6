package host

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Root is the directory below which all files of a machine lie: "/" on a host, a temporary
// directory in a unit test. Its methods read, and change nothing.
type Root string

// Path is where a file of the machine lies for this process.
func (r Root) Path(name string) string { return filepath.Join(string(r), name) }

// Name is how the machine names a file that lies at a path for this process.
func (r Root) Name(path string) string {
	if name, ok := strings.CutPrefix(path, strings.TrimSuffix(string(r), "/")); ok && r != "" {
		return name
	}
	return path
}

// Read is the content of a small file; a file that is absent reads as nothing.
func (r Root) Read(name string) (string, error) {
	data, err := os.ReadFile(r.Path(name))
	if Absent(err) {
		return "", nil
	}
	return string(data), err
}

// text is the content of a file that is of no use if it cannot be read.
func (r Root) text(name string) string {
	text, err := r.Read(name)
	if err != nil {
		return ""
	}
	return text
}

// line is the first line of such a file.
func (r Root) line(name string) string {
	line, _, _ := strings.Cut(r.text(name), "\n")
	return strings.TrimSpace(line)
}

// Exists reports whether there is anything at a path.
func (r Root) Exists(name string) bool {
	_, err := os.Stat(r.Path(name))
	return err == nil
}

// programDirs is where programs are looked for, in order. It does not come from the environment: a
// user's PATH, and sudo's, often lacks the sbin directories.
var programDirs = []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}

// Program finds a program where a root shell would, and returns its path on the machine; "" when it
// is nowhere.
func (r Root) Program(name string) string {
	for _, dir := range programDirs {
		info, err := os.Stat(r.Path(dir + "/" + name))
		if err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return dir + "/" + name
		}
	}
	return ""
}

// Nearest is where a path lies for this process, or the nearest directory above it that exists.
func (r Root) Nearest(path string) string {
	for place := r.Path(path); ; place = filepath.Dir(place) {
		if _, err := os.Stat(place); err == nil || place == filepath.Dir(place) || place == filepath.Clean(string(r)) {
			return place
		}
	}
}

// BootID names the time since the machine was started; it is empty where the kernel does not tell.
func (r Root) BootID() string { return r.line("/proc/sys/kernel/random/boot_id") }

// HasFeature reports whether the kernel has a feature: a path, such as /proc/sys/net/bridge, or
// "filesystem overlay" for a line of /proc/filesystems.
func (r Root) HasFeature(feature string) (bool, error) {
	name, isFileSystem := strings.CutPrefix(feature, "filesystem ")
	if !isFileSystem {
		return r.Exists(feature), nil
	}
	list, err := r.Read("/proc/filesystems")
	for line := range strings.Lines(list) {
		// "nodev	overlay", or "	ext4"
		if fields := strings.Fields(line); len(fields) > 0 && fields[len(fields)-1] == name {
			return true, nil
		}
	}
	return false, err
}

// HasLog reports whether etcd's data directory has a write-ahead log. An etcd that finds no data
// and may not found a cluster leaves an empty database behind, which is no data.
func (r Root) HasLog(dir string) bool { return len(r.logs(dir)) > 0 }

// logs are the files of the write-ahead log, oldest first: they are named by their number, in hex
// of a fixed length.
func (r Root) logs(dir string) []string {
	logs, _ := filepath.Glob(r.Path(dir + "/member/wal/*.wal")) // the pattern is a good one
	return slices.Sorted(slices.Values(logs))
}

// nameServers are those that a resolv.conf(5) lists.
func (r Root) nameServers(name string) []string {
	var found []string
	for line := range strings.Lines(r.text(name)) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == "nameserver" {
			found = append(found, f[1])
		}
	}
	return found
}
