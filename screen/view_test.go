package screen

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"kbootstrap/provision/fleet"
	"kbootstrap/report"
)

// happened is a run on two hosts, with its events in their usual order.
func happened() []report.Event {
	return []report.Event{
		{Kind: report.Started, Verb: "up", Cluster: "demo", Inventory: "hosts.yaml",
			Hosts: []string{"m1", "m2"}, Log: "/log"},
		{Kind: fleet.EventPhase, Text: "fetch kubelet"},
		{Kind: fleet.EventConnecting, Host: "m1", Component: "connect"},
		{Kind: fleet.EventLog, Host: "m1", Component: "connect", Text: "uploading the agent"},
		{Kind: fleet.EventConnected, Host: "m1", Text: "Debian 12, kernel 6.1"},
		{Kind: fleet.EventPlanned, Host: "m1", Count: 2},
		{Kind: fleet.EventPlanned, Host: "m2", Count: 2},
		{Kind: fleet.EventStart, Host: "m1", Component: "etcd"},
		{Kind: fleet.EventSending, Host: "m1", Text: "etcd", Bytes: 4_000_000},
		{Kind: fleet.EventSent, Host: "m1", Text: "etcd", Bytes: 8_400_000},
		{Kind: fleet.EventChange, Host: "m1", Component: "etcd", Resource: "file /etc/etcd/pki/server.key",
			Diff: "+content", DurationMs: 40},
		{Kind: fleet.EventLog, Host: "m1", Component: "etcd", Text: "waiting for https://127.0.0.1:2379/health"},
		{Kind: fleet.EventChange, Host: "m1", Component: "etcd", Resource: "service etcd.service", DurationMs: 2000},
		{Kind: fleet.EventDone, Host: "m1", Component: "etcd", DurationMs: 2100, Count: 2, Changed: true},
		{Kind: fleet.EventStart, Host: "m2", Component: "base"},
		{Kind: fleet.EventDone, Host: "m2", Component: "base", DurationMs: 1},
		{Kind: report.Warning, Host: "m2", Component: "base", Text: "the clock is 3 s ahead"},
		{Kind: fleet.EventRollback, Host: "m2", Component: "etcd", Resource: "file /etc/etcd/etcd.conf"},
		{Kind: fleet.EventStopped, Host: "m2", Component: "kubelet", DurationMs: 500},
		{Kind: fleet.EventFailed, Host: "m2", Component: "etcd", Text: "no quorum", DurationMs: 90_000},
		{Kind: report.Failed, Host: "m2", Component: "etcd", Text: "m2: etcd: no quorum"},
		{Kind: report.Finished},
	}
}

func shown(o Options) string {
	var out strings.Builder
	v := New(&out, o)
	for _, e := range happened() {
		v.Event(e)
	}
	v.Line("that\nwas it")
	v.Stop()
	v.Stop()
	return out.String()
}

// TestPlain: what a log gets. Nothing in it moves, and without being asked for nothing is coloured;
// what changed nothing is not told.
func TestPlain(t *testing.T) {
	const plain = `kbootstrap: up demo: 2 hosts (hosts.yaml)
kbootstrap: fetch kubelet
kbootstrap: m1: etcd: 2 changed in 2.1 s
kbootstrap: m2: base: warning: the clock is 3 s ahead
kbootstrap: m2: etcd: put back: file /etc/etcd/etcd.conf
kbootstrap: m2: etcd: failed after 90.0 s
kbootstrap: that was it
`
	const verbose = `kbootstrap: up demo: 2 hosts (hosts.yaml)
kbootstrap: log: /log
kbootstrap: fetch kubelet
kbootstrap: m1: connect: uploading the agent
kbootstrap: m1: connected: Debian 12, kernel 6.1
kbootstrap: m1: sent etcd (8 MB)
kbootstrap: m1: etcd: file /etc/etcd/pki/server.key (0.0 s)
kbootstrap: m1: etcd: waiting for https://127.0.0.1:2379/health
kbootstrap: m1: etcd: service etcd.service (2.0 s)
kbootstrap: m1: etcd: 2 changed in 2.1 s
kbootstrap: m2: base: warning: the clock is 3 s ahead
kbootstrap: m2: etcd: put back: file /etc/etcd/etcd.conf
kbootstrap: m2: kubelet: stopped after 0.5 s
kbootstrap: m2: etcd: failed after 90.0 s
kbootstrap: that was it
`
	for _, test := range []struct {
		what    string
		options Options
		want    string
	}{
		{"plain", Options{}, plain},
		{"ASCII", Options{ASCII: true}, plain},
		{"verbose", Options{Verbose: true}, verbose},
		{"quiet", Options{Quiet: true}, ""},
		{"quiet wins", Options{Quiet: true, Verbose: true, Live: true}, ""},
		{"forced colour", Options{Colour: true},
			strings.ReplaceAll(plain, "etcd: failed", "etcd: \x1b[31mfailed\x1b[0m")},
	} {
		if got := shown(test.options); got != test.want {
			t.Errorf("%s:\n%s\nwant\n%s", test.what, got, test.want)
		}
	}
}

func TestWarnIsNeverQuiet(t *testing.T) {
	var out strings.Builder
	v := New(&out, Options{Quiet: true})
	v.Warn("log: no\x1b[2J space")
	if got, want := out.String(), "kbootstrap: warning: log: no[2J space\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// terminal is what a person sees: it carries out what is written, as a terminal that breaks long
// lines does. It knows the three orders that a View gives, and refuses all others.
type terminal struct {
	t     *testing.T
	width int
	mu    sync.Mutex
	lines []string // what is not ended by a newline is the last of them
	rest  string
}

var orders = regexp.MustCompile(`^\x1b\[(\d+)A\r\x1b\[J|^\x1b\[(0|2|31|32)m|^[^\x1b]+`)

func (s *terminal) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for text := string(p); text != ""; {
		m := orders.FindStringSubmatch(text)
		if m == nil {
			s.t.Fatalf("an order that is not known: %q", text)
		}
		text = text[len(m[0]):]
		switch {
		case m[1] != "":
			up, _ := strconv.Atoi(m[1])
			if s.rest != "" {
				s.t.Errorf("erased below an unfinished line %q", s.rest)
			}
			for up > 0 {
				if len(s.lines) == 0 {
					s.t.Fatalf("erased %d rows too many", up)
				}
				last := s.lines[len(s.lines)-1]
				up -= max(1, (cells(last)+s.width-1)/s.width)
				s.lines = s.lines[:len(s.lines)-1]
			}
			if up < 0 {
				s.t.Errorf("erased a part of a line")
			}
		case m[2] == "":
			s.rest += m[0]
			for line := ""; strings.Contains(s.rest, "\n"); {
				line, s.rest, _ = strings.Cut(s.rest, "\n")
				s.lines = append(s.lines, line)
			}
		}
	}
	return len(p), nil
}

func (s *terminal) screen() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.lines, "\n")
}

// TestLive: finished work scrolls by, one line a host stays below it, and in the end it is gone.
func TestLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &terminal{t: t, width: 80}
		v := New(out, Options{Live: true, Colour: true, Size: func() (int, int) { return 80, 24 }})
		for _, e := range happened()[:12] {
			v.Event(e)
		}
		<-time.After(1300 * time.Millisecond)
		synctest.Wait()
		want := `up demo: 2 hosts (hosts.yaml)
fetch kubelet
  m1      1.2 s    8 MB    0/2  etcd: waiting for https://127.0.0.1:2379/health
  m2      1.2 s     0 B    0/2  waiting for other hosts
  1.2 s, 8 MB sent`
		if got := out.screen(); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		for _, e := range happened()[12:] {
			v.Event(e)
		}
		<-time.After(time.Second)
		v.Stop()
		want = `up demo: 2 hosts (hosts.yaml)
fetch kubelet
✓ m1    etcd                        2 changed     2.1 s
! m2    base                     warning: the clock is 3 s ahead
! m2    etcd                     put back: file /etc/etcd/etcd.conf
✗ m2    etcd                     failed after 90.0 s`
		if got := out.screen(); got != want {
			t.Errorf("in the end\n%s\nwant\n%s", got, want)
		}
	})
}

// TestSuspend: while a question stands on the screen nothing else is written, and nothing is lost.
func TestSuspend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &terminal{t: t, width: 80}
		v := New(out, Options{Live: true, Size: func() (int, int) { return 80, 24 }})
		for _, e := range happened()[:6] {
			v.Event(e)
		}
		v.Suspend()
		v.Suspend()
		before := out.screen()
		if strings.Contains(before, "m1") {
			t.Errorf("the moving lines stayed: %q", before)
		}
		v.Line("said meanwhile")
		v.Event(report.Event{Kind: fleet.EventPhase, Text: "and this"})
		<-time.After(time.Minute)
		v.Resume()
		<-time.After(time.Minute)
		if now := out.screen(); now != before {
			t.Errorf("written during a question: %q", now)
		}
		v.Resume()
		v.Stop()
		if got, want := out.screen(), before+"\nsaid meanwhile\nand this"; got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}

// TestResize: the window becomes narrower in the middle of a run, and a terminal breaks the lines
// again: what was drawn goes all the same, and nothing above it.
func TestResize(t *testing.T) {
	out := &terminal{t: t, width: 80}
	now := time.Unix(0, 0)
	v := newView(out, Options{Live: true, Size: func() (int, int) { return out.width, 24 }},
		func() time.Time { return now })
	for _, e := range happened()[:12] {
		v.Event(e)
	}
	for _, width := range []int{80, 79, 41, 20, 7, 1, 200, 80} {
		out.width = width
		v.Line("now " + fmt.Sprint(width))
		for _, l := range v.drawn {
			if l >= width && width > 1 {
				t.Errorf("a line of %d columns on a terminal of %d", l, width)
			}
		}
	}
	v.Stop()
	want := []string{"up demo: 2 hosts (hosts.yaml)", "fetch kubelet", "now 80", "now 79", "now 41", "now 20", "now 7",
		"now 1", "now 200", "now 80"}
	if got := strings.Split(out.screen(), "\n"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
