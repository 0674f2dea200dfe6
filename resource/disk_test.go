package resource_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"kbootstrap/host"
	"kbootstrap/resource"
)

// disk is a model of what a machine's disk holds: only what was synced is sure to be there after a
// power cut. It knows inodes and names apart, as file systems do: a file's bytes and mode are on
// the disk after a sync of the file, its name after a sync of the directory.
type disk struct {
	m      *machine
	inodes map[uint64]durable
	as     map[uint64]int64             // of files: when the content was last written that inodes has, in nanoseconds
	names  map[uint64]map[string]uint64 // of directories, by inode
}

// durable is what the disk holds of an inode.
type durable struct {
	mode    fs.FileMode
	written time.Time // of a file
	content []byte    // of a file
	target  string    // of a symbolic link
}

// newDisk is a disk that holds all that is there now.
func newDisk(m *machine) *disk {
	d := &disk{m: m, inodes: map[uint64]durable{}, as: map[uint64]int64{}, names: map[uint64]map[string]uint64{}}
	d.all()
	return d
}

// volatile reports whether a path is not on any disk.
func (d *disk) volatile(path string) bool {
	name := strings.TrimPrefix(path, d.m.Root)
	for _, dir := range []string{"/proc", "/sys", "/run"} {
		if name == dir || strings.HasPrefix(name, dir+"/") {
			return true
		}
	}
	return false
}

func inode(info fs.FileInfo) uint64 {
	stat, _ := info.Sys().(*syscall.Stat_t)
	return stat.Ino
}

// walk calls f for everything on the disk.
func (d *disk) walk(f func(path string, info fs.FileInfo)) {
	d.m.must(filepath.WalkDir(d.m.Root, func(path string, e fs.DirEntry, err error) error {
		if host.Absent(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if d.volatile(path) {
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		info, err := e.Info()
		if err == nil {
			f(path, info)
		}
		return err
	}))
}

// all is a sync of everything.
func (d *disk) all() { d.walk(d.sync) }

// sync is what fsync does to one inode.
func (d *disk) sync(path string, info fs.FileInfo) {
	now := durable{mode: info.Mode()}
	switch {
	case info.IsDir():
		d.names[inode(info)] = d.entries(path)
	case info.Mode().IsRegular():
		now.written = info.ModTime()
		i, written := inode(info), info.ModTime().UnixNano()
		if was, known := d.inodes[i]; known && info.Size() > resource.ContentLimit &&
			d.as[i] == written && len(was.content) == int(info.Size()) {
			now.content = was.content // to read a megabyte for each of a hundred steps takes a minute
			break
		}
		var err error
		now.content, err = os.ReadFile(path)
		d.m.must(err)
		d.as[i] = written
	case info.Mode().Type() == fs.ModeSymlink:
		var err error
		now.target, err = os.Readlink(path)
		d.m.must(err)
	}
	d.inodes[inode(info)] = now
}

func (d *disk) entries(dir string) map[string]uint64 {
	entries, err := os.ReadDir(dir)
	d.m.must(err)
	names := map[string]uint64{}
	for _, e := range entries {
		if path := filepath.Join(dir, e.Name()); !d.volatile(path) {
			info, err := e.Info()
			d.m.must(err)
			names[e.Name()] = inode(info)
		}
	}
	return names
}

// watching is a step that the disk learns of.
func (d *disk) watching(step host.Step, do func() error) func() error {
	return func() error {
		if step.Op == host.OpRun || step.Op == host.OpSignal {
			return d.program(do)
		}
		if err := do(); err != nil {
			return err
		}
		path := step.Path
		if step.To != "" {
			path = step.To
		}
		switch step.Op {
		case host.OpSync:
			if path == d.m.Root {
				d.all()
			} else if info, err := os.Lstat(path); err == nil && !d.volatile(path) {
				d.sync(path, info)
			}
		case host.OpMkdir, host.OpSymlink:
			// Its inode is on the disk together with its name.
			if info, err := os.Lstat(path); err == nil && !d.volatile(path) {
				d.sync(path, info)
			}
		}
		d.reuse()
		return nil
	}
}

// reuse forgets inodes that are gone: their numbers may come back for other files.
func (d *disk) reuse() {
	alive := map[uint64]bool{}
	d.walk(func(_ string, info fs.FileInfo) { alive[inode(info)] = true })
	for _, names := range d.names {
		for _, i := range names {
			alive[i] = true
		}
	}
	maps.DeleteFunc(d.inodes, func(i uint64, _ durable) bool { return !alive[i] })
}

// program is a step of another program: what it changes, it syncs itself.
func (d *disk) program(do func() error) error {
	type stamp struct {
		inode uint64
		mtime int64
		size  int64
	}
	look := func() map[string]stamp {
		seen := map[string]stamp{}
		d.walk(func(path string, info fs.FileInfo) {
			seen[path] = stamp{inode(info), info.ModTime().UnixNano(), info.Size()}
		})
		return seen
	}
	before := look()
	err := do()
	for path, s := range look() {
		if before[path] != s {
			info, err := os.Lstat(path)
			d.m.must(err)
			d.sync(path, info)
		}
	}
	return err
}

// cut takes from the machine what a power cut takes, in one of two ways: what was not synced never
// happened, or its names are there and its bytes are not.
func (d *disk) cut(how crash) {
	type survivor struct {
		path string
		durable
	}
	var survivors []survivor
	var follow func(dir string, i uint64)
	follow = func(dir string, i uint64) {
		names := d.names[i]
		if how == powerNames {
			names = nil
			if info, err := os.Lstat(dir); err == nil && info.IsDir() {
				names = d.entries(dir)
			}
		}
		for name, i := range names {
			path := filepath.Join(dir, name)
			kept, known := d.inodes[i]
			if info, err := os.Lstat(path); !known && err == nil && inode(info) == i {
				kept = durable{mode: info.Mode().Type() | 0o600} // a name without bytes
				if info.IsDir() {
					kept.mode |= 0o155
				}
			}
			survivors = append(survivors, survivor{path, kept})
			if kept.mode.IsDir() {
				follow(path, i)
			}
		}
	}
	root, err := os.Lstat(d.m.Root)
	d.m.must(err)
	follow(d.m.Root, inode(root))
	entries, err := os.ReadDir(d.m.Root)
	d.m.must(err)
	for _, e := range entries {
		if path := filepath.Join(d.m.Root, e.Name()); !d.volatile(path) || e.Name() == "run" {
			d.m.must(os.RemoveAll(path))
		}
	}
	for _, s := range survivors {
		switch {
		case s.mode.IsDir():
			d.m.must(os.Mkdir(s.path, 0o755))
			d.m.must(os.Chmod(s.path, s.mode.Perm()))
		case s.mode.Type() == fs.ModeSymlink:
			d.m.must(os.Symlink(s.target, s.path))
		default:
			d.m.must(os.WriteFile(s.path, s.content, 0o600))
			d.m.must(os.Chmod(s.path, s.mode.Perm()))
			d.m.must(os.Chtimes(s.path, s.written, s.written)) // zero leaves it as it is
		}
	}
}
