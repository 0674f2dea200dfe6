package screen

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"kbootstrap/provision/fleet"
	"kbootstrap/report"
)

// fiveHundred are the events of a run over 500 hosts, each of which has 20 components. The hosts
// with these numbers fail, and those below `done` are done.
func fiveHundred(done int, failing ...int) []report.Event {
	const hosts, steps = 500, 20
	started := report.Event{Kind: report.Started}
	for n := range hosts {
		started.Hosts = append(started.Hosts, fmt.Sprintf("w%03d", n))
	}
	events := []report.Event{started}
	for _, name := range started.Hosts {
		events = append(events, report.Event{Kind: fleet.EventConnecting, Host: name},
			report.Event{Kind: fleet.EventConnected, Host: name},
			report.Event{Kind: fleet.EventPlanned, Host: name, Count: steps})
	}
	for n, name := range started.Hosts {
		for step := range steps {
			if n >= done && step > 0 {
				break
			}
			component := fmt.Sprintf("component-%d", step)
			events = append(events, report.Event{Kind: fleet.EventStart, Host: name, Component: component},
				report.Event{Kind: fleet.EventDone, Host: name, Component: component, Count: 1})
		}
	}
	for _, n := range failing {
		events = append(events, report.Event{Kind: fleet.EventFailed, Host: started.Hosts[n], Component: "kubelet"})
	}
	return events
}

// TestFrameOfFiveHundredHosts: on 24 lines there is what matters of 500 hosts: who has failed, then
// who is at work, and how many there are of each.
func TestFrameOfFiveHundredHosts(t *testing.T) {
	at := func(n int) report.Event {
		return report.Event{Kind: fleet.EventStart, Host: fmt.Sprintf("w%03d", n), Component: "kubelet"}
	}
	v, _ := still(Options{}, append(fiveHundred(300, 7, 499), at(410), at(498))...)
	lines := v.frame(80, 24)
	if len(lines) != 23 { // one is the cursor's
		t.Fatalf("%d lines:\n%s", len(lines), text(lines))
	}
	for _, l := range lines {
		if l.cells >= 80 {
			t.Errorf("a line of %d columns: %q", l.cells, l.text)
		}
	}
	var names []string
	for _, l := range lines[:21] {
		names = append(names, strings.Fields(l.text)[0])
	}
	if got := strings.Join(names, " "); !strings.HasPrefix(got, "w007 w300 w301 ") || !strings.HasSuffix(got,
		" w410 w498 w499") {
		t.Errorf("these hosts are shown: %s", got)
	}
	if got, want := text(lines[21:]), "  … and 479 more\n  0.0 s, 299 of 500 hosts done, 2 failed\n"; got != want {
		t.Errorf("the end is\n%swant\n%s", got, want)
	}
}

// BenchmarkFiveHundredHosts shows all events of a run over 500 hosts.
func BenchmarkFiveHundredHosts(b *testing.B) {
	events := fiveHundred(500)
	b.ReportMetric(float64(len(events)), "events/op")
	for b.Loop() {
		now := time.Unix(0, 0)
		v := newView(io.Discard, Options{Live: true, Size: func() (int, int) { return 80, 24 }},
			func() time.Time { return now })
		for _, e := range events {
			v.Event(e)
		}
	}
}
