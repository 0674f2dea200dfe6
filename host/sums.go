package host

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Sums remembers the sha256 of large files, so that a run does not read 600 MB to learn that
// nothing has changed. A sum is believed while size, times and inode of its file are what they
// were, as git's index does. After a boot none is: a power cut may have taken what was written
// last, and left the times.
type Sums struct {
	files *Files
	path  string // its own file

	mu      sync.Mutex
	boot    string
	entries map[string]sumEntry // by path
}

type sumEntry struct {
	Size, Mtime, Ctime int64 // bytes; nanoseconds since 1970
	Inode              uint64
	Boot               string // the boot_id under which the sum was taken
	Sum                string // sha256 in hex
}

// SumsFile keeps them.
const SumsFile = StateDir + "/sums.json"

// sameTick is the time within which two changes of a file may leave the same times: a kernel's
// clock for files ticks each 1 to 10 ms.
const sameTick = 50 * time.Millisecond

// FileSums are the sums of the machine's large files.
func (f *Files) FileSums() *Sums {
	f.loadSums.Do(func() {
		c := &Sums{files: f, path: f.Path(SumsFile), boot: f.BootID(), entries: map[string]sumEntry{}}
		// It is a cache: one that cannot be read is as good as none.
		if data, err := os.ReadFile(c.path); err == nil && json.Unmarshal(data, &c.entries) != nil {
			c.entries = map[string]sumEntry{}
		}
		f.sums = c
	})
	return f.sums
}

// Of is the sum of a regular file, read only when it is not known.
func (c *Sums) Of(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	now, known := c.entry(info)
	c.mu.Lock()
	known = known && c.entries[path].matches(now)
	was := c.entries[path].Sum
	c.mu.Unlock()
	if known {
		return was, nil
	}
	f, err := Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	read := hex.EncodeToString(hash.Sum(nil))
	// A file that has changed a moment ago may change again without a trace in its times.
	if time.Since(time.Unix(0, now.Ctime)) > sameTick {
		c.put(path, info, read)
	}
	return read, nil
}

// Remember notes the sum of a file that we have just written and verified.
func (c *Sums) Remember(path, sum string) {
	if info, err := os.Stat(path); err == nil {
		c.put(path, info, sum)
	}
}

func (c *Sums) put(path string, info fs.FileInfo, sum string) {
	e, ok := c.entry(info)
	if !ok {
		return
	}
	e.Sum = sum
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries[path] = e
	c.save()
}

func (e sumEntry) matches(now sumEntry) bool {
	now.Sum = e.Sum
	return e == now && e.Sum != ""
}

// save writes the cache. It needs no fsync: after a power cut nothing in it is believed. An error
// costs time in the next run and nothing else.
func (c *Sums) save() {
	data, err := json.Marshal(c.entries)
	if err != nil || c.files.privateDir(filepath.Dir(c.path)) != nil {
		return
	}
	temp := c.path + ".new"
	if c.files.Write(temp, data, 0o600) == nil {
		_ = c.files.Rename(temp, c.path)
	}
}
