package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/report"
	"kbootstrap/screen"
)

func at(ms int, text string) line { return line{time.Duration(ms) * time.Millisecond, text} }

// told is a run of the tool as its own writers tell it: its lines on standard error and its log.
func told(t *testing.T, start time.Time, events ...report.Event) measured {
	t.Helper()
	log, err := report.OpenLog(t.TempDir(), "up", start, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	begun := report.Event{Kind: report.Started, Verb: "up", Cluster: "bench", Inventory: "hosts.yaml", Log: log.Path()}
	stderr := &stamps{begin: start}
	view := screen.New(stderr, screen.Options{Verbose: true})
	defer view.Stop()
	begun.Time.Time = start.Add(20 * time.Millisecond)
	for _, e := range append([]report.Event{begun}, events...) {
		log.Event(e)
		view.Event(e)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	return measured{start: start, lines: stderr.lines}
}

// step is the events of a step that ends so many milliseconds after the start of the run. Nothing
// may have changed in it.
func step(start time.Time, ms int, host, component string, changed int) []report.Event {
	end := report.Event{Kind: fleet.EventDone, Host: host, Component: component, Count: changed, DurationMs: 5}
	end.Time.Time = start.Add(time.Duration(ms) * time.Millisecond)
	begin := report.Event{Kind: fleet.EventStart, Host: host, Component: component}
	begin.Time.Time = end.Time.Add(-5 * time.Millisecond)
	return []report.Event{begin, end}
}

// What is read is what the tool's own writers write. The last host counts, also if its health was
// there at the first look, so that no line tells of it.
func TestPhasesOfTheTool(t *testing.T) {
	start := time.Now().Add(-time.Minute).Truncate(time.Millisecond)
	m := told(t, start, slices.Concat(
		[]report.Event{{Time: report.Time{Time: start.Add(time.Second)}, Kind: fleet.EventConnected, Host: "cp1",
			Text: "Debian GNU/Linux 12, kernel 6.1"}},
		step(start, 2900, "w1", "base", 3),
		step(start, 3000, "cp1", component.APIServer, 12),
		step(start, 6000, "w1", healthComponent, 2),
		step(start, 6001, "cp1", healthComponent, 0),
	)...)
	log, err := m.log()
	if err != nil {
		t.Fatal(err)
	}
	got := phasesOf(m, log, []time.Duration{5 * time.Second, 5500 * time.Millisecond})
	if got[phaseConnected] <= 0 {
		t.Errorf("no mark %q: %v", phaseConnected, m.lines)
	}
	delete(got, phaseConnected) // it is the time at which this test had the line
	if d := cmp.Diff(map[string]float64{phaseAPI: 3, phaseNodes: 5.5, phaseHealthy: 6.001}, got); d != "" {
		t.Error(d)
	}
}

// The components that marks are read from exist.
func TestPhasesAreOfComponents(t *testing.T) {
	for _, name := range []string{component.APIServer, healthComponent} {
		if !slices.ContainsFunc(component.Components(), func(c component.Component) bool { return c.Name == name }) {
			t.Errorf("there is no component %q any more", name)
		}
	}
}

// A run that does not tell all that it should is no result.
func TestIncompleteRun(t *testing.T) {
	all := map[string]float64{phaseConnected: 1, phaseAPI: 2, phaseNodes: 3, phaseHealthy: 4}
	for _, s := range scenarios() {
		if err := s.complete(all, s.newNodes()); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
		for _, name := range s.marks() {
			marks := map[string]float64{}
			for other, at := range all {
				if other != name {
					marks[other] = at
				}
			}
			if err := s.complete(marks, s.newNodes()); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s without %s: %v", s.Name, name, err)
			}
		}
		if s.complete(all, s.newNodes()-1) == nil {
			t.Errorf("%s: a kubelet that told nothing is not missed", s.Name)
		}
	}
}

// The text is a kubelet's of Kubernetes 1.36, as journalctl -o short-unix shows it.
func TestFirstReady(t *testing.T) {
	const journal = `1764490000.100000 cp1 kubelet[9]: I1130 08:06:40.100 9 kubelet_node_status.go:431] "Fast updating node status as it just became ready"
1764490010.500000 cp1 kubelet[10]: I1130 08:06:50.500 10 server.go:530] "Kubelet version" kubeletVersion="v1.36.3"
1764490013.250000 cp1 kubelet[10]: I1130 08:06:53.250 10 kubelet_node_status.go:431] "Fast updating node status as it just became ready"
1764490019.000000 cp1 kubelet[11]: I1130 08:06:59.000 11 kubelet_node_status.go:431] "Fast updating node status as it just became ready"
`
	if at, ok := firstReady(journal, time.Unix(1764490010, 0)); !ok || at != 3250*time.Millisecond {
		t.Errorf("%s, %v", at, ok)
	}
	if at, ok := firstReady(journal, time.Unix(1764490020, 0)); ok {
		t.Errorf("a kubelet that was ready before became so at %s", at)
	}
}

func TestPhasesOfTheScript(t *testing.T) {
	m := measured{lines: []line{
		at(200, "mark: connected"), at(8000, "mark: pushed"), at(14000, "mark: api"),
		at(23001, "kubelet: mark: api"), at(25000, "mark: healthy"),
	}}
	want := map[string]float64{phaseConnected: 0.2, phaseAPI: 14, phaseNodes: 23, phaseHealthy: 25}
	if d := cmp.Diff(want, phasesOfScript(m, []time.Duration{23 * time.Second})); d != "" {
		t.Error(d)
	}
}

// The script says each mark but that of nodes, which their kubelets tell.
func TestTheScriptMarksAllPhases(t *testing.T) {
	var m measured
	for text := range strings.Lines(script) {
		if name, found := strings.CutPrefix(strings.TrimSpace(text), "mark "); found {
			m.lines = append(m.lines, at(1, "mark: "+name))
		}
	}
	got := phasesOfScript(m, nil)
	for _, name := range phaseNames() {
		if _, ok := got[name]; ok == (name == phaseNodes) {
			t.Errorf("%q is marked by the script: %v; its marks are %v", name, ok, m.lines)
		}
	}
}

// A log that is not there is an error.
func TestNoLog(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "no.log")
	for _, m := range []measured{{}, {lines: []line{at(1, "kbootstrap: log: "+missing)}}} {
		if _, err := m.log(); err == nil || len(m.lines) > 0 && !os.IsNotExist(err) {
			t.Errorf("%v: %v", m.lines, err)
		}
	}
}
