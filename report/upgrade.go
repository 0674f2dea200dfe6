package report

import (
	"slices"

	"kbootstrap/provision"
	"kbootstrap/provision/component"
)

// Upgrade is the result of an upgrade, and of one that is only shown: what was to be done.
type Upgrade struct {
	Plan
	// The host that keeps a snapshot of etcd from before the first change; empty where neither etcd
	// nor an API server is restarted.
	SnapshotHost string `json:"snapshotHost"`
	// The directory of that snapshot, or empty.
	SnapshotDir string `json:"snapshotDir"`
	// The components that get another version, in the order of their names.
	Moves []Move `json:"moves"`
	// The hosts in the order in which their nodes are changed: those of one wave at the same time.
	Waves [][]string `json:"waves"`
	// The hosts whose pods leave while they are changed.
	Drained []string `json:"drained"`
}

// Move is a component that gets another version.
type Move struct {
	// The component, such as "kubernetes".
	Component string `json:"component"`
	// The versions that hosts have, the oldest first, without a leading v.
	From []string `json:"from"`
	// The version that all will have.
	To string `json:"to"`
	// The hosts that have another version now, in the order of the inventory.
	Hosts []string `json:"hosts"`
}

// NewUpgrade is what an upgrade is to do.
func NewUpgrade(run *provision.Run) Upgrade {
	out := Upgrade{Plan: NewPlan(run), Moves: []Move{}, Waves: run.Waves(), Drained: run.Drained()}
	if host := run.SnapshotHost(); host != "" {
		out.SnapshotHost, out.SnapshotDir = host, component.SnapshotDir
	}
	for _, m := range run.Moves() {
		out.Moves = append(out.Moves, Move{
			Component: m.Component, From: m.From, To: m.To, Hosts: slices.Clone(m.Hosts),
		})
	}
	return out
}
