package report

import (
	"slices"

	"kbootstrap/provision"
	"kbootstrap/resource"
	"kbootstrap/resource/kinds"
)

// Reset is the result of a reset, and of one that is only shown: what the reset was to do.
type Reset struct {
	Plan
	// What shows that the hosts belong to the inventory's cluster.
	Proof string `json:"proof,omitempty"`
	// What goes from each host and what stays, in the order of the inventory.
	Removals []Removal `json:"removals"`
}

// Removal is what a reset takes from a host.
type Removal struct {
	// The host's name in the inventory.
	Host string `json:"host"`
	// Whether nothing of the tool ever ran there, so that the host is left alone.
	LeftAlone bool `json:"leftAlone,omitempty"`
	// The services that are stopped and disabled.
	Units []string `json:"units,omitempty"`
	// The directories that are removed.
	Removes []Directory `json:"removes,omitempty"`
	// What stays in such directories.
	Stays []Directory `json:"stays,omitempty"`
	// What was there before the tool, was changed by it, and comes back.
	Returns []string `json:"returns,omitempty"`
}

// Directory is a directory, or a file, and its size.
type Directory struct {
	// The path on the host.
	Path string `json:"path"`
	// What it takes up, in bytes.
	Bytes int64 `json:"bytes"`
	// Whether it is larger than that: it was not counted to the end.
	More bool `json:"more,omitempty"`
	// Why it stays; absent if it is removed.
	Because string `json:"because,omitempty"`
}

// NewReset is what a reset is to do.
func NewReset(run *provision.Run) Reset {
	out := Reset{Plan: NewPlan(run), Proof: run.Proof, Removals: []Removal{}}
	alone := run.LeftAlone()
	for _, h := range run.Cluster.Hosts {
		if run.Leaving.Hosts != nil && !run.Leaving.Has(h.Name) {
			continue // it stays, and looks for the API elsewhere
		}
		r := Removal{Host: h.Name, LeftAlone: slices.Contains(alone, h.Name)}
		about := false
		for _, s := range run.Plan.Steps {
			if s.About() != h.Name {
				continue
			}
			about = true
			for i, found := range s.Found {
				if !r.LeftAlone {
					r.add(found, resource.Changed(found, s.Wanted[i]))
				}
			}
		}
		if about {
			out.Removals = append(out.Removals, r)
		}
	}
	return out
}

// add adds what was found of a resource of the teardown.
func (r *Removal) add(found resource.Resource, differs bool) {
	switch found := found.(type) {
	case resource.Service:
		if differs {
			r.Units = append(r.Units, found.Name)
		}
	case resource.Tree:
		if differs {
			r.Removes = append(r.Removes, Directory{Path: found.Path, Bytes: found.Bytes})
		}
	case kinds.Data:
		for _, p := range found.Goes {
			r.Removes = append(r.Removes, Directory{Path: p.Path, Bytes: p.Bytes, More: p.More})
		}
		for _, p := range found.Stays {
			r.Stays = append(r.Stays, Directory{Path: p.Path, Bytes: p.Bytes, More: p.More, Because: p.Why})
		}
	case kinds.Originals:
		r.Returns = append(r.Returns, found.Theirs...)
	}
}
