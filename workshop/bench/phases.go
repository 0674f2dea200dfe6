package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/report/timeline"
)

// The marks on the way, each the time since the start at which the last host had it. The end of the
// command is no mark: it is the wall time.
const (
	phaseConnected = "connected" // a login on every host
	phaseAPI       = "api"       // every kube-apiserver answers
	phaseNodes     = "nodes"     // every node is Ready
	phaseHealthy   = "healthy"   // a name of the cluster resolves from every host
)

func phaseNames() []string { return []string{phaseConnected, phaseAPI, phaseNodes, phaseHealthy} }

// connectedLine is the line of a login, of the tool's verbose output.
var connectedLine = regexp.MustCompile(`^kbootstrap: \S+: connected: `)

// healthComponent is the component that says that a host is done.
const healthComponent = "health"

// phasesOf reads the marks of a run of the tool: the logins from its lines, what was done from its
// log, and when nodes were Ready from what their kubelets told. A mark that nothing tells of is
// missing.
func phasesOf(m measured, log timeline.Run, ready []time.Duration) map[string]float64 {
	marks := map[string]float64{}
	for _, l := range m.lines {
		if connectedLine.MatchString(l.text) {
			marks[phaseConnected] = seconds(l.at)
		}
	}
	begun := log.Begin.Sub(m.start)
	for _, s := range log.Steps {
		name := map[string]string{component.APIServer: phaseAPI, healthComponent: phaseHealthy}[s.Name]
		if name != "" && s.Outcome == fleet.EventDone {
			marks[name] = max(marks[name], seconds(begun+s.End))
		}
	}
	if len(ready) > 0 {
		marks[phaseNodes] = seconds(slices.Max(ready))
	}
	return marks
}

// phasesOfScript reads the marks of a run of the script: its own, and those of nodes.
func phasesOfScript(m measured, ready []time.Duration) map[string]float64 {
	marks := phasesOf(m, timeline.Run{}, ready)
	for _, l := range m.lines {
		name, ok := strings.CutPrefix(l.text, "mark: ")
		if ok && slices.Contains(phaseNames(), name) {
			marks[name] = seconds(l.at)
		}
	}
	return marks
}

// log reads the log of a run of the tool, whose path is in its verbose output.
func (m measured) log() (timeline.Run, error) {
	for _, l := range m.lines {
		path, ok := strings.CutPrefix(l.text, "kbootstrap: log: ")
		if !ok {
			continue
		}
		file, err := os.Open(path)
		if err != nil {
			return timeline.Run{}, err
		}
		defer file.Close()
		return timeline.Read(file)
	}
	return timeline.Run{}, errors.New("the output does not name the log of the run")
}

// phases reads the marks of a run of the scenario, which must be all that such a run has.
func (s scenario) phases(m measured, ready []time.Duration) (map[string]float64, error) {
	if s.Name == kubeadm {
		marks := phasesOfScript(m, ready)
		return marks, s.complete(marks, len(ready))
	}
	log, err := m.log()
	if err != nil {
		return nil, err
	}
	marks := phasesOf(m, log, ready)
	return marks, s.complete(marks, len(ready))
}

// complete returns an error if a run has not told all that each run of its scenario tells: what the
// bench looks for is out of date then, and an empty column would look as if nothing had been waited
// for.
func (s scenario) complete(marks map[string]float64, ready int) error {
	for _, name := range s.marks() {
		if _, ok := marks[name]; !ok {
			return fmt.Errorf("nothing tells when %q was reached in this run: see phases.go", name)
		}
	}
	if want := s.newNodes(); ready != want {
		return fmt.Errorf("%d of %d kubelets told when their node became Ready: see phases.go", ready, want)
	}
	return nil
}

// marks are the names of the marks that each run of the scenario has.
func (s scenario) marks() []string {
	switch {
	case s.Nothing:
		return []string{phaseConnected}
	case s.Join != "": // a worker
		return []string{phaseConnected, phaseNodes, phaseHealthy}
	}
	return phaseNames()
}

// seconds keeps milliseconds; what is finer is noise.
func seconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }

// becameReady is what a kubelet writes to its log when it tells the API that its node is Ready
// (pkg/kubelet/kubelet_node_status.go, the same from Kubernetes 1.33 to 1.36). The tool itself
// looks at nodes when all else is done, and finds them Ready.
const becameReady = "Fast updating node status as it just became ready"

// firstReady finds in the journal of a kubelet, as `journalctl -o short-unix` shows it, when its
// node became Ready first after the start of a run.
func firstReady(journal string, start time.Time) (time.Duration, bool) {
	for text := range strings.Lines(journal) {
		stamp, rest, _ := strings.Cut(text, " ")
		at, err := time.ParseDuration(stamp + "s")
		if err != nil || !strings.Contains(rest, becameReady) {
			continue
		}
		if after := time.Unix(0, at.Nanoseconds()).Sub(start); after > 0 {
			return after, true
		}
	}
	return 0, false
}
