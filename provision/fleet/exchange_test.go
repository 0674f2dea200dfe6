package fleet

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/internal/delta"
	"kbootstrap/internal/trial"
	"kbootstrap/node"
	"kbootstrap/release"
)

// trade is a feed of hosts that pass contents on, and what it told.
type trade struct {
	fleet Fleet
	roots map[string]string
	feed  *Feed

	cuts   map[string]func() // which lose the session to a host
	onSent func(Event)

	mu   sync.Mutex
	sent []Event
	said []string
}

// newTrade connects so many hosts that lack all of the contents.
func newTrade(t *testing.T, hosts int, contents []release.Content) *trade {
	t.Helper()
	x := &trade{fleet: Fleet{}, roots: map[string]string{}, cuts: map[string]func(){}}
	lack := map[string][]release.Content{}
	for i := range hosts {
		name := fmt.Sprintf("w%d", i+1)
		root := t.TempDir()
		o, cut := inProcess(t, root, func() error { return nil })
		o.Report = x.take
		m := connected(t, name, o)
		m.Host.Address = netip.MustParseAddr("127.0.0.1")
		x.fleet[name], x.roots[name], x.cuts[name], lack[name] = m, root, cut, contents
	}
	x.feed = NewFeed(x.fleet, x.take, Round{Contents: lack})
	keys, err := node.NewRunKeys()
	if err != nil {
		t.Fatal(err)
	}
	x.feed.PassOn(keys)
	return x
}

func (x *trade) take(e Event) {
	if e.Kind == EventSent && x.onSent != nil {
		x.onSent(e)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	switch e.Kind {
	case EventSent:
		x.sent = append(x.sent, e)
	case EventLog:
		x.said = append(x.said, e.Host+": "+e.Text)
	}
}

// fromHere counts how often each content was sent by the control machine, and all that were sent.
func (x *trade) fromHere() (here map[string]int, all int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	here = map[string]int{}
	for _, e := range x.sent {
		if e.From == "" {
			here[e.Text]++
		}
	}
	return here, len(x.sent)
}

// wait returns when each host has so many contents.
func (x *trade) wait(t *testing.T, contents int) {
	t.Helper()
	trial.Eventually(t, "all hosts have all", func() bool {
		_, all := x.fromHere()
		return all >= contents*len(x.fleet)
	})
}

// complained reports whether the log has a text.
func (x *trade) complained(about string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return strings.Contains(strings.Join(x.said, "\n"), about)
}

// programs are some contents.
func programs(t *testing.T, n int) []release.Content {
	t.Helper()
	var all []release.Content
	for i := range n {
		all = append(all, program(t, fmt.Sprintf("program%d", i), []byte(strings.Repeat(fmt.Sprint("text ", i), 1000))))
	}
	return all
}

// TestHostsPassOn: of what many hosts lack the control machine sends one copy, and the bytes say
// so.
func TestHostsPassOn(t *testing.T) {
	contents := programs(t, 6)
	x := newTrade(t, 9, contents)
	begin(t, x.feed)
	x.wait(t, len(contents))
	here, _ := x.fromHere()
	for _, c := range contents {
		if here[c.Name] != 1 {
			t.Errorf("%s was sent %d times from here: %v", c.Name, here[c.Name], x.said)
		}
	}
	got, passed := int64(0), int64(0)
	for name := range x.fleet {
		got += x.feed.Bytes(name)
		passed += x.feed.Passed(name)
	}
	set := int64(0)
	for _, c := range contents {
		set += c.Compressed
	}
	if got != 9*set || passed != 8*set {
		t.Errorf("%d bytes, of them %d passed on; a set has %d", got, passed, set)
	}
	for name, m := range x.fleet {
		for _, c := range contents {
			if err := m.Client.Converge(t.Context(), c.Name, wants(c), nil); err != nil {
				t.Error(name, err)
			}
		}
	}
}

// TestFewHostsPassNothingOn: where few hosts lack a content, each gets it from here.
func TestFewHostsPassNothingOn(t *testing.T) {
	contents := programs(t, 2)
	x := newTrade(t, shareFrom-1, contents)
	begin(t, x.feed)
	x.wait(t, len(contents))
	if here, _ := x.fromHere(); here["program0"] != shareFrom-1 {
		t.Errorf("sent from here: %v", here)
	}
}

// TestDeltasArePassedOn: a delta is passed on as a delta to hosts that got its base.
func TestDeltasArePassedOn(t *testing.T) {
	raw := []byte(strings.Repeat("what both programs have; ", 1000))
	contents := []release.Content{program(t, "base", raw), program(t, "other", append([]byte("more: "), raw...))}
	d, err := release.FileDelta(file(t, func(w io.Writer) error {
		return delta.Encode(w, raw, append([]byte("more: "), raw...))
	}), contents[0].SHA256)
	if err != nil {
		t.Fatal(err)
	}
	contents[1].Deltas = []release.Delta{d}
	x := newTrade(t, 6, contents)
	begin(t, x.feed)
	x.wait(t, len(contents))
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, e := range x.sent {
		if e.Text == "other" && e.Bytes != contents[1].Deltas[0].Compressed {
			t.Errorf("%s got %d bytes of it from %q, not the %d of the delta", e.Host, e.Bytes, e.From,
				contents[1].Deltas[0].Compressed)
		}
	}
}

// TestLiarsAreLeftOut: hosts that pass on other bytes than they got harm no other host, and are
// asked for nothing more.
func TestLiarsAreLeftOut(t *testing.T) {
	contents := programs(t, 3)
	x := newTrade(t, 6, contents)
	x.onSent = func(e Event) { // all but w1, before another host can ask for it
		if e.Host != "w1" {
			lie(x.roots[e.Host])
		}
	}
	begin(t, x.feed)
	x.wait(t, len(contents))
	if !x.complained("could not pass program") {
		t.Errorf("no lie was noticed: %q", x.said)
	}
	for name, m := range x.fleet {
		for _, c := range contents {
			if err := m.Client.Converge(t.Context(), c.Name, wants(c), nil); err != nil {
				t.Error(name, err)
			}
		}
	}
}

// TestHostThatEndsIsLeftOut: when the session to a host is lost that has passed nothing on yet, the
// others get what it had from elsewhere.
func TestHostThatEndsIsLeftOut(t *testing.T) {
	contents := programs(t, 3)
	x := newTrade(t, 6, contents)
	var once sync.Once
	x.onSent = func(e Event) {
		once.Do(func() { x.cuts[e.Host]() })
	}
	begin(t, x.feed)
	x.wait(t, len(contents))
	here, _ := x.fromHere()
	for _, c := range contents {
		if here[c.Name] > 3 {
			t.Errorf("%s was sent %d times from here: %v", c.Name, here[c.Name], x.said)
		}
	}
}

// lie changes what a host keeps of contents.
func lie(root string) {
	kept, _ := filepath.Glob(filepath.Join(root, "opt/kbootstrap/blobs/*.stream-*"))
	for _, path := range kept {
		_ = os.WriteFile(path, []byte("a lie"), 0o600)
	}
}

// TestJudge: who sends wrong bytes is left out at once, who cannot be reached after some tries, and
// a host that can reach no other gets everything from here.
func TestJudge(t *testing.T) {
	m, _ := newMachine(t, "w1")
	to, from := newLine(m, func(Event) {}), newLine(m, func(Event) {})
	x := newExchange(nil, nil)
	w := way{from: from}
	x.judge(to, w, nil)
	for i := range strikes {
		if x.member(from).out || x.member(to).alone {
			t.Errorf("left out after %d tries", i)
		}
		x.judge(to, w, fault.RelayFailed.Errorf("no way"))
	}
	if !x.member(from).out || !x.member(to).alone {
		t.Error("still tried")
	}
	x = newExchange(nil, nil)
	if x.judge(to, w, fault.RelayDamaged.Errorf("a lie")); !x.member(from).out || x.member(to).alone {
		t.Error("the liar is still asked, or the one that noticed is left out")
	}
	x = newExchange(nil, nil)
	if x.judge(to, w, &node.LostError{Err: context.Canceled}); x.member(from).failed != 0 {
		t.Error("blamed for a host that is away")
	}
}
