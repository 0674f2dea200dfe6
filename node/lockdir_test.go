package node

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"kbootstrap/fault"
)

// TestLockKeepsOutEarlierVersions: those that have their lock in /run/lock and this one exclude
// each other, whichever comes first.
func TestLockKeepsOutEarlierVersions(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "run/lock/kbootstrap.lock")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	earlier, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer earlier.Close()
	if err := unix.Flock(int(earlier.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		t.Fatal(err)
	}
	p := start(t, root)
	var locked *LockedError
	if err := p.Lock(t.Context(), Holder{User: "alice"}); !errors.As(err, &locked) {
		t.Errorf("an earlier version has the lock: %v", err)
	}
	if err := unix.Flock(int(earlier.Fd()), unix.LOCK_UN); err != nil {
		t.Fatal(err)
	}
	if err := p.Lock(t.Context(), Holder{User: "alice"}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Flock(int(earlier.Fd()), unix.LOCK_EX|unix.LOCK_NB); !errors.Is(err, unix.EWOULDBLOCK) {
		t.Errorf("an earlier version takes the lock as well: %v", err)
	}
}

// TestLockOfOthers: what another user can put into /run/lock stops no run, and a directory of the
// lock that others may enter is refused.
func TestLockOfOthers(t *testing.T) {
	for name, put := range map[string]func(path string) error{
		"a link":                func(path string) error { return os.Symlink("/etc/passwd", path) },
		"a directory":           func(path string) error { return os.Mkdir(path, 0o755) },
		"a file of all":         func(path string) error { return os.WriteFile(path, nil, 0o644) },
		"a pipe without reader": func(path string) error { return unix.Mkfifo(path, 0o666) },
		"a socket":              func(path string) error { return unix.Mknod(path, unix.S_IFSOCK|0o666, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			dir := filepath.Join(root, "run/lock")
			if err := errors.Join(os.MkdirAll(dir, 0o755), put(filepath.Join(dir, "kbootstrap.lock"))); err != nil {
				t.Fatal(err)
			}
			if err := start(t, root).Lock(t.Context(), Holder{User: "alice"}); err != nil {
				t.Error(err)
			}
		})
	}
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, LockDir), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := start(t, root).Lock(t.Context(), Holder{User: "alice"}); fault.Of(err) != fault.LockDirForeign {
		t.Errorf("a directory that others may enter: %v", err)
	}
}
