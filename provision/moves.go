package provision

import (
	"slices"
	"strings"

	"kbootstrap/provision/component"
	"kbootstrap/provision/preflight"
	"kbootstrap/release"
)

// Move is a component that gets another version.
type Move struct {
	Component string
	From      []string // what hosts have now, the oldest first, without a leading v
	To        string
	Hosts     []string // that have another version now, in the order of the inventory
}

// Moves are the components that get another version, by their names.
func (r *Run) Moves() []Move {
	var all []Move
	for _, h := range r.Plan.Hosts() {
		for _, v := range preflight.Versions(r.Plan, h.Name) {
			if v.Found == "" || v.Wanted == "" || v.Found == v.Wanted {
				continue
			}
			i := slices.IndexFunc(all, func(m Move) bool { return m.Component == v.Component })
			if i < 0 {
				all, i = append(all, Move{Component: v.Component, To: v.Wanted}), len(all)
			}
			m := &all[i]
			if !slices.Contains(m.From, v.Found) {
				m.From = append(m.From, v.Found)
			}
			if !slices.Contains(m.Hosts, h.Name) {
				m.Hosts = append(m.Hosts, h.Name)
			}
		}
	}
	for i := range all {
		slices.SortFunc(all[i].From, release.Compare)
	}
	slices.SortFunc(all, func(a, b Move) int { return strings.Compare(a.Component, b.Component) })
	return all
}

// Waves are the hosts in the order in which an upgrade changes their nodes: those of one wave at
// the same time.
func (r *Run) Waves() [][]string {
	waves := [][]string{}
	for _, h := range r.Cluster.Hosts {
		n, in := r.Plan.Waves[h.Name]
		for in && len(waves) <= n {
			waves = append(waves, nil)
		}
		if in {
			waves[n] = append(waves[n], h.Name)
		}
	}
	return waves
}

// Drained are the hosts whose pods leave while they are upgraded.
func (r *Run) Drained() []string {
	names := []string{}
	for _, s := range r.Plan.Steps {
		if s.Component.Name == component.Drained {
			names = append(names, s.About())
		}
	}
	return names
}

// SnapshotHost is the host that keeps a snapshot of etcd from before the first change of an
// upgrade; empty where there is none.
func (r *Run) SnapshotHost() string {
	for _, s := range r.Plan.Steps {
		if s.Component.Name == component.Snapshot {
			return s.About()
		}
	}
	return ""
}
