package node

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"kbootstrap/resource"
)

// The tests of silence run in a bubble with a clock of its own, in which a minute is over as soon
// as no goroutine has anything to do: however busy the machine is, only what is really silent
// counts as dead.

// A client that vanished without a word, as with a cut cable, must not hold the lock for ever.
func TestNodeNoticesADeadClient(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		near, far := memory(t)
		served := make(chan error, 1)
		wire := &freezable{ReadWriteCloser: near, frozen: make(chan struct{})}
		go func() { served <- Serve(context.Background(), far, Options{Root: root}) }()
		client := newClient(wire, 24*time.Hour)
		if err := client.Lock(t.Context(), Holder{User: "alice"}); err != nil {
			t.Fatal(err)
		}
		close(wire.frozen)
		silent := time.Now()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if took := time.Since(silent); took > 2*idleTimeout {
			t.Errorf("the node went on for %s", took)
		}
		_ = client.Close()
		other := connect(t, Options{Root: root}, memory)
		if err := other.Lock(t.Context(), Holder{User: "bob"}); err != nil {
			t.Error(err)
		}
	})
}

// freezable is a wire that swallows what is written to it from some moment on.
type freezable struct {
	io.ReadWriteCloser
	frozen chan struct{}
}

func (f *freezable) Write(p []byte) (int, error) {
	select {
	case <-f.frozen:
		return len(p), nil
	default:
		return f.ReadWriteCloser.Write(p)
	}
}

// A node that is stopped, as with a frozen host, must not hold up a run for ever.
func TestClientNoticesADeadNode(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		near, far := memory(t)
		wire := &freezable{ReadWriteCloser: far, frozen: make(chan struct{})}
		ctx, end := context.WithCancel(context.Background())
		served := make(chan struct{})
		go func() { // it does not know that it is frozen
			defer close(served)
			_ = Serve(ctx, wire, Options{Root: root})
		}()
		client := NewClient(near)
		if _, err := client.Facts(t.Context()); err != nil {
			t.Fatal(err)
		}
		close(wire.frozen)
		silent := time.Now()
		var lost *LostError
		if _, err := client.Facts(t.Context()); !errors.As(err, &lost) {
			t.Errorf("Facts: %v, want a *LostError", err)
		}
		if err := client.Converge(t.Context(), "etcd", nil, nil); !errors.As(err, &lost) {
			t.Errorf("Converge: %v, want a *LostError", err)
		}
		if took := time.Since(silent); took > 2*idleTimeout {
			t.Errorf("the client went on for %s", took)
		}
		_ = client.Close()
		end()
		<-served
	})
}

// A long step without a word of its own is not a dead node.
func TestHeartbeatsKeepALongStepAlive(t *testing.T) {
	t.Parallel()
	root, c := t.TempDir(), random(t, 1<<10)
	synctest.Test(t, func(t *testing.T) {
		client := connect(t, Options{Root: root}, memory)
		converged := make(chan error, 1)
		go func() {
			converged <- client.Converge(t.Context(), "etcd", []resource.Resource{blobFile("/opt/etcd", c)}, nil)
		}()
		select {
		case err := <-converged:
			t.Fatalf("ended early: %v", err)
		case <-time.After(time.Hour):
		}
		if err := c.send(t.Context(), client); err != nil {
			t.Error(err)
		}
		if err := <-converged; err != nil {
			t.Error(err)
		}
	})
}

// An upload that stalls while its connection is well ends all the same.
func TestSendStalls(t *testing.T) {
	t.Parallel()
	root, c := t.TempDir(), random(t, 1<<20)
	synctest.Test(t, func(t *testing.T) {
		client := connect(t, Options{Root: root}, memory)
		body, feed := io.Pipe()
		sent := make(chan error, 1)
		go func() { sent <- client.Send(t.Context(), Upload{Sum: c.sum, Size: int64(len(c.plain))}, body) }()
		if _, err := feed.Write(c.zstd[:len(c.zstd)/2]); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if parts := store(t, root); len(parts) != 1 {
			t.Errorf("on the disk is %q, want a part", parts)
		}
		<-time.After(2 * idleTimeout)
		equal(t, "on the disk afterwards", store(t, root), []string{})
		_ = feed.CloseWithError(errors.New("the test is over")) // Send waits for its reader
		err := <-sent
		if err == nil || !strings.Contains(err.Error(), "nothing came for "+idleTimeout.String()) {
			t.Errorf("got %v, want that nothing came", err)
		}
	})
}

// With its standard output closed, the node ends in order: the default for SIGPIPE would kill it in
// the middle of a step.
func TestProcessSurvivesSIGPIPE(t *testing.T) {
	p, near := launch(t, t.TempDir())
	if err := near.in.Close(); err != nil {
		t.Fatal(err)
	}
	// The beginning of HTTP/2 and empty settings, to which the node must answer.
	const begin = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	if _, err := near.out.WriteString(begin); err != nil {
		t.Fatal(err)
	}
	defer near.out.Close()
	if err := p.ends(t); err != nil {
		t.Errorf("the node ended with: %v", err)
	}
}

// A strict umask of the login must not take from the modes of files.
func TestProcessSetsItsUmask(t *testing.T) {
	root := t.TempDir()
	p := start(t, root)
	if err := p.Lock(t.Context(), Holder{}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(root, "run/lock"))
	if err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("/run/lock: %v, %v, want mode 0755", info, err)
	}
}

func TestPanicIsAnError(t *testing.T) {
	client := connect(t, Options{Root: t.TempDir(), Run: func(context.Context, ...string) ([]byte, error) {
		panic("a nil map, for instance")
	}}, pipes)
	_, err := client.Journal(t.Context(), "etcd", 1)
	if err == nil || err.Error() != "bug in the node: a nil map, for instance" {
		t.Errorf("got %v", err)
	}
}

func TestJournal(t *testing.T) {
	client := connect(t, Options{Root: t.TempDir(), Run: func(_ context.Context, argv ...string) ([]byte, error) {
		want := []string{
			"journalctl", "--unit=etcd.service", "--lines=20", "--no-pager", "--quiet", "--output=short-iso",
		}
		equal(t, "argv", argv, want)
		return []byte("one\ntwo\n"), nil
	}}, pipes)
	if text, err := client.Journal(t.Context(), "etcd.service", 20); err != nil || text != "one\ntwo\n" {
		t.Errorf("got %q, %v", text, err)
	}
}
