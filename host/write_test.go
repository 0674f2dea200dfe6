package host

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// swapped is a file on its way, in whose place the owner of the directory has put another.
func swapped(t *testing.T, put func(victim, temp string) error) (r Replacement, victim string) {
	t.Helper()
	root := t.TempDir()
	victim = filepath.Join(root, "ld.so.preload")
	if err := os.WriteFile(victim, []byte("kept"), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := NewSystem(root, nil, nil, nil).Replacing(filepath.Join(root, "pki", "server.key"))
	if err == nil {
		err = os.Remove(r.Temp)
	}
	if err == nil {
		err = put(victim, r.Temp)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r, victim
}

// TestSwappedFile: what another user has put in the place of a temporary file is neither written
// nor given away.
func TestSwappedFile(t *testing.T) {
	ways := map[string]func(victim, temp string) error{"symbolic link": os.Symlink, "second name": os.Link}
	for name, put := range ways {
		r, victim := swapped(t, put)
		for what, err := range map[string]error{
			"write": r.Write([]byte("x")), "fill": r.Fill(strings.NewReader("x"), ""),
			"commit": r.Commit(0o666, os.Getuid(), os.Getgid()),
		} {
			if err == nil {
				t.Errorf("%s: %s went on", name, what)
			}
		}
		info, err := os.Stat(victim)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(victim); err != nil || string(text) != "kept" || info.Mode().Perm() != 0o644 {
			t.Errorf("%s: the other file is %q, %s, %v", name, text, info.Mode(), err)
		}
	}
}

// TestReadFileFollowsNothing: a link or a pipe in the place of a file is neither followed nor
// waited for.
func TestReadFileFollowsNothing(t *testing.T) {
	dir := t.TempDir()
	link, pipe := filepath.Join(dir, "link"), filepath.Join(dir, "pipe")
	if err := errors.Join(os.Symlink("/etc/passwd", link), syscall.Mkfifo(pipe, 0o600)); err != nil {
		t.Fatal(err)
	}
	if text, err := ReadFile(link); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("link: %q, %v", text, err)
	}
	if text, err := ReadFile(pipe); len(text) != 0 {
		t.Errorf("pipe: %q, %v", text, err)
	}
}
