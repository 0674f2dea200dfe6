package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{{[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5}} {
		if got := medianOf(test.values); got != test.want {
			t.Errorf("%v: %g, want %g", test.values, got, test.want)
		}
	}
}

func TestMarkdown(t *testing.T) {
	hosts := costs{"cp1": {Received: 279e6, Sent: 1e6, Connections: 1, Channels: 4},
		"w1": {Received: 1e6, Sent: 5e5, Connections: 1, Channels: 2}}
	asked := hosts.requested([]line{
		{text: "kbootstrap: cp1: connect: requests: 12"}, {text: "kbootstrap: w1: connect: requests: 9"},
		{text: "kbootstrap: w1: requests: 99"},
	})
	r := Results{
		Began:   time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC),
		Version: "kbootstrap version v1", Kubernetes: "v1.36.3", Bare: "fresh",
		Machine: Machine{CPU: "a processor", Cores: 2, Memory: 25e9, Kernel: "6.1"},
		Runs: []Run{
			{Scenario: kubeadm, Wall: 27, CPU: 2, HostsCPU: 30, Phases: map[string]float64{phaseNodes: 26.9},
				Hosts: hosts},
			{Scenario: "1+1-floor", Wall: 6.5, HostsCPU: 9, Hosts: costs{}, Floor: &Floor{Units: 4.5, Line: 2}},
			{Scenario: "1+1", Wall: 10, CPU: 1, HostsCPU: 21, Memory: 60e6,
				Phases: map[string]float64{phaseNodes: 8, phaseAPI: 4}, Hosts: asked},
			{Scenario: "1+1", Wall: 8, CPU: 3, HostsCPU: 22, Memory: 60e6, Phases: map[string]float64{phaseNodes: 7},
				Hosts: asked},
			{Scenario: "1+1", Wall: 9, CPU: 2, HostsCPU: 20, Memory: 60e6, Phases: map[string]float64{phaseNodes: 9},
				Hosts: asked},
		},
	}
	const want = "kbootstrap version v1, Kubernetes v1.36.3, fresh hosts; a processor, 2 cores, 25 GB, Linux 6.1; " +
		"2026-01-02\n\n" +
		"| what | runs | wall, s (min–max) | connected, s | api, s | nodes, s | healthy, s | CPU, s | of hosts, s | " +
		"memory, MB | to all hosts, MB | back, MB | SSH logins a host | channels a host | requests a host |\n" +
		"|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n" +
		"| `up`: one control plane, one worker | 3 | **9.00** (8.00–10.00) |  | 4.00 | 8.00 |  | 2.00 | 21.0 | " +
		"60 | 280 | 1.500 | 1 | 4 | 12 |\n" +
		"| floor of one control plane, one worker (units 4.50 s, line 2.00 s) | 1 | " +
		"**6.50** (6.50–6.50) |  |  |  |  |  | 9.0 |  |  |  |  |  |  |\n" +
		"| kubeadm by script: one control plane, one worker | 1 | **27.00** (27.00–27.00) |  |  | 26.90 |  | 2.00 | " +
		"30.0 |  | 280 | 1.500 | 1 | 4 |  |\n"
	if d := cmp.Diff(want+"\n"+r.ratios(), r.markdown()); d != "" {
		t.Error(d)
	}
}
