package fleet

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/plan"
)

// Machine is a host with a live session to its node process.
type Machine struct {
	Host   inventory.Host
	Facts  host.Facts
	Clock  node.Clock
	Client *node.Client

	options Options

	mu       sync.Mutex
	upload   string // what is on its way
	done     []plan.Step
	rebooted bool // since all of them were done
}

// close ends the session, and tells how much was asked of the host in the run.
func (m *Machine) close() {
	if m.Client != nil {
		_ = m.Client.Close()
		m.log("connect", fmt.Sprintf("requests: %d", m.Client.Requests()))
	}
}

// Converge makes the host what a step says. When the host was rebooted meanwhile, the steps before
// are looked at again: what they wrote was perhaps not on the disk.
func (m *Machine) Converge(ctx context.Context, s plan.Step, events func(node.Event)) error {
	if err := m.Client.Converge(ctx, s.Key(), s.Wanted, events); err != nil {
		return err
	}
	for _, before := range m.doneBefore(s) {
		if err := m.Client.Converge(ctx, before.Key(), before.Wanted, events); err != nil {
			return err
		}
	}
	return nil
}

// Flush waits until what was done is on the host's disk. When the host was rebooted since, that may
// be lost, and is looked at again first: counted is told of each step that is. The error is a
// plan.Failure of the component that was at work.
func (m *Machine) Flush(ctx context.Context, counted func(plan.Step, func(func(node.Event)) error) error) error {
	for {
		if err := m.Client.Flush(ctx); err != nil {
			return plan.Failure{Host: m.Host.Name, Component: "flush", Err: err}
		}
		again := m.afterReboot()
		if again == nil {
			return nil
		}
		for _, s := range again {
			err := counted(s, func(events func(node.Event)) error {
				return m.Client.Converge(ctx, s.Key(), s.Wanted, events)
			})
			if err != nil {
				return plan.Failure{Host: m.Host.Name, Component: s.Component.Name, Err: err}
			}
		}
	}
}

// doneBefore notes that a step is done, and returns those before it when the host was rebooted
// since they were.
func (m *Machine) doneBefore(s plan.Step) []plan.Step {
	before := m.afterReboot()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done = append(m.done, s)
	return before
}

// afterReboot returns the steps that were done before the host was rebooted, once for each reboot.
func (m *Machine) afterReboot() []plan.Step {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.rebooted {
		return nil
	}
	m.rebooted = false
	return slices.Clone(m.done)
}

// noteReboot notes that what the steps wrote was perhaps not on the disk.
func (m *Machine) noteReboot() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rebooted = true
}
