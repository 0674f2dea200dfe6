// Package fleet holds the hosts of a run: a live session to each, made again when it is lost, and the events of the run.
// Start at Connect.
package fleet

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"sync"
	"time"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/plan"
	"kbootstrap/remote"
)

// Machine is a host with a live session to its node process. When the session is lost, the client opens another.
type Machine struct {
	Host   inventory.Host
	Facts  host.Facts
	Client *node.Client

	Options Options
	lock    bool                            // the session has the host's lock
	Holder  node.Holder                     // of the lock
	Dial    func(ctx context.Context) error // opens a session, whose client is fresh then
	Fresh   *node.Client

	// Only who opens a session changes these, and that is one at a time.
	reopened int
	BootID   string

	mu       sync.Mutex
	conn     *remote.Conn
	session  *remote.Session
	upload   string // what is on its way
	done     []plan.Step
	rebooted bool // since all of them were done
}

// Close ends the session and the connection. The node process ends with them, and its lock with it.
func (m *Machine) Close() {
	if m.Client != nil {
		_ = m.Client.Close()
	}
	m.closeSession()
}

func (m *Machine) closeSession() {
	m.mu.Lock()
	conn, session := m.conn, m.session
	m.conn, m.session = nil, nil
	m.mu.Unlock()
	if session != nil {
		_ = session.Close()
	}
	if conn != nil {
		_ = conn.Close()
	}
}

// Fleet is the connected hosts by name.
type Fleet map[string]*Machine

// Close ends every session.
func (f Fleet) Close() {
	var all sync.WaitGroup
	for _, m := range f {
		all.Go(m.Close)
	}
	all.Wait()
}

// Connect opens a session to each host, all at once, and gathers its facts. It returns the hosts that it reached, and a
// Failures with the others. With a lock, the session is the only one that may change the host until it ends.
func Connect(ctx context.Context, hosts []inventory.Host, o Options, lock bool) (Fleet, error) {
	fleet := Fleet{}
	for _, h := range hosts {
		fleet[h.Name] = &Machine{Host: h, Options: o, lock: lock, Holder: holder(o.Command)}
	}
	failed := fleet.Each(ctx, hosts, "connect", func(ctx context.Context, m *Machine) error {
		begin := time.Now()
		o.Tell(Event{Kind: EventConnecting, Host: m.Host.Name, Component: "connect"})
		err := m.connect(ctx)
		if err != nil {
			o.Tell(Event{Kind: EventFailed, Host: m.Host.Name, Component: "connect", Text: err.Error(), Err: err, Took: time.Since(begin)})
			return err
		}
		o.Tell(Event{Host: m.Host.Name, Kind: EventConnected, Text: fmt.Sprintf("%s, kernel %s", m.Facts.OS.Name, m.Facts.Kernel)})
		return nil
	})
	for _, name := range failed.Hosts() {
		delete(fleet, name)
	}
	return fleet, failed.ErrOrNil()
}

// connect opens the first session.
func (m *Machine) connect(ctx context.Context) error {
	m.Dial = m.openOnce
	if err := m.Open(ctx); err != nil {
		return err
	}
	m.Client = m.Fresh
	var err error
	if m.Facts, err = m.Client.Facts(ctx); err != nil {
		said := m.session.Stderr()
		m.Close()
		if said != "" {
			err = fmt.Errorf("%w; the node said: %s", err, said)
		}
		return fmt.Errorf("gather facts: %w", err)
	}
	m.BootID = m.Facts.BootID
	m.Client.OnLost(m.Reopen)
	return nil
}

// openOnce opens a session over SSH.
func (m *Machine) openOnce(ctx context.Context) error {
	options := m.Options.Remote
	options.Log = func(line string) {
		m.log("connect", line)
		if m.Options.Remote.Log != nil {
			m.Options.Remote.Log(line)
		}
	}
	conn, err := remote.Dial(ctx, m.Host, options)
	if err != nil {
		return err
	}
	session, err := conn.Node(ctx)
	if err != nil {
		_ = conn.Close()
		return err
	}
	m.mu.Lock()
	m.conn, m.session = conn, session
	m.mu.Unlock()
	m.Fresh = node.NewClient(session)
	if !m.lock {
		return nil
	}
	take := func() error { return m.Fresh.Lock(ctx, m.Holder) }
	if err := m.Options.patiently(ctx, m.Host.Name, take); err != nil {
		_ = m.Fresh.Close()
		m.closeSession()
		return err
	}
	return nil
}

// Holder says who this run is, for whoever finds a host locked.
func holder(command string) node.Holder {
	h := node.Holder{PID: os.Getpid(), Command: command, Since: time.Now()}
	if u, err := user.Current(); err == nil {
		h.User = u.Username
	}
	h.Host, _ = os.Hostname()
	return h
}
