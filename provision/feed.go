package provision

import (
	"context"
	"slices"
	"time"

	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/plan"
	"kbootstrap/release"
	"kbootstrap/resource"
)

// latePatience is how long late contents wait for the API. It takes some 3 s to start on an idle
// machine.
const latePatience = 10 * time.Second

// rounds are the contents that every host lacks, in the order of the steps. What the whole cluster
// waits for goes first: no worker takes from the line while a control plane lacks its API server.
// What comes late waits for the API, but not for ever: an API that does not come is no reason to
// keep docker from a host.
func rounds(p plan.Plan, apiServers *fleet.Countdown) []fleet.Round {
	var all []fleet.Round
	sent := map[string]map[string]bool{} // by host and sum: an upgrade has contents twice, to stage and to use
	for _, turn := range []plan.Turn{plan.Urgent, plan.InTurn, plan.Late} {
		round := fleet.Round{Contents: map[string][]release.Content{}}
		if turn == plan.Late {
			round.After, round.Patience = apiServers, latePatience
		}
		for _, h := range p.Hosts() {
			if sent[h.Name] == nil {
				sent[h.Name] = map[string]bool{}
			}
			round.Contents[h.Name] = basesFirst(lacking(p, h.Name, turn, sent[h.Name]))
		}
		all = append(all, round)
	}
	return all
}

// firstAPIServers is how many API servers late contents wait for: all of a cluster that has none
// yet. Where one stays as it is, the API is there, and hosts that join use what time their members
// of etcd take.
func firstAPIServers(p plan.Plan) int {
	n := 0
	for _, s := range p.Steps {
		if s.Component.Name != component.APIServer {
			continue
		}
		if len(s.Changes()) == 0 {
			return 0
		}
		n++
	}
	return n
}

// lacking are the contents of the resources that differ on a host, of the components of one turn,
// but for those whose sums were seen before.
func lacking(p plan.Plan, host string, turn plan.Turn, seen map[string]bool) []release.Content {
	var contents []release.Content
	turns := p.Turns()
	for _, s := range p.At(host) {
		if turns[s.Component.Name] != turn {
			continue
		}
		for _, change := range s.Changes() {
			sum, _ := resource.Contents(change.Wanted)
			if sum == "" || seen[sum] {
				continue
			}
			seen[sum] = true
			if content, ok := s.Target.Release.BySum(sum); ok {
				contents = append(contents, content)
			}
		}
	}
	return contents
}

// makeDeltas makes, for later runs, what would have made less to send in this one. It has the
// processor when nothing else needs it, and ends with the run.
func (r *Run) makeDeltas(ctx context.Context) {
	if agents := r.options.Remote.Agents; agents != nil {
		if err := agents.Shorten(ctx); err != nil {
			r.options.Tell(fleet.Event{Kind: fleet.EventWarning, Text: err.Error()})
		}
	}
	seen := map[*release.Set]bool{}
	for _, s := range r.Plan.Steps {
		set := s.Target.Release
		if set == nil || seen[set] {
			continue
		}
		seen[set] = true
		if err := set.MakeDeltas(ctx); err != nil {
			r.options.Tell(fleet.Event{Kind: fleet.EventWarning, Text: err.Error()})
		}
	}
}

// basesFirst has each content behind what it can be a delta to, and leaves the order as it is
// otherwise.
func basesFirst(contents []release.Content) []release.Content {
	ordered := make([]release.Content, 0, len(contents))
	placed := map[string]bool{}
	var place func(c release.Content)
	place = func(c release.Content) {
		if placed[c.SHA256] {
			return
		}
		placed[c.SHA256] = true
		for _, base := range contents {
			if slices.ContainsFunc(c.Deltas, func(d release.Delta) bool { return d.Base == base.SHA256 }) {
				place(base)
			}
		}
		ordered = append(ordered, c)
	}
	for _, c := range contents {
		place(c)
	}
	return ordered
}
