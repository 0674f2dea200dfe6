package fleet

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kbootstrap/fault"
	"kbootstrap/internal/fixture"
	"kbootstrap/internal/trial"
	"kbootstrap/node"
	"kbootstrap/release"
	"kbootstrap/resource"
)

// newMachine is a host whose node runs in this process, with its files below root.
func newMachine(t *testing.T, name string) (m *Machine, root string) {
	t.Helper()
	root = t.TempDir()
	o, _ := inProcess(t, root, func() error { return nil })
	return connected(t, name, o), root
}

// told keeps what a feed tells, one "host content" for each that was sent.
type told struct {
	mu   sync.Mutex
	sent []string
}

func (o *told) take(e Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if e.Kind == EventSent {
		o.sent = append(o.sent, e.Host+" "+e.Text)
	}
}

// list returns what was sent so far.
func (o *told) list() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.sent)
}

// wants is a file below /opt that is made from a content.
func wants(c release.Content) []resource.Resource {
	return []resource.Resource{resource.File{Path: "/opt/" + c.Name, Blob: c.SHA256, Size: c.Size}}
}

// contentsOf returns some programs, and where they are from.
func contentsOf(t *testing.T, names ...string) ([]release.Content, *release.Set) {
	t.Helper()
	set := fixture.Resolve(t, fixture.Parse(t, fixture.Small))
	var contents []release.Content
	for _, name := range names {
		c, err := set.Content(name)
		if err != nil {
			t.Fatal(err)
		}
		contents = append(contents, c)
	}
	return contents, set
}

// begin runs a feed until the test ends.
func begin(t *testing.T, f *Feed) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); f.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
}

// TestFeedSendsInRounds: each host gets its contents in their order; a round comes when the one
// before is over on all hosts, and when what it waits for is done.
func TestFeedSendsInRounds(t *testing.T) {
	m1, _ := newMachine(t, "m1")
	m2, _ := newMachine(t, "m2")
	c, _ := contentsOf(t, "etcd", "kubelet", "runc")
	var seen told
	api := NewCountdown(1)
	count := make(chan struct{}, 9)
	feed := NewFeed(Fleet{"m1": m1, "m2": m2}, func(e Event) {
		if seen.take(e); e.Kind == EventSent {
			count <- struct{}{}
		}
	}, Round{Contents: map[string][]release.Content{"m1": c[:1]}},
		Round{Contents: map[string][]release.Content{"m2": c[1:2]}},
		Round{Contents: map[string][]release.Content{"m2": c[2:]}, After: api, Patience: time.Hour})
	begin(t, feed)
	<-count
	<-count
	if want := []string{"m1 etcd", "m2 kubelet"}; !slices.Equal(seen.list(), want) {
		t.Errorf("sent %q, want %q", seen.list(), want)
	}
	api.Done()
	<-count
	if got := seen.list()[2]; got != "m2 runc" {
		t.Errorf("sent %q at last", got)
	}
	if feed.Bytes("m1") != c[0].Compressed || feed.Bytes("m2") != c[1].Compressed+c[2].Compressed {
		t.Errorf("%d and %d bytes", feed.Bytes("m1"), feed.Bytes("m2"))
	}
}

// TestFeedSendsWhatIsNeeded: a content that a step asks for is sent at once, and what is to be sent
// ahead is not hurried.
func TestFeedSendsWhatIsNeeded(t *testing.T) {
	m, root := newMachine(t, "m1")
	c, set := contentsOf(t, "etcd", "kubelet")
	var seen told
	late := NewCountdown(1)
	feed := NewFeed(Fleet{"m1": m}, seen.take,
		Round{Contents: map[string][]release.Content{"m1": c[1:]}, After: late, Patience: time.Hour})
	begin(t, feed)
	converge := func(c release.Content) error {
		return m.Client.Converge(t.Context(), c.Name, wants(c), func(e node.Event) {
			if e.Kind == node.EventNeed {
				feed.Need("m1", e.Sum, set)
			}
		})
	}
	kubelet := make(chan error, 1)
	go func() { kubelet <- converge(c[1]) }()
	if err := converge(c[0]); err != nil {
		t.Fatal(err)
	}
	trial.Eventually(t, "it is told", func() bool { return len(seen.list()) > 0 })
	if want := []string{"m1 etcd"}; !slices.Equal(seen.list(), want) {
		t.Errorf("sent %q, want %q", seen.list(), want)
	}
	late.Done()
	if err := <-kubelet; err != nil {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(root, "opt/kubelet")); err != nil { // which was sent already
		t.Fatal(err)
	}
	if err := converge(c[1]); err != nil {
		t.Error(err)
	}
}

// TestFeedNamesTheCause: a content that cannot be read here, that no artifact has, or that the host
// refuses fails the step which waits for it.
func TestFeedNamesTheCause(t *testing.T) {
	c, set := contentsOf(t, "etcd", "kubelet", "runc")
	stream, err := c[1].Open()
	if err != nil {
		t.Fatal(err)
	}
	_ = stream.Close()
	if err := os.Remove(stream.(interface{ Name() string }).Name()); err != nil {
		t.Fatal(err)
	}
	unknown := c[0]
	unknown.SHA256 = strings.Repeat("ab", 32)
	for _, test := range []struct {
		content release.Content
		refused bool // the host cannot keep it
		words   string
	}{
		{unknown, false, "no artifact of this run has that sum"},
		{c[1], false, "send kubelet: content kubelet: open "},
		{c[2], true, "send runc: "},
	} {
		m, root := newMachine(t, "m1")
		if test.refused {
			if err := os.RemoveAll(filepath.Join(root, "opt/kbootstrap/blobs")); err != nil {
				t.Fatal(err)
			}
		}
		feed := NewFeed(Fleet{"m1": m}, func(Event) {})
		begin(t, feed)
		err := m.Client.Converge(t.Context(), "a", wants(test.content), func(e node.Event) {
			if e.Kind == node.EventNeed {
				feed.Need("m1", e.Sum, set)
			}
		})
		if err == nil || !strings.Contains(err.Error(), test.words) {
			t.Errorf("got %v, want %q", err, test.words)
		}
		if fault.Of(err) != fault.ContentNotSent {
			t.Errorf("got the code %s", fault.Of(err))
		}
	}
}
