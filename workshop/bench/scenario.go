package main

import (
	"fmt"
	"slices"
	"strings"
)

// scenario is something that a user does, and what there is before it.
type scenario struct {
	Name                          string
	What                          string // for the table
	ControlPlanes, Workers, Spare int    // of the lab; the spare hosts are not in its inventory
	Before                        []string
	// Join is a spare host that is added to the inventory after Before.
	Join string
	// Plain has the inventory turn off the add-ons that are on by default.
	Plain bool
	// Command is the verb of the tool that is measured, without the flags that every verb has;
	// empty for kubeadm.
	Command []string
	// Floor has the floor of the command measured, after it: see floor.go.
	Floor bool
	// Nothing says that the command must find nothing to do.
	Nothing bool
}

// kubeadm is the name of the scenario that is a script around kubeadm.
const kubeadm = "kubeadm"

// scenarios is the list of what is measured.
func scenarios() []scenario {
	up := []string{"up"}
	return []scenario{
		{Name: "1", What: "`up`: one control plane", ControlPlanes: 1, Command: up},
		{Name: "1+1", What: "`up`: one control plane, one worker", ControlPlanes: 1, Workers: 1, Command: up},
		{Name: "1+2", What: "`up`: one control plane, two workers", ControlPlanes: 1, Workers: 2, Command: up},
		{
			Name: "1+2-plain", What: "the same without add-ons", ControlPlanes: 1, Workers: 2, Plain: true,
			Command: up,
		},
		{Name: "3+1", What: "`up`: three control planes, one worker", ControlPlanes: 3, Workers: 1, Command: up},
		{
			Name: "add-node", What: "`add-node`: a third host", ControlPlanes: 1, Workers: 1, Spare: 1,
			Before: up, Join: "s1", Command: []string{"add-node", "s1"},
		},
		{
			Name: "again", What: "`up` again: three hosts, nothing to do", ControlPlanes: 1, Workers: 2,
			Before: up, Command: up, Nothing: true,
		},
		{
			Name: "1-floor", What: "floor of one control plane", ControlPlanes: 1,
			Command: up, Floor: true,
		},
		{
			Name: "1+1-floor", What: "floor of one control plane, one worker", ControlPlanes: 1, Workers: 1,
			Command: up, Floor: true,
		},
		{
			Name: "3+1-floor", What: "floor of three control planes, one worker", ControlPlanes: 3, Workers: 1,
			Command: up, Floor: true,
		},
		{
			Name: "add-node-floor", What: "floor of `add-node`", ControlPlanes: 1, Workers: 1, Spare: 1,
			Before: up, Join: "s1", Command: []string{"add-node", "s1"}, Floor: true,
		},
		{Name: kubeadm, What: "kubeadm by script: one control plane, one worker", ControlPlanes: 1, Workers: 1},
	}
}

// nodes is how many nodes the cluster has in the end.
func (s scenario) nodes() int {
	n := s.ControlPlanes + s.Workers
	if s.Join != "" {
		n++
	}
	return n
}

// newNodes is how many nodes become Ready while it is measured.
func (s scenario) newNodes() int {
	switch {
	case s.Nothing:
		return 0
	case s.Join != "":
		return 1
	}
	return s.nodes()
}

func names(all []scenario) []string {
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
	}
	return names
}

// choose returns the scenarios of a list like "1,1+1", all of them when it is empty.
func choose(only string) ([]scenario, error) {
	all := scenarios()
	if only == "" {
		return all, nil
	}
	var chosen []scenario
	for name := range strings.SplitSeq(only, ",") {
		i := slices.Index(names(all), strings.TrimSpace(name))
		if i < 0 {
			return nil, fmt.Errorf("-only: no scenario %q, there are %s", name, strings.Join(names(all), ", "))
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}
