package provision

import (
	"context"
	"maps"
	"slices"

	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/plan"
)

// observe looks at every resource of the plan, and at what else the queries say, in one request to each host. The error is
// a Failures with the hosts that did not answer, or whose resources could not be looked at; the answers have all other parts.
// That a host which was only asked for witnesses or a census does not answer is no failure: it has said nothing.
func observe(
	ctx context.Context, hosts []inventory.Host, p *plan.Plan, f fleet.Fleet, queries map[string]node.Query,
) (map[string]node.Answer, error) {
	queries = maps.Clone(queries)
	if queries == nil {
		queries = map[string]node.Query{}
	}
	for _, s := range p.Steps {
		q := queries[s.At]
		q.Observe = append(q.Observe, s.Wanted...)
		queries[s.At] = q
	}
	answers, failed := f.Look(ctx, hosts, queries)
	failed = slices.DeleteFunc(failed, func(f plan.Failure) bool {
		return queries[f.Host].Observe == nil && queries[f.Host].Survey == nil
	})
	for _, h := range hosts {
		if err := answers[h.Name].FoundErr; err != nil {
			failed = append(failed, plan.Failure{Host: h.Name, Component: "observe", Err: err})
		}
	}
	for i := range p.Steps {
		s := &p.Steps[i]
		a, ok := answers[s.At]
		if !ok || a.FoundErr != nil {
			continue
		}
		s.Found, a.Found = a.Found[:len(s.Wanted):len(s.Wanted)], a.Found[len(s.Wanted):]
		answers[s.At] = a
	}
	return answers, failed.Sorted(hosts).ErrOrNil()
}
