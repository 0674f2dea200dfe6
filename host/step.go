package host

import "os"

// A Step is one change of a host, the smallest thing that has happened or has not when a process is
// killed. Everything that changes a host is a Step: tests number the steps of a run and break it at
// each of them.
type Step struct {
	Op   Op
	Path string // a path for this process; of OpRun the argv; of OpRequest the method and the path of the API
	To   string // of OpRename, OpLink and OpSymlink: the new name
}

// String is the step in one line.
func (s Step) String() string {
	if s.To == "" {
		return string(s.Op) + " " + s.Path
	}
	return string(s.Op) + " " + s.Path + " -> " + s.To
}

// Op is the kind of a Step.
type Op string

// The kinds of steps. A file's content is on the disk after its OpSync, and its name after the
// OpSync of its directory.
const (
	OpCreate    Op = "create" // an empty file
	OpWrite     Op = "write"  // its content
	OpSync      Op = "sync"   // of a file or of a directory
	OpRename    Op = "rename"
	OpLink      Op = "link"
	OpSymlink   Op = "symlink"
	OpRemove    Op = "remove"
	OpRemoveAll Op = "remove all"
	OpMkdir     Op = "mkdir"
	OpChmod     Op = "chmod"
	OpChown     Op = "chown"
	OpLock      Op = "lock"
	OpSignal    Op = "signal"  // to a process
	OpRun       Op = "run"     // a program that changes something
	OpRequest   Op = "request" // to the Kubernetes API
)

// Steps make the changes of a machine. Paths are those of this process.
type Steps struct {
	// Around is called for each change of the machine, and makes it by calling do, or does not:
	// tests break runs there. It is nil in production. It must be safe for calls at the same time.
	Around func(step Step, do func() error) error
}

// Step makes one change. In a test Around stands between.
func (s *Steps) Step(step Step, do func() error) error {
	if s.Around == nil {
		return do()
	}
	return s.Around(step, do)
}

// Remove removes one file or one empty directory.
func (s *Steps) Remove(path string) error {
	return s.Step(Step{Op: OpRemove, Path: path}, func() error { return os.Remove(path) })
}

// RemoveAll removes a file, or a directory with all that is in it.
func (s *Steps) RemoveAll(path string) error {
	if _, err := os.Lstat(path); Absent(err) {
		return nil
	}
	return s.Step(Step{Op: OpRemoveAll, Path: path}, func() error { return os.RemoveAll(path) })
}

// MkdirAll makes a directory that is the tool's own, and those that lead to it.
func (s *Steps) MkdirAll(dir string, mode os.FileMode) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	return s.Step(Step{Op: OpMkdir, Path: dir}, func() error { return os.MkdirAll(dir, mode) })
}

// Rename gives a file another name.
func (s *Steps) Rename(from, to string) error {
	return s.Step(Step{Op: OpRename, Path: from, To: to}, func() error { return os.Rename(from, to) })
}

// Link gives a file a second name.
func (s *Steps) Link(from, to string) error {
	return s.Step(Step{Op: OpLink, Path: from, To: to}, func() error { return os.Link(from, to) })
}

// CreateTemp makes an empty file whose name begins with the prefix; only its owner may read it.
func (s *Steps) CreateTemp(dir, prefix string) (*os.File, error) {
	var f *os.File
	err := s.Step(Step{Op: OpCreate, Path: dir + "/" + prefix}, func() (err error) {
		f, err = os.CreateTemp(dir, prefix+"*")
		return err
	})
	return f, err
}

// Write replaces the content of a file. A file that is new gets the mode.
func (s *Steps) Write(path string, content []byte, mode os.FileMode) error {
	return s.Step(Step{Op: OpWrite, Path: path}, func() error { return os.WriteFile(path, content, mode) })
}

// Sync waits until a file's content and its mode and owner, or a directory's entries, are on the
// disk.
func (s *Steps) Sync(path string) error {
	return s.Step(Step{Op: OpSync, Path: path}, func() error {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		return f.Sync()
	})
}

// Symlink makes a symbolic link.
func (s *Steps) Symlink(target, path string) error {
	return s.Step(Step{Op: OpSymlink, Path: target, To: path}, func() error { return os.Symlink(target, path) })
}

func (s *Steps) mkdir(path string) error {
	return s.Step(Step{Op: OpMkdir, Path: path}, func() error { return os.Mkdir(path, 0o755) })
}

// Chmod changes the mode of a file.
func (s *Steps) Chmod(path string, mode os.FileMode) error {
	return s.Step(Step{Op: OpChmod, Path: path}, func() error { return os.Chmod(path, mode) })
}

// Chown changes the owner of a file.
func (s *Steps) Chown(path string, uid, gid int) error {
	return s.Step(Step{Op: OpChown, Path: path}, func() error { return os.Chown(path, uid, gid) })
}
