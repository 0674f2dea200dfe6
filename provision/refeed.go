package provision

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/plan"
	"kbootstrap/release"
	"kbootstrap/resource"
)

// onReopen calls f whenever a host's lost session was replaced.
func (r *Run) onReopen(f func(inventory.Host)) {
	for _, h := range r.Plan.Hosts() {
		r.Fleet[h.Name].OnReopen = func() { f(h) }
	}
}

// refeed sends a host again what was lost with its session, where contents wait until a step takes them. What was taken
// need not travel twice.
func (r *Run) refeed(ctx context.Context, h inventory.Host, sent *atomic.Int64) {
	client := r.Fleet[h.Name].Client
	var wanted []resource.Resource
	for _, s := range r.Plan.Steps {
		if s.At == h.Name {
			wanted = append(wanted, s.Wanted...)
		}
	}
	found, err := client.Observe(ctx, wanted)
	differ := map[string]bool{}
	for i, w := range wanted {
		if sum, _ := resource.Contents(w); sum != "" { // what could not be looked at may be waited for
			differ[sum] = differ[sum] || err != nil || resource.Changed(found[i], w)
		}
	}
	for _, sum := range r.present(h) {
		if differ[sum] {
			_ = client.Abandon(ctx, sum, errors.New("it was there when the plan was made; run the same command again"))
		}
	}
	lacking := slices.Concat(r.lacking(h, plan.Urgent), r.lacking(h, plan.InTurn), r.lacking(h, plan.Late))
	r.feed(ctx, h, slices.DeleteFunc(lacking, func(c release.Content) bool { return !differ[c.SHA256] }), sent)
	for sum, missing := range differ {
		if !missing {
			_ = client.Abandon(ctx, sum, errors.New("it was there when the connection was made again; run the same command again"))
		}
	}
}

// converge makes a host what a step says. When the host was rebooted meanwhile, the steps before are looked at again: what
// they wrote was perhaps not on the disk.
func (r *Run) converge(ctx context.Context, s plan.Step, events func(node.Event)) error {
	m := r.Fleet[s.At]
	if err := m.Client.Converge(ctx, s.Key(), s.Wanted, events); err != nil {
		return err
	}
	for _, before := range m.DoneBefore(s) {
		if err := m.Client.Converge(ctx, before.Key(), before.Wanted, events); err != nil {
			return err
		}
	}
	return nil
}
