package host

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
	"kbootstrap/internal/posix"
)

// A Replacement is a file on its way to a path: after every crash there is the old file or the new
// one, complete. A program that runs from the path keeps its old file.
type Replacement struct {
	files *Files
	path  string // where it is to be, for this process
	Temp  string // where it is now, in the same directory
}

// Replacing clears what a crashed run has left for the path, makes the directories that lead to it,
// and names a file that does not exist yet.
func (f *Files) Replacing(path string) (Replacement, error) {
	if err := f.Mark(); err != nil {
		return Replacement{}, err
	}
	if err := f.Mkdirs(filepath.Dir(path)); err != nil {
		return Replacement{}, err
	}
	if err := f.clearTemps(path); err != nil {
		return Replacement{}, err
	}
	temp, err := f.CreateTemp(filepath.Dir(path), tempPrefix(path))
	if err != nil {
		return Replacement{}, err
	}
	return Replacement{f, path, temp.Name()}, temp.Close()
}

func tempPrefix(path string) string { return "." + filepath.Base(path) + ".kbootstrap-" }

// clearTemps removes the temporary files of this path only: other files of the directory may just
// be written.
func (f *Files) clearTemps(path string) error {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		if Absent(err) {
			return nil
		}
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempPrefix(path)) {
			if err := f.Remove(filepath.Join(filepath.Dir(path), e.Name())); err != nil && !Absent(err) {
				return err
			}
		}
	}
	return nil
}

// Discard removes the temporary file where it has not become the file itself.
func (r Replacement) Discard() {
	if _, err := os.Lstat(r.Temp); err == nil {
		_ = r.files.Remove(r.Temp)
	}
}

// Write fills the temporary file.
func (r Replacement) Write(content []byte) error {
	return r.files.Step(Step{Op: OpWrite, Path: r.Temp}, func() error {
		return r.open(os.O_WRONLY, func(f *os.File) error {
			_, err := f.Write(content)
			return err
		})
	})
}

// Fill copies a content into the temporary file and verifies its sum.
func (r Replacement) Fill(from io.Reader, sha string) error {
	return r.files.Step(Step{Op: OpWrite, Path: r.Temp}, func() error {
		return r.open(os.O_WRONLY, func(f *os.File) error {
			hash := sha256.New()
			if _, err := io.Copy(io.MultiWriter(f, hash), from); err != nil {
				return err
			}
			if got := hex.EncodeToString(hash.Sum(nil)); got != sha {
				return fault.ContentDamaged.Errorf("sha256 is %s, not %s", got, sha)
			}
			return nil
		})
	})
}

// Take moves a file into the temporary file's place. It reports false when the two are on different
// file systems.
func (r Replacement) Take(path string) (bool, error) {
	err := r.files.Rename(path, r.Temp)
	if errors.Is(err, syscall.EXDEV) {
		return false, nil
	}
	return err == nil, err
}

// Commit gives the file its owner and mode, and then its name, each safe on the disk before the
// next.
func (r Replacement) Commit(mode uint32, uid, gid int) error {
	if err := r.own(mode, uid, gid); err != nil {
		return err
	}
	if err := r.files.Sync(r.Temp); err != nil {
		return err
	}
	return r.Rename()
}

// Rename gives the file its name.
func (r Replacement) Rename() error {
	if err := r.files.Rename(r.Temp, r.path); err != nil {
		return err
	}
	return r.files.Sync(filepath.Dir(r.path))
}

// CommitUnflushed is Commit without waiting for the disk; the caller has it flushed later.
func (r Replacement) CommitUnflushed(mode uint32, uid, gid int) error {
	if err := r.own(mode, uid, gid); err != nil {
		return err
	}
	return r.files.Rename(r.Temp, r.path)
}

// own gives the temporary file its owner and mode.
func (r Replacement) own(mode uint32, uid, gid int) error {
	return r.open(os.O_RDONLY, func(f *os.File) error {
		// The owner first: chown clears setuid bits, and a secret must never be readable by whom it
		// is not for.
		err := r.files.Step(Step{Op: OpChown, Path: r.Temp}, func() error { return f.Chown(uid, gid) })
		if err != nil {
			return err
		}
		return r.files.Step(Step{Op: OpChmod, Path: r.Temp}, func() error { return f.Chmod(fs.FileMode(mode)) })
	})
}

// RemoveFile removes a file, and it stays removed after a power cut.
func (f *Files) RemoveFile(path string) error {
	if err := f.clearTemps(path); err != nil {
		return err
	}
	if _, err := os.Lstat(path); Absent(err) {
		return nil
	}
	if err := f.Mark(); err != nil {
		return err
	}
	if err := f.Remove(path); err != nil {
		return err
	}
	return f.Sync(filepath.Dir(path))
}

// RemoveEmpty removes a directory if nothing is in it.
func (f *Files) RemoveEmpty(dir string) {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) == 0 {
		_ = f.Remove(dir) // something may have come in between
	}
}

// Mkdirs makes a directory and those that lead to it.
func (f *Files) Mkdirs(dir string) error {
	if info, err := os.Stat(dir); err == nil {
		if !info.IsDir() {
			return &fs.PathError{Op: "mkdir", Path: dir, Err: syscall.ENOTDIR}
		}
		return nil
	}
	if err := f.Mark(); err != nil {
		return err
	}
	parent := filepath.Dir(dir)
	if err := f.Mkdirs(parent); err != nil {
		return err
	}
	if err := f.mkdir(dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	// The caller's umask must not show.
	if err := f.Chmod(dir, 0o755); err != nil {
		return err
	}
	return f.Sync(parent)
}

// WriteOwn replaces a file that belongs to root and to the tool itself.
func (f *Files) WriteOwn(path string, content []byte, mode uint32) error {
	r, err := f.Replacing(path)
	if err != nil {
		return err
	}
	defer r.Discard()
	if err := r.Write(content); err != nil {
		return err
	}
	return r.Commit(mode, os.Getuid(), os.Getgid())
}

// Rewrite replaces a foreign file's text and keeps its mode and owner.
func (f *Files) Rewrite(name, text string) error {
	path := f.Path(name)
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	stat, ok := posix.StatOf(info)
	if !ok {
		return fmt.Errorf("%s: no owner", path)
	}
	r, err := f.Replacing(path)
	if err != nil {
		return err
	}
	defer r.Discard()
	if err := r.Write([]byte(text)); err != nil {
		return err
	}
	return r.Commit(uint32(info.Mode().Perm()), stat.UID, stat.GID)
}

// PrivateDirs makes directories, readable by root only: records hold the contents of secret files.
func (f *Files) PrivateDirs(dirs ...string) error {
	for _, dir := range append([]string{StateDir}, dirs...) {
		if err := f.privateDir(f.Path(dir)); err != nil {
			return err
		}
	}
	return nil
}

// privateDir makes a directory that only root may look into.
func (f *Files) privateDir(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() && info.Mode().Perm() == 0o700 {
		return nil
	}
	if err := f.Mkdirs(path); err != nil {
		return err
	}
	if err := f.Chmod(path, 0o700); err != nil {
		return err
	}
	return f.Sync(path)
}
