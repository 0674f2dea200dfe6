package node

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kbootstrap/fault"
)

func TestLock(t *testing.T) {
	root := t.TempDir()
	alice := Holder{User: "alice", Host: "laptop", PID: 42, Command: "kbootstrap up", Since: time.Unix(1e9, 0).UTC()}
	bob := Holder{User: "bob", Host: "desk", PID: 43, Command: "kbootstrap reset", Since: time.Unix(2e9, 0).UTC()}
	first, second := start(t, root), start(t, root)

	for range 2 { // twice is allowed
		if err := first.Lock(t.Context(), alice); err != nil {
			t.Fatal(err)
		}
	}
	held := func(err error) {
		t.Helper()
		var locked *LockedError
		if !errors.As(err, &locked) || fault.Of(err) != fault.Locked {
			t.Fatalf("got %v, want a *LockedError", err)
		}
		if locked.Holder != alice {
			t.Errorf("held by %+v, want %+v", locked.Holder, alice)
		}
		if want := "locked by alice@laptop (pid 42) since 2001-09-09T01:46:40Z: kbootstrap up"; err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
	}
	held(second.Lock(t.Context(), bob))
	// Whoever did not ask for the lock may look, and may not touch.
	c := random(t, 1<<10)
	held(c.send(t.Context(), second.Client))
	held(second.Converge(t.Context(), "etcd", nil, nil))
	if _, err := second.Look(t.Context(), Query{}); err != nil {
		t.Error(err)
	}

	// An end that no code of ours sees frees it.
	if err := first.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.ends(t)
	if err := second.Lock(t.Context(), bob); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "run/kbootstrap-lock/lock.json"))
	if err != nil || !strings.Contains(string(text), `"user":"bob"`) {
		t.Errorf("the holder's file says %q, %v", text, err)
	}

	// An orderly end leaves nothing of its holder.
	_ = second.Close()
	if err := second.ends(t); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(root, "run/kbootstrap-lock/lock.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the holder's file: %v, want that it does not exist", err)
	}
}

func TestLockKeepsItsHolderWithoutOne(t *testing.T) {
	root := t.TempDir()
	client := connect(t, Options{Root: root}, pipes)
	other := connect(t, Options{Root: root}, pipes)
	if err := random(t, 1<<10).send(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	err := other.Lock(t.Context(), Holder{User: "bob"})
	if err == nil || err.Error() != "locked by another run" {
		t.Errorf("got %v, want that another run holds the lock", err)
	}
	if err := client.Lock(t.Context(), Holder{User: "alice"}); err != nil {
		t.Fatal(err)
	}
	var locked *LockedError
	if err := other.Lock(t.Context(), Holder{User: "bob"}); !errors.As(err, &locked) || locked.Holder.User != "alice" {
		t.Errorf("got %v, want that alice holds the lock", err)
	}
}
