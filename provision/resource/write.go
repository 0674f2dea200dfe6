package resource

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"kbootstrap/fault"
)

var errNotDir = syscall.ENOTDIR

// A replacement is a file on its way to a path: after every crash there is the old file or the new one, complete. A
// program that runs from the path keeps its old file.
type replacement struct {
	sys  *System
	path string // where it is to be, for this process
	temp string // where it is now, in the same directory
}

// replacing clears what a crashed run has left for the path, makes the directories that lead to it, and names a file
// that does not exist yet.
func (s *System) replacing(path string) (replacement, error) {
	if err := s.mark(); err != nil {
		return replacement{}, err
	}
	if err := s.mkdirs(filepath.Dir(path)); err != nil {
		return replacement{}, err
	}
	if err := s.clearTemps(path); err != nil {
		return replacement{}, err
	}
	f, err := s.CreateTemp(filepath.Dir(path), tempPrefix(path))
	if err != nil {
		return replacement{}, err
	}
	return replacement{s, path, f.Name()}, f.Close()
}

func tempPrefix(path string) string { return "." + filepath.Base(path) + ".kbootstrap-" }

// clearTemps removes the temporary files of this path only: other files of the directory may just be written.
func (s *System) clearTemps(path string) error {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		if absent(err) {
			return nil
		}
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempPrefix(path)) {
			if err := s.Remove(filepath.Join(filepath.Dir(path), e.Name())); err != nil && !absent(err) {
				return err
			}
		}
	}
	return nil
}

// discard removes the temporary file where it has not become the file itself.
func (r replacement) discard() {
	if _, err := os.Lstat(r.temp); err == nil {
		_ = r.sys.Remove(r.temp)
	}
}

// write fills the temporary file.
func (r replacement) write(content []byte) error {
	return r.sys.Write(r.temp, content, 0o600)
}

// fill copies a content into the temporary file and verifies its sum.
func (r replacement) fill(from io.Reader, sha string) error {
	return r.sys.Step(Step{Op: OpWrite, Path: r.temp}, func() error {
		f, err := os.OpenFile(r.temp, os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		hash := sha256.New()
		if _, err = io.Copy(io.MultiWriter(f, hash), from); err == nil {
			if got := hex.EncodeToString(hash.Sum(nil)); got != sha {
				err = fault.ContentDamaged.Errorf("sha256 is %s, not %s", got, sha)
			}
		}
		return errors.Join(err, f.Close())
	})
}

// take moves a file into the temporary file's place. It reports false when the two are on different file systems.
func (r replacement) take(path string) (bool, error) {
	err := r.sys.Rename(path, r.temp)
	if errors.Is(err, syscall.EXDEV) {
		return false, nil
	}
	return err == nil, err
}

// commit gives the file its owner and mode, and then its name, each safe on the disk before the next.
func (r replacement) commit(mode uint32, uid, gid int) error {
	if err := r.own(mode, uid, gid); err != nil {
		return err
	}
	if err := r.sys.Sync(r.temp); err != nil {
		return err
	}
	return r.rename()
}

func (r replacement) rename() error {
	if err := r.sys.Rename(r.temp, r.path); err != nil {
		return err
	}
	return r.sys.Sync(filepath.Dir(r.path))
}

// commitUnflushed is commit without waiting for the disk; the caller has it flushed later.
func (r replacement) commitUnflushed(mode uint32, uid, gid int) error {
	if err := r.own(mode, uid, gid); err != nil {
		return err
	}
	return r.sys.Rename(r.temp, r.path)
}

// own gives the temporary file its owner and mode.
func (r replacement) own(mode uint32, uid, gid int) error {
	// The owner first: chown clears setuid bits, and a secret must never be readable by whom it is not for.
	if err := r.sys.chown(r.temp, uid, gid); err != nil {
		return err
	}
	return r.sys.chmod(r.temp, fs.FileMode(mode))
}

// removeFile removes a file, and it stays removed after a power cut.
func (s *System) removeFile(path string) error {
	if err := s.clearTemps(path); err != nil {
		return err
	}
	if _, err := os.Lstat(path); absent(err) {
		return nil
	}
	if err := s.mark(); err != nil {
		return err
	}
	if err := s.Remove(path); err != nil {
		return err
	}
	return s.Sync(filepath.Dir(path))
}

// removeEmpty removes a directory if nothing is in it.
func (s *System) removeEmpty(dir string) {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) == 0 {
		_ = s.Remove(dir) // something may have come in between
	}
}

// mkdirs makes a directory and those that lead to it.
func (s *System) mkdirs(dir string) error {
	if info, err := os.Stat(dir); err == nil {
		if !info.IsDir() {
			return &fs.PathError{Op: "mkdir", Path: dir, Err: errNotDir}
		}
		return nil
	}
	if err := s.mark(); err != nil {
		return err
	}
	parent := filepath.Dir(dir)
	if err := s.mkdirs(parent); err != nil {
		return err
	}
	if err := s.mkdir(dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	// The caller's umask must not show.
	if err := s.chmod(dir, 0o755); err != nil {
		return err
	}
	return s.Sync(parent)
}

// writeOwn replaces a file that belongs to root and to the tool itself.
func (s *System) writeOwn(path string, content []byte, mode uint32) error {
	r, err := s.replacing(path)
	if err != nil {
		return err
	}
	defer r.discard()
	if err := r.write(content); err != nil {
		return err
	}
	return r.commit(mode, os.Getuid(), os.Getgid())
}

// rewrite replaces a foreign file's text and keeps its mode and owner.
func (s *System) rewrite(name, text string) error {
	path := s.path(name)
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("%s: no owner", path)
	}
	r, err := s.replacing(path)
	if err != nil {
		return err
	}
	defer r.discard()
	if err := r.write([]byte(text)); err != nil {
		return err
	}
	return r.commit(uint32(info.Mode().Perm()), int(stat.Uid), int(stat.Gid))
}

// privateDirs makes directories, readable by root only: records hold the contents of secret files.
func (s *System) privateDirs(dirs ...string) error {
	for _, dir := range append([]string{stateDir}, dirs...) {
		if err := s.privateDir(s.path(dir)); err != nil {
			return err
		}
	}
	return nil
}

// privateDir makes a directory that only root may look into.
func (s *System) privateDir(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() && info.Mode().Perm() == 0o700 {
		return nil
	}
	if err := s.mkdirs(path); err != nil {
		return err
	}
	if err := s.chmod(path, 0o700); err != nil {
		return err
	}
	return s.Sync(path)
}
