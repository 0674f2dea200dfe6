package provision

import (
	"maps"
	"slices"

	"kbootstrap/host"
	"kbootstrap/node"
	"kbootstrap/provision/checkup"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/plan"
)

// askStarts asks, in the look at a plan, how the starts of its units went and go.
func askStarts(p plan.Plan, queries map[string]node.Query) {
	units := map[string]map[string]bool{}
	for _, s := range p.Steps {
		for _, u := range s.Component.Units {
			if s.At != s.About() {
				continue
			}
			if units[s.At] == nil {
				units[s.At] = map[string]bool{}
			}
			units[s.At][u] = true
		}
	}
	for name, of := range units {
		q := queries[name]
		q.Checkup = &node.CheckupQuery{Units: slices.Sorted(maps.Keys(of))}
		queries[name] = q
	}
}

// startsIn are the starts that hosts have told of; what one could not look at is not known.
func startsIn(answers map[string]node.Answer) map[string][]host.Starts {
	starts := map[string][]host.Starts{}
	for name, a := range answers {
		starts[name] = a.Checkup.Starts
	}
	return starts
}

// tellUnstarted warns of units whose start does not come to its end: a run in which all that was
// asked has answered would not be all that there is to say.
func (r *Run) tellUnstarted() {
	for _, h := range r.Cluster.Hosts {
		for _, s := range r.starts[h.Name] {
			if p, bad := checkup.Unstarted(h.Name, s); bad {
				r.options.Tell(fleet.Event{Kind: fleet.EventWarning, Host: h.Name, Text: p.Text + "; see " + p.Hint})
			}
		}
	}
}
