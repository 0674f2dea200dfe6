package screen

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"kbootstrap/provision/fleet"
	"kbootstrap/report"
)

// still is a view whose clock stands, after the events.
func still(o Options, events ...report.Event) (*View, *time.Time) {
	now := time.Unix(0, 0)
	v := newView(io.Discard, o, func() time.Time { return now })
	for _, e := range events {
		v.keep(e)
	}
	return v, &now
}

func text(lines []line) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.text + "\n")
	}
	return b.String()
}

// TestFrameOfManyHosts: fifty hosts on a terminal of 24 lines. Those with work to do are shown
// before those that are done.
func TestFrameOfManyHosts(t *testing.T) {
	started := report.Event{Kind: report.Started}
	var events []report.Event
	for i := range 50 {
		name := fmt.Sprintf("w%02d", i)
		started.Hosts = append(started.Hosts, name)
		events = append(events,
			report.Event{Kind: fleet.EventPlanned, Host: name, Count: 1},
			report.Event{Kind: fleet.EventStart, Host: name, Component: "base"})
		if i < 20 || i > 40 {
			events = append(events, report.Event{Kind: fleet.EventDone, Host: name, Component: "base"})
		}
	}
	v, _ := still(Options{}, append([]report.Event{started}, events...)...)
	lines := v.frame(80, 24)
	if len(lines) != 23 { // one is the cursor's
		t.Fatalf("%d lines:\n%s", len(lines), text(lines))
	}
	got := text(lines)
	if !strings.HasPrefix(got, "  w20 ") || !strings.Contains(got, "\n  w40 ") || strings.Contains(got, "w41") ||
		!strings.HasSuffix(got, "\n  … and 29 more\n  0.0 s, 29 of 50 hosts done\n") {
		t.Errorf("got\n%s", got)
	}
	for height := range 8 {
		if lines := v.frame(80, height); len(lines) > max(3, height-1) {
			t.Errorf("%d lines of %d", len(lines), height)
		}
	}
	// What just fits is shown; a line that says "and 1 more" would take the same room.
	for n := 1; n <= 50; n++ {
		v.hosts = v.hosts[:n:n]
		if text := text(v.frame(80, n+2)); strings.Contains(text, "more") || strings.Count(text, "\n") != n+1 {
			t.Errorf("%d hosts on %d lines:\n%s", n, n+2, text)
		}
		if n < 50 {
			v, _ = still(Options{}, append([]report.Event{started}, events...)...)
		}
	}
}

// TestFrameSays: what is said of a host in each of its stages.
func TestFrameSays(t *testing.T) {
	v, now := still(Options{}, report.Event{Kind: report.Started,
		Hosts: []string{"a-host-with-a-rather-long-name", "b"}})
	says := func(want string, events ...report.Event) {
		t.Helper()
		*now = now.Add(time.Second)
		for _, e := range events {
			e.Host = "b"
			v.keep(e)
		}
		lines := v.frame(120, 24)
		if want == "" {
			if len(lines) > 0 {
				t.Errorf("got %q before anything happened", text(lines))
			}
			return
		}
		if got := lines[0].text; strings.Join(strings.Fields(got), " ") != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	const etcd, kubelet = "etcd", "kubelet"
	says("")
	says("b 0.0 s 0 B connecting", report.Event{Kind: fleet.EventConnecting})
	says("b 1.0 s 0 B uploading the agent",
		report.Event{Kind: fleet.EventLog, Component: "connect", Text: "uploading the agent"})
	says("b 2.0 s 0 B connected", report.Event{Kind: fleet.EventConnected})
	says("b 0.0 s 0 B 0/2 waiting for other hosts", report.Event{Kind: fleet.EventPlanned, Count: 2})
	says("b 0.0 s 0 B 0/2 etcd", report.Event{Kind: fleet.EventStart, Component: etcd})
	says("b 0.0 s 0 B 0/2 kubelet (+1)", report.Event{Kind: fleet.EventStart, Component: kubelet})
	says("b 1.0 s 3 MB 0/2 kubelet (+1)", report.Event{Kind: fleet.EventSending, Bytes: 3e6})
	says("b 3.0 s 5 MB 0/2 etcd (+1): waiting", report.Event{Kind: fleet.EventSent, Bytes: 5e6},
		report.Event{Kind: fleet.EventLog, Component: etcd, Text: "waiting"})
	says("b 4.0 s 5 MB 0/2 etcd (+1)", report.Event{Kind: fleet.EventChange, Component: etcd, Resource: "service etcd"})
	says("b 4.0 s 5 MB 1/2 kubelet", report.Event{Kind: fleet.EventDone, Component: etcd})
	says("b 7.0 s 5 MB 2/2 done", report.Event{Kind: fleet.EventDone, Component: kubelet})
	if got := v.frame(120, 24)[1].text; got != "  12.0 s, 1 of 2 hosts done, 5 MB sent" {
		t.Errorf("all together: %q", got)
	}
	says("b 8.0 s 5 MB 2/2 failed", report.Event{Kind: fleet.EventFailed, Component: etcd})

	v, now = still(Options{}, report.Event{Kind: report.Started, Hosts: []string{"b"}})
	says("b 0.0 s 0 B connecting", report.Event{Kind: fleet.EventConnecting})
	says("b 1.0 s 0 B failed", report.Event{Kind: fleet.EventFailed, Component: "connect"})
}

// TestFrameFits: no line is as wide as the terminal, whatever it is made of, and no text of a host
// reaches the terminal as an order.
func TestFrameFits(t *testing.T) {
	for _, says := range []string{
		strings.Repeat("wäiting ", 20), strings.Repeat("待っている", 20), strings.Repeat("e\u0301", 90),
		"\x1b[2J\x1b]0;title\a\r\nx\u202e\u0085",
		strings.Repeat("👷", 60), "",
	} {
		for _, ascii := range []bool{false, true} {
			v, _ := still(Options{ASCII: ascii},
				report.Event{Kind: report.Started, Hosts: []string{"主机"}},
				report.Event{Kind: fleet.EventStart, Host: "主机", Component: "kube-apiserver"},
				report.Event{Kind: fleet.EventLog, Host: "主机", Component: "kube-apiserver", Text: says})
			for width := 1; width < 130; width++ {
				for _, l := range v.frame(width, 24) {
					if cells(l.text) != l.cells || l.cells > max(0, width-1) || !utf8.ValidString(l.text) {
						t.Fatalf("%d columns of %d, said to be %d: %q", cells(l.text), width, l.cells, l.text)
					}
					for _, r := range l.text {
						if r < ' ' || r == 0x85 || r == 0x202e || ascii && r > 126 {
							t.Fatalf("%q in %q", r, l.text)
						}
					}
				}
			}
		}
	}
}

// TestWrap: a long line that stays is broken between words.
func TestWrap(t *testing.T) {
	v := newView(io.Discard, Options{Live: true, Size: func() (int, int) { return 50, 24 }}, time.Now)
	warn := func(host, text string) string {
		return v.told(report.Event{Kind: report.Warning, Host: host, Component: "preflight", Text: text})
	}
	got := warn("", "/etc/resolv.conf names only 127.0.0.1, which in a pod is the pod itself")
	want := "! preflight: warning: /etc/resolv.conf names only\n             127.0.0.1, which in a pod is the pod\n" +
		"             itself"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	got = warn("m1", "/etc/resolv.conf names only "+strings.Repeat("x", 70)+" 主机 主机")
	want = "! m1    preflight                warning:\n    /etc/resolv.conf names only\n    " +
		strings.Repeat("x", 70) + "\n    主机 主机"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestCells(t *testing.T) {
	for s, want := range map[string]int{"": 0, "abc": 3, "äöü": 3, "e\u0301": 1, "主机": 4, "👷": 2,
		"ﾊﾝｶｸ": 4, "✓ …": 3, "\u200b": 0} {
		if got := cells(s); got != want {
			t.Errorf("%q takes %d columns, want %d", s, got, want)
		}
	}
	v := newView(io.Discard, Options{}, time.Now)
	for _, test := range []struct {
		s    string
		n    int
		want string
	}{{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"主机主", 5, "主机…"}, {"主机主", 4, "主…"}, {"abc", 0, ""},
		{"", 0, ""}, {"abc", 1, "…"}} {
		if got := v.signs.cut(test.s, test.n); got != test.want {
			t.Errorf("%q cut to %d: %q, want %q", test.s, test.n, got, test.want)
		}
	}
}
