package node

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/internal/trial"
	"kbootstrap/resource"
	"kbootstrap/resource/kinds"
)

// events collects the events of a run, and asserts that they come one at a time.
type collected struct {
	mu     sync.Mutex
	events []Event
}

func (c *collected) add(e Event) {
	if !c.mu.TryLock() {
		panic("two events at the same time")
	}
	defer c.mu.Unlock()
	c.events = append(c.events, e)
}

// list returns them as "kind component ID".
func (c *collected) list() []string {
	var list []string
	for _, e := range c.events {
		list = append(list, strings.TrimSpace(e.Kind+" "+e.Component+" "+e.ID))
	}
	return list
}

func blobFile(path string, c content) resource.File {
	return resource.File{Path: path, Mode: 0o755, Blob: c.sum, Size: int64(len(c.plain))}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestConverge(t *testing.T) {
	root := t.TempDir()
	client := connect(t, Options{Root: root}, pipes)
	wanted := []resource.Resource{
		resource.Dir{Path: "/etc/etcd", Mode: 0o700},
		resource.File{Path: "/etc/etcd/etcd.conf", Content: []byte("name: m1\n")},
	}
	var first, second collected
	if err := client.Converge(t.Context(), "etcd", wanted, first.add); err != nil {
		t.Fatal(err)
	}
	equal(t, "events", first.list(), []string{
		"change etcd dir /etc/etcd", "change etcd file /etc/etcd/etcd.conf", "done etcd",
	})
	if diff := first.events[1].Diff; !strings.Contains(diff, "name: m1") {
		t.Errorf("diff %q", diff)
	}
	if got := read(t, filepath.Join(root, "etc/etcd/etcd.conf")); string(got) != "name: m1\n" {
		t.Errorf("the file says %q", got)
	}
	if err := client.Converge(t.Context(), "etcd", wanted, second.add); err != nil {
		t.Fatal(err)
	}
	equal(t, "events of a second run", second.list(), []string{"done etcd"})

	var back collected
	before := []resource.Resource{kinds.Originals{Keep: []string{"dir /etc/etcd"}, Absent: true}}
	if err := client.Converge(t.Context(), "restore", before, back.add); err != nil {
		t.Fatal(err)
	}
	equal(t, "events of putting back", back.list(), []string{"change restore file /etc/etcd/etcd.conf", "done restore"})
	if _, err := os.Stat(filepath.Join(root, "etc/etcd/etcd.conf")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file: %v, want that it is gone", err)
	}
	if _, err := os.Stat(filepath.Join(root, "etc/etcd")); err != nil {
		t.Errorf("the directory was to be left: %v", err)
	}
}

func TestConvergeFails(t *testing.T) {
	root := trial.Lay(t, map[string]string{"etc/etcd": "a file where a directory must be"})
	client := connect(t, Options{Root: root}, pipes)
	var seen collected
	err := client.Converge(t.Context(), "etcd", []resource.Resource{
		resource.File{Path: "/before", Content: []byte("x")},
		resource.File{Path: "/etc/etcd/etcd.conf", Content: []byte("x")},
		resource.File{Path: "/after", Content: []byte("x")},
	}, seen.add)
	var remote *RemoteError
	if !errors.As(err, &remote) || !strings.Contains(err.Error(), "/etc/etcd/etcd.conf") ||
		fault.Of(err) != fault.PathOccupied {
		t.Errorf("got %v, want the host's error with the path", err)
	}
	equal(t, "events", seen.list(), []string{"change etcd file /before", "done etcd"})
}

// A bug on the host is told as one, also in the midst of the answer, and is in no other request's
// way.
func TestConvergePanics(t *testing.T) {
	root := t.TempDir()
	var panicked atomic.Bool
	client := connect(t, Options{Root: root, around: func(step host.Step, do func() error) error {
		if strings.Contains(step.Path, "after") && panicked.CompareAndSwap(false, true) {
			panic("the step " + step.Path)
		}
		return do()
	}}, pipes)
	wanted := []resource.Resource{
		resource.File{Path: "/before", Content: []byte("x")},
		resource.File{Path: "/after", Content: []byte("x")},
	}
	var seen collected
	err := client.Converge(t.Context(), "etcd", wanted, seen.add)
	if fault.Of(err) != fault.NodePanic || !strings.Contains(err.Error(), "bug in the node: the step ") {
		t.Errorf("got %v, want the panic", err)
	}
	equal(t, "events", seen.list(), []string{"change etcd file /before", "done etcd"})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := client.Converge(ctx, "etcd", wanted, nil); err != nil {
		t.Errorf("the next of the component: %v", err)
	}
	if got := read(t, filepath.Join(root, "after")); string(got) != "x" {
		t.Errorf("the file says %q", got)
	}
}

// Components converge at the same time and wait for contents that come in another order, some of
// which several want.
func TestConvergeWaitsForContents(t *testing.T) {
	root := t.TempDir()
	client := connect(t, Options{Root: root}, pipes)
	one, two, shared := random(t, 2<<20), random(t, 3<<20), random(t, 1<<20)
	components := map[string][]resource.Resource{
		"etcd": {blobFile("/opt/etcd", one), blobFile("/opt/shared-1", shared)},
		"kubelet": {
			blobFile("/opt/kubelet", two),
			blobFile("/opt/shared-2", shared),
			blobFile("/opt/shared-3", shared),
		},
	}
	started := make(chan struct{}, len(components))
	converged := make(chan error, len(components))
	for name, wanted := range components {
		go func() {
			wanted = append([]resource.Resource{resource.Dir{Path: "/started/" + name}}, wanted...)
			var once sync.Once
			begun := func(Event) { once.Do(func() { started <- struct{}{} }) }
			converged <- client.Converge(t.Context(), name, wanted, begun)
		}()
	}
	for range components {
		<-started
	}
	missing, err := client.Missing(t.Context(), []string{one.sum, two.sum, shared.sum})
	if err != nil || len(missing) != 3 {
		t.Errorf("missing %q, %v", missing, err)
	}
	sent := make(chan error, 3)
	for _, c := range []content{shared, two, one} {
		go func() { sent <- c.send(t.Context(), client) }()
	}
	for range 3 {
		if err := <-sent; err != nil {
			t.Error(err)
		}
	}
	for range components {
		if err := <-converged; err != nil {
			t.Error(err)
		}
	}
	for path, c := range map[string]content{
		"opt/etcd": one, "opt/kubelet": two, "opt/shared-1": shared, "opt/shared-2": shared, "opt/shared-3": shared,
	} {
		if got := read(t, filepath.Join(root, path)); !bytes.Equal(got, c.plain) {
			t.Errorf("%s has %d other bytes", path, len(got))
		}
	}
	equal(t, "the store, as all was moved out of it", store(t, root), []string{})
}

// A step asks for the content that it waits for, again and again, but not while it is on its way.
func TestConvergeAsksForContents(t *testing.T) {
	root, c := t.TempDir(), random(t, 1<<20)
	synctest.Test(t, func(t *testing.T) {
		client := connect(t, Options{Root: root}, memory)
		var asked atomic.Int32
		converged := make(chan error, 1)
		go func() {
			wanted := []resource.Resource{blobFile("/opt/etcd", c)}
			converged <- client.Converge(t.Context(), "etcd", wanted, func(e Event) {
				if e.Kind == EventNeed && e.Sum == c.sum && e.Component == "etcd" {
					asked.Add(1)
				}
			})
		}()
		synctest.Wait()
		if asked.Load() != 1 {
			t.Errorf("asked %d times at once", asked.Load())
		}
		<-time.After(askAgain + askAgain/2)
		if asked.Load() != 2 {
			t.Errorf("asked %d times after a while", asked.Load())
		}
		body, feed := io.Pipe()
		sent := make(chan error, 1)
		go func() { sent <- client.Send(t.Context(), Upload{Sum: c.sum, Size: int64(len(c.plain))}, body) }()
		if _, err := feed.Write(c.zstd[:len(c.zstd)/2]); err != nil {
			t.Fatal(err)
		}
		<-time.After(3 * askAgain)
		if asked.Load() != 2 {
			t.Errorf("asked %d times, the last while it was on its way", asked.Load())
		}
		if _, err := feed.Write(c.zstd[len(c.zstd)/2:]); err != nil {
			t.Fatal(err)
		}
		_ = feed.Close()
		if err := errors.Join(<-sent, <-converged); err != nil {
			t.Error(err)
		}
		var seen collected
		other := resource.File{Path: "/opt/other", Blob: c.sum, Size: int64(len(c.plain))}
		if err := client.Converge(t.Context(), "etcd", []resource.Resource{other}, seen.add); err != nil {
			t.Error(err)
		}
		equal(t, "events of a content that is there", seen.list(), []string{"change etcd file /opt/other", "done etcd"})
	})
}

func TestAbandonedContent(t *testing.T) {
	client := connect(t, Options{Root: t.TempDir()}, pipes)
	c := random(t, 1<<10)
	converge := func() error {
		return client.Converge(t.Context(), "etcd", []resource.Resource{blobFile("/opt/etcd", c)}, nil)
	}
	failed := make(chan error, 1)
	go func() { failed <- converge() }()
	cause := errors.New("download etcd: 404 Not Found")
	if err := client.Abandon(t.Context(), c.sum, cause); err != nil {
		t.Fatal(err)
	}
	err := <-failed
	if err == nil || !strings.Contains(err.Error(), cause.Error()) ||
		!strings.Contains(err.Error(), c.sum) || fault.Of(err) != fault.ContentNotSent {
		t.Errorf("got %v, want the sum and the cause", err)
	}
	if err := c.send(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	if err := converge(); err != nil {
		t.Errorf("after it was sent all the same: %v", err)
	}
}

func TestConvergeIsCancelled(t *testing.T) {
	root := t.TempDir()
	client := connect(t, Options{Root: root}, pipes)
	c := random(t, 1<<10)
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("interrupted")
	err := client.Converge(ctx, "etcd", []resource.Resource{
		resource.Dir{Path: "/opt/bin"}, blobFile("/opt/bin/etcd", c),
	}, func(Event) { cancel(cause) })
	if !errors.Is(err, cause) {
		t.Errorf("got %v, want %v", err, cause)
	}
	// The connection is as good as before.
	if err := c.send(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	if err := client.Converge(t.Context(), "etcd", []resource.Resource{blobFile("/opt/bin/etcd", c)}, nil); err != nil {
		t.Error(err)
	}
}

func TestConvergeLosesItsNode(t *testing.T) {
	root := t.TempDir()
	p := start(t, root)
	err := p.Converge(t.Context(), "etcd", []resource.Resource{
		resource.Dir{Path: "/opt/bin"}, blobFile("/opt/bin/etcd", random(t, 1<<10)),
	}, func(Event) { _ = p.cmd.Process.Kill() })
	var lost *LostError
	if !errors.As(err, &lost) || fault.Of(err) != fault.SessionLost {
		t.Errorf("got %v, want a *LostError", err)
	}
}

// Requests that go on at the same time each hear of their own progress. Nothing answers before both
// have said that they wait.
func TestConvergeLogsByComponent(t *testing.T) {
	client := connect(t, Options{Root: t.TempDir()}, memory)
	var all sync.WaitGroup
	var waiting atomic.Int32
	for _, component := range []string{"etcd", "kubelet"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if waiting.Load() < 2 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}))
		t.Cleanup(server.Close)
		all.Go(func() {
			var lines []string
			err := client.Converge(t.Context(), component, []resource.Resource{
				resource.Ready{Name: component, URL: server.URL + "/" + component, Timeout: time.Minute},
			}, func(e Event) {
				if e.Kind == EventLog {
					lines = append(lines, e.Component+": "+e.Line)
					waiting.Add(1)
				}
			})
			want := []string{component + ": waiting for " + server.URL + "/" + component}
			if err != nil || !slices.Equal(lines, want) {
				t.Errorf("got %q, %v, want %q", lines, err, want)
			}
		})
	}
	all.Wait()
}

// A host that is to stop finishes what it makes, ends what it waits for, and begins nothing more.
func TestStop(t *testing.T) {
	root := t.TempDir()
	client := connect(t, Options{Root: root}, pipes)
	wanted := []resource.Resource{
		resource.File{Path: "/before", Content: []byte("x")},
		resource.Ready{Name: "silent", URL: "unix:///nowhere", Timeout: time.Hour},
		resource.File{Path: "/after", Content: []byte("x")},
	}
	var stopped *StoppedError
	err := client.Converge(t.Context(), "a", wanted, func(e Event) {
		if e.Kind == EventLog {
			if err := client.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	if !errors.As(err, &stopped) || err.Error() != "ready silent: stopped" {
		t.Errorf("got %v", err)
	}
	if err := client.Converge(t.Context(), "b", wanted[2:], nil); !errors.As(err, &stopped) {
		t.Errorf("after it: %v", err)
	}
	if read(t, filepath.Join(root, "before")) == nil {
		t.Error("what came before is not there")
	}
	if _, err := os.Stat(filepath.Join(root, "after")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what comes after: %v", err)
	}
}
