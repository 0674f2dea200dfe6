package provision

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/resource"
	"kbootstrap/release"
)

// onReopen calls f whenever a host's lost session was replaced.
func (r *Run) onReopen(f func(inventory.Host)) {
	for _, h := range r.Plan.Hosts() {
		r.Fleet[h.Name].onReopen = func() { f(h) }
	}
}

// refeed sends a host again what was lost with its session, where contents wait until a step takes them. What was taken
// need not travel twice.
func (r *Run) refeed(ctx context.Context, h inventory.Host, sent *atomic.Int64) {
	client := r.Fleet[h.Name].Client
	var wanted []resource.Resource
	for _, s := range r.Plan.Steps {
		if s.Target.Host.Name == h.Name {
			wanted = append(wanted, s.Wanted...)
		}
	}
	found, err := look(ctx, client, wanted)
	differ := map[string]bool{}
	for i, w := range wanted {
		if sum := blob(w); sum != "" { // what could not be looked at may be waited for
			differ[sum] = differ[sum] || err != nil || resource.Changed(found[i], w)
		}
	}
	for _, sum := range r.present(h) {
		if differ[sum] {
			_ = client.Abandon(ctx, sum, errors.New("it was there when the plan was made; run the same command again"))
		}
	}
	lacking := slices.Concat(r.lacking(h, Urgent), r.lacking(h, InTurn), r.lacking(h, Late))
	r.feed(ctx, h, slices.DeleteFunc(lacking, func(c release.Content) bool { return !differ[c.SHA256] }), sent)
	for sum, missing := range differ {
		if !missing {
			_ = client.Abandon(ctx, sum, errors.New("it was there when the connection was made again; run the same command again"))
		}
	}
}

// converge makes a host what a step says. When the host was rebooted meanwhile, the steps before are looked at again: what
// they wrote was perhaps not on the disk.
func (r *Run) converge(ctx context.Context, s Step, events func(node.Event)) error {
	m := r.Fleet[s.Target.Host.Name]
	if err := m.Client.Converge(ctx, s.Component.Name, s.Wanted, events); err != nil {
		return err
	}
	for _, before := range m.doneBefore(s) {
		if err := m.Client.Converge(ctx, before.Component.Name, before.Wanted, events); err != nil {
			return err
		}
	}
	return nil
}

// flush waits until what was done is on the host's disk. When the host was rebooted since, that may be lost, and is looked
// at again first. With an error it returns the component that was at work.
func (m *Machine) flush(ctx context.Context, counted func(Step, func(func(node.Event)) error) error) (component string, err error) {
	for {
		if err := m.Client.Flush(ctx); err != nil {
			return "flush", err
		}
		again := m.afterReboot()
		if again == nil {
			return "", nil
		}
		for _, s := range again {
			err := counted(s, func(events func(node.Event)) error {
				return m.Client.Converge(ctx, s.Component.Name, s.Wanted, events)
			})
			if err != nil {
				return s.Component.Name, err
			}
		}
	}
}

// doneBefore notes that a step is done, and returns those before it when the host was rebooted since they were.
func (m *Machine) doneBefore(s Step) []Step {
	before := m.afterReboot()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done = append(m.done, s)
	return before
}

// afterReboot returns the steps that were done before the host was rebooted, once for each reboot.
func (m *Machine) afterReboot() []Step {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.rebooted {
		return nil
	}
	m.rebooted = false
	return slices.Clone(m.done)
}
