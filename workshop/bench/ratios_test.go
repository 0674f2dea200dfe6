package main

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRatios(t *testing.T) {
	hosts := costs{"cp1": {Received: 250e6}, "w1": {Received: 114e6}}
	r := Results{Runs: []Run{
		{Scenario: "1+1", Wall: 10, CPU: 1.0, Memory: 60e6, Hosts: hosts},
		{Scenario: "1+1", Wall: 14, CPU: 1.0, Memory: 90e6, Hosts: hosts},
		{Scenario: "1+1", Wall: 12, CPU: 1.0, Memory: 61e6, Hosts: hosts},
		{Scenario: kubeadm, Wall: 30},
		{Scenario: "1+1-floor", Wall: 6},
		{Scenario: "3+1", Wall: 18},
		{Scenario: "again", Wall: 0.31},
		{Scenario: "add-node", Wall: 5},
	}}
	const want = "| to reach | figure | goal | reached |\n|---|--:|--:|---|\n" +
		"| 1+1 / kubeadm | 0.40 | ≤ 0.40 | yes |\n" +
		"| 1 / its floor |  | ≤ 1.50 | not run: 1, 1-floor |\n" +
		"| 1+1 / its floor | 2.00 | ≤ 1.50 | no |\n" +
		"| add-node / its floor |  | ≤ 1.50 | not run: add-node-floor |\n" +
		"| 3+1 / 1+1 | 1.50 | ≤ 1.60 | yes |\n" +
		"| 3+1 / 1+1, their floors |  | ≤ 1.60 | not run: 3+1-floor |\n" +
		"| again | 0.31 s | ≤ 0.30 s | no |\n" +
		"| to a worker, in 1+1 | 114 MB | ≤ 115 MB | yes |\n" +
		"| to a control plane, in 1+1 | 250 MB | ≤ 190 MB | no |\n" +
		"| CPU of the control machine, in 1+1 | 1.00 s | ≤ 1.00 s | yes |\n" +
		"| peak memory of `up`, in 1+1 | 61 MB | ≤ 60 MB | no |\n"
	if d := cmp.Diff(want, r.ratios()); d != "" {
		t.Error(d)
	}
}

// Each goal is of scenarios that there are.
func TestGoalsAreOfScenarios(t *testing.T) {
	all := names(scenarios())
	for _, g := range goals() {
		for _, name := range g.Of {
			if !slices.Contains(all, name) {
				t.Errorf("%s: there is no scenario %q", g.What, name)
			}
		}
	}
}
