package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func at(ms int, text string) line { return line{time.Duration(ms) * time.Millisecond, text} }

// The last host counts.
func TestPhasesOfTheTool(t *testing.T) {
	got := phases([]line{
		at(250, "kbootstrap: cp1: connected: Debian GNU/Linux 12 (bookworm), kernel 6.1"),
		at(300, "kbootstrap: w1: connected: Debian GNU/Linux 12 (bookworm), kernel 6.1"),
		at(900, "kbootstrap: cp1: kube-apiserver: file /opt/kbootstrap/kubernetes-1.36.3/kube-apiserver (0.1 s)"),
		at(3000, "kbootstrap: cp1: kube-apiserver: 12 changed in 2.1 s"),
		at(5000, "kbootstrap: w1: health: node w1 is ready (1.0 s)"),
		at(5500, "kbootstrap: cp1: health: node cp1 is ready (1.0 s)"),
		at(6000, "kbootstrap: cp1: health: 2 changed in 1.5 s"),
		at(6001, "kbootstrap: w1: health: 2 changed in 1.5 s"),
	})
	want := map[string]float64{phaseConnected: 0.3, phaseAPI: 3, phaseNodes: 5.5, phaseHealthy: 6.001}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestPhasesOfTheScript(t *testing.T) {
	got := phases([]line{
		at(200, "mark: connected"), at(8000, "mark: pushed"), at(14000, "mark: api"), at(23000, "mark: nodes"),
		at(23001, "kubelet: mark: nodes"), at(25000, "mark: healthy"),
	})
	want := map[string]float64{phaseConnected: 0.2, phaseAPI: 14, phaseNodes: 23, phaseHealthy: 25}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// The script says each mark that there is.
func TestTheScriptMarksAllPhases(t *testing.T) {
	var lines []line
	for text := range strings.Lines(script) {
		if name, found := strings.CutPrefix(strings.TrimSpace(text), "mark "); found {
			lines = append(lines, at(1, "mark: "+name))
		}
	}
	got := phases(lines)
	for _, name := range phaseNames() {
		if _, ok := got[name]; !ok {
			t.Errorf("the script has no mark that is %q: %v", name, lines)
		}
	}
}
