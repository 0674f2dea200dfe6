package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"kbootstrap/host"
	"kbootstrap/resource"
)

// The test binary as a node kills itself at the step whose number this variable has.
const killVariable = "KBOOTSTRAP_TEST_NODE_KILL"

// killing breaks a node that is a process of its own, by a real SIGKILL.
func killing(at string) func(step host.Step, do func() error) error {
	number, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return nil
	}
	var steps atomic.Int64
	return func(_ host.Step, do func() error) error {
		if steps.Add(1) == number {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		return do()
	}
}

// session is a run over the wire: it takes the lock, sends a content, makes a directory and two
// files, and flushes.
func session(ctx context.Context, client *Client, c content) ([]Event, error) {
	if err := client.Lock(ctx, Holder{User: "alice"}); err != nil {
		return nil, err
	}
	sent := make(chan error, 1)
	go func() { sent <- c.send(ctx, client) }()
	var seen collected
	err := client.Converge(ctx, "etcd", []resource.Resource{
		resource.Dir{Path: "/etc/etcd", Mode: 0o700},
		resource.File{Path: "/etc/etcd/key", Mode: 0o600, Content: []byte("secret\n"), Secret: true},
		blobFile("/opt/etcd", c),
	}, seen.add)
	if err := <-sent; err != nil {
		return seen.events, err
	}
	if err != nil {
		return seen.events, err
	}
	return seen.events, client.Flush(ctx)
}

// TestCrashWire kills a node, a real process, before each of the steps of a session; the next
// session must finish.
func TestCrashWire(t *testing.T) {
	c := random(t, 1<<20)
	for at := 1; ; at++ {
		if at > 200 {
			t.Fatal("a session of two hundred steps")
		}
		root := t.TempDir()
		t.Setenv(killVariable, strconv.Itoa(at))
		p := start(t, root)
		_, broken := session(t.Context(), p.Client, c)
		t.Setenv(killVariable, "")
		if broken != nil {
			var lost *LostError
			if !errors.As(broken, &lost) {
				t.Errorf("step %d: got %v, want a *LostError", at, broken)
			}
			_ = p.cmd.Wait() // its lock goes with it
		}
		_ = p.Close()
		if broken == nil {
			_ = p.cmd.Wait()
		}
		finish(t, root, c, fmt.Sprint("step ", at))
		if broken == nil {
			t.Logf("%d steps", at-1)
			if at < 20 {
				t.Error("too few to be all")
			}
			return
		}
	}
}

// finish runs the session again, twice, and looks for what must not be left.
func finish(t *testing.T, root string, c content, when string) {
	t.Helper()
	for _, turn := range []string{"second", "third"} {
		near, far := memory(t)
		served := make(chan error, 1)
		go func() { served <- Serve(context.Background(), far, Options{Root: root}) }()
		client := NewClient(near)
		events, err := session(t.Context(), client, c)
		if err != nil {
			t.Fatalf("%s, the %s run: %v", when, turn, err)
		}
		if turn == "third" && len(events) != 1 {
			t.Errorf("%s: the third run changes something: %v", when, events)
		}
		_ = client.Close()
		if err := <-served; err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	for path, want := range map[string]string{"etc/etcd/key": "secret\n", "opt/etcd": string(c.plain)} {
		if got := string(read(t, filepath.Join(root, path))); got != want {
			t.Errorf("%s: %s has %d other bytes", when, path, len(got))
		}
	}
	if err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		for _, left := range []string{".kbootstrap-", ".part-", ".use-", ".new", "kbootstrap.json", "unflushed"} {
			if strings.Contains(d.Name(), left) {
				t.Errorf("%s: %s is left", when, path)
			}
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}
