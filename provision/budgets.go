package provision

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"kbootstrap/host"
	"kbootstrap/node"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/guard"
	"kbootstrap/resource/api"
)

// For how long an upgrade waits until pods are ready that a budget counts, and how often it looks.
const (
	budgetPatience = 2 * time.Minute
	budgetPoll     = 2 * time.Second
)

// AwaitBudgets waits for budgets that let no pod go only because some of their pods are not ready
// yet, as just after `up`. Those that are exhausted when the time is up are refused like all
// others. Where an upgrade was cut off, pods may wait for the very node that it has emptied.
func AwaitBudgets(ctx context.Context, r *Run) error {
	if len(r.Drained()) == 0 || guard.HasBegun(r.census) {
		return nil
	}
	told := ""
	deadline, cancel := context.WithTimeout(ctx, budgetPatience)
	defer cancel()
	_ = host.Poll(deadline, budgetPoll, func() (bool, error) {
		names := recovering(r.views)
		if names == nil {
			return true, nil
		}
		if text := strings.Join(names, ", "); text != told {
			told = text
			r.options.Tell(fleet.Event{Kind: fleet.EventPhase,
				Text: fmt.Sprintf("wait up to %s until pods are ready that PodDisruptionBudgets count: %s",
					budgetPatience, text)})
		}
		queries := map[string]node.Query{}
		askCensus(r, queries)
		answers, _ := r.Fleet.Look(deadline, r.Cluster.Hosts, queries)
		for name, view := range viewsIn(answers) {
			if view.Error == "" { // one that is late for once has told before
				r.views[name] = view
			}
		}
		return false, nil
	})
	return ctx.Err()
}

// recovering are the budgets that let a pod go as soon as all their pods are healthy; nil where
// there is another that does not, because it is refused anyway.
func recovering(views map[string]api.UpgradeView) []string {
	for _, name := range slices.Sorted(maps.Keys(views)) {
		var names []string
		for _, b := range views[name].Budgets {
			if !b.Recovers() {
				return nil
			}
			names = append(names, b.Name)
		}
		if names != nil {
			return names
		}
	}
	return nil
}
