package main

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"kbootstrap/inventory"
	"kbootstrap/provision"
)

// told are the lines of a run of one component, with its events in their usual order.
func told(t *testing.T, flags clusterFlags) string {
	t.Helper()
	var out strings.Builder
	p := newProgress(&out, &inventory.Cluster{Hosts: []inventory.Host{{Name: "m1"}, {Name: "m2"}}}, &flags)
	for _, e := range []provision.Event{
		{Kind: provision.EventPhase, Text: "fetch kubelet"},
		{Kind: provision.EventConnected, Host: "m1", Text: "Debian 12, kernel 6.1"},
		{Kind: provision.EventStart, Host: "m1", Component: "etcd"},
		{Kind: provision.EventSent, Host: "m1", Text: "etcd", Bytes: 8_400_000},
		{Kind: provision.EventChange, Host: "m1", Component: "etcd", ID: "file /etc/etcd/pki/server.key", Diff: "+content", Took: 40 * time.Millisecond},
		{Kind: provision.EventLog, Host: "m1", Component: "etcd", Text: "waiting for https://127.0.0.1:2379/health"},
		{Kind: provision.EventChange, Host: "m1", Component: "etcd", ID: "service etcd.service", Took: 2 * time.Second},
		{Kind: provision.EventDone, Host: "m1", Component: "etcd", Took: 2100 * time.Millisecond},
		{Kind: provision.EventStart, Host: "m2", Component: "base"},
		{Kind: provision.EventDone, Host: "m2", Component: "base", Took: time.Millisecond},
		{Kind: provision.EventFailed, Host: "m2", Component: "etcd", Text: "no quorum", Took: 90 * time.Second},
	} {
		p.report(e)
	}
	p.stop()
	p.stop()
	return out.String()
}

// TestProgress: what a log file gets. Nothing in it moves or is coloured; what changed nothing is not told.
func TestProgress(t *testing.T) {
	const plain = `kbootstrap: fetch kubelet
kbootstrap: m1: etcd: 2 changed in 2.1 s
kbootstrap: m2: etcd: failed after 90.0 s
`
	const verbose = `kbootstrap: fetch kubelet
kbootstrap: m1: connected: Debian 12, kernel 6.1
kbootstrap: m1: sent etcd (8 MB)
kbootstrap: m1: etcd: file /etc/etcd/pki/server.key (0.0 s)
kbootstrap: m1: etcd: waiting for https://127.0.0.1:2379/health
kbootstrap: m1: etcd: service etcd.service (2.0 s)
kbootstrap: m1: etcd: 2 changed in 2.1 s
kbootstrap: m2: etcd: failed after 90.0 s
`
	for _, test := range []struct {
		what  string
		flags clusterFlags
		want  string
	}{
		{"plain", clusterFlags{}, plain},
		{"without colour", clusterFlags{noColor: true}, plain},
		{"verbose", clusterFlags{verbose: true}, verbose},
		{"quiet", clusterFlags{quiet: true}, ""},
		{"quiet wins", clusterFlags{quiet: true, verbose: true}, ""},
	} {
		if got := told(t, test.flags); got != test.want {
			t.Errorf("%s:\n%s\nwant\n%s", test.what, got, test.want)
		}
	}
	t.Setenv("NO_COLOR", "1")
	if got := told(t, clusterFlags{}); got != plain {
		t.Errorf("NO_COLOR:\n%s", got)
	}
}

// TestProgressLive: on a terminal the live lines never break, and are gone in the end.
func TestProgressLive(t *testing.T) {
	var out strings.Builder
	p := newProgress(&out, &inventory.Cluster{Hosts: []inventory.Host{{Name: "m1"}, {Name: "m2"}}}, &clusterFlags{})
	p.live, p.width = true, 40
	p.report(provision.Event{Kind: provision.EventStart, Host: "m1", Component: "kubelet"})
	p.report(provision.Event{Kind: provision.EventLog, Host: "m1", Component: "kubelet", Text: strings.Repeat("wäiting\n", 20)})
	p.report(provision.Event{Kind: provision.EventPhase, Text: "stays"})
	p.stop()
	text := out.String()
	if !utf8.ValidString(text) || strings.Contains(text, "m2") {
		t.Errorf("%q", text)
	}
	drawn, erased := strings.Count(text, "  m1 "), strings.Count(text, "\x1b[1A\x1b[J")
	if drawn == 0 || drawn != erased || !strings.HasSuffix(text, "\x1b[1A\x1b[J") {
		t.Errorf("%d lines drawn, %d erased: %q", drawn, erased, text)
	}
	for line := range strings.Lines(strings.ReplaceAll(text, "\x1b[1A\x1b[J", "")) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n >= p.width && !strings.HasPrefix(line, "kbootstrap:") {
			t.Errorf("a line of %d: %q", n, line)
		}
	}
}

// TestProgressSuspended: while a question stands on the screen nothing else is written, and nothing is lost.
func TestProgressSuspended(t *testing.T) {
	var out strings.Builder
	p := newProgress(&out, twoHosts(), &clusterFlags{})
	p.suspend()
	p.suspend()
	p.report(provision.Event{Kind: provision.EventPhase, Text: "first"})
	p.resume()
	p.report(provision.Event{Kind: provision.EventPhase, Text: "second"})
	if out.Len() > 0 {
		t.Errorf("written during a question: %q", out.String())
	}
	p.resume()
	p.report(provision.Event{Kind: provision.EventPhase, Text: "third"})
	p.stop()
	if got, want := out.String(), "kbootstrap: first\nkbootstrap: second\nkbootstrap: third\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
