// Package fleet holds the hosts of a run: a live session to each, opened again when it is lost, the
// contents that they get, and the events of the run. Start at Connect.
package fleet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"kbootstrap/inventory"
)

// Fleet is the connected hosts by name.
type Fleet map[string]*Machine

// Connect opens a session to each host, all at once, and gathers its facts. It returns the hosts
// that it reached, and a Failures with the others. With a lock, the session is the only one that
// may change the host until it ends.
func Connect(ctx context.Context, hosts []inventory.Host, o Options, lock bool) (Fleet, error) {
	fleet := Fleet{}
	for _, h := range hosts {
		fleet[h.Name] = &Machine{Host: h, options: o}
	}
	failed := fleet.Each(ctx, hosts, "connect", func(ctx context.Context, m *Machine) error {
		begin := time.Now()
		o.Tell(Event{Kind: EventConnecting, Host: m.Host.Name, Component: "connect"})
		err := m.connect(ctx, lock)
		if err != nil {
			kind := EventFailed
			if errors.Is(err, context.Canceled) {
				kind = EventStopped // by the user, and not by the host
			}
			o.Tell(Event{
				Kind: kind, Host: m.Host.Name, Component: "connect", Text: err.Error(), Err: err,
				Took: time.Since(begin),
			})
			return err
		}
		text := fmt.Sprintf("%s, kernel %s", m.Facts.OS.Name, m.Facts.Kernel)
		o.Tell(Event{Kind: EventConnected, Host: m.Host.Name, Text: text})
		return nil
	})
	for _, name := range failed.Hosts() {
		delete(fleet, name)
	}
	return fleet, failed.ErrOrNil()
}

// Close ends every session.
func (f Fleet) Close() {
	var all sync.WaitGroup
	for _, m := range f {
		all.Go(m.close)
	}
	all.Wait()
}

// Drop ends the session to one host, if there is one.
func (f Fleet) Drop(name string) {
	if m := f[name]; m != nil {
		delete(f, name)
		m.close()
	}
}
