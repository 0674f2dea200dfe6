package fleet

import (
	"context"
	"maps"
	"slices"
	"sync"

	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/plan"
)

// Look asks each of these hosts that has a query, all at once, and returns the answers by host. The
// failures are those of hosts that did not answer at all; what a host could not look at is in its
// answer.
func (f Fleet) Look(
	ctx context.Context, hosts []inventory.Host, queries map[string]node.Query,
) (map[string]node.Answer, plan.Failures) {
	var mu sync.Mutex
	answers := map[string]node.Answer{}
	failed := f.Each(ctx, hosts, "observe", func(ctx context.Context, m *Machine) error {
		query, ok := queries[m.Host.Name]
		if !ok {
			return nil
		}
		answer, err := m.Client.Look(ctx, query)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		answers[m.Host.Name] = answer
		return nil
	})
	return answers, failed
}

// Observe looks at every resource of the plan, and at what else the queries say, in one request to
// each host. The error is a Failures with the hosts that did not answer, or whose resources could
// not be looked at; the answers have all other parts. That a host which was only asked for
// witnesses or a census does not answer is no failure: it has said nothing.
func (f Fleet) Observe(
	ctx context.Context, hosts []inventory.Host, p *plan.Plan, queries map[string]node.Query,
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
	failed = slices.DeleteFunc(failed, func(failure plan.Failure) bool {
		q := queries[failure.Host]
		return q.Observe == nil && q.Survey == nil
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
