package fleet

import (
	"context"
	"sync"

	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/plan"
)

// Look asks each of these hosts that has a query, all at once, and returns the answers by host. The failures are those of
// hosts that did not answer at all; what a host could not look at is in its answer.
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
