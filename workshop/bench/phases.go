package main

import (
	"regexp"
	"time"
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

// phases reads the marks from the lines of a run: those of the tool's verbose output, and the
// script's own marks. A mark that no line gives is missing, as in a run that changes nothing.
func phases(lines []line) map[string]float64 {
	patterns := map[string]*regexp.Regexp{
		phaseConnected: regexp.MustCompile(`^kbootstrap: \S+: connected: |^mark: connected$`),
		phaseAPI:       regexp.MustCompile(`^kbootstrap: \S+: kube-apiserver: \d+ changed in |^mark: api$`),
		phaseNodes:     regexp.MustCompile(`^kbootstrap: \S+: health: node \S+ is ready \(|^mark: nodes$`),
		phaseHealthy:   regexp.MustCompile(`^kbootstrap: \S+: health: \d+ changed in |^mark: healthy$`),
	}
	marks := map[string]float64{}
	for _, l := range lines {
		for name, pattern := range patterns {
			if pattern.MatchString(l.text) {
				marks[name] = seconds(l.at)
			}
		}
	}
	return marks
}

// seconds keeps milliseconds; what is finer is noise.
func seconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }
