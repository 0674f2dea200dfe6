package provision

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"strings"
	"sync"
	"time"

	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/remote"
)

// Machine is a host with a live session to its node process.
type Machine struct {
	Host    inventory.Host
	Facts   node.Facts
	Client  *node.Client
	conn    *remote.Conn
	session *remote.Session
}

// close ends the session and the connection. The node process ends with them, and its lock with it.
func (m *Machine) close() {
	if m.Client != nil {
		_ = m.Client.Close()
	}
	if m.session != nil {
		_ = m.session.Close()
	}
	if m.conn != nil {
		_ = m.conn.Close()
	}
}

// Fleet is the connected hosts by name.
type Fleet map[string]*Machine

// Close ends every session.
func (f Fleet) Close() {
	var all sync.WaitGroup
	for _, m := range f {
		all.Go(m.close)
	}
	all.Wait()
}

// connect opens a session to each host, all at once, and gathers its facts. It returns the hosts that it reached, and a
// Failures with the others. With a lock, the session is the only one that may change the host until it ends.
func connect(ctx context.Context, hosts []inventory.Host, o Options, lock bool) (Fleet, error) {
	var (
		mu     sync.Mutex
		fleet  = Fleet{}
		failed Failures
		all    sync.WaitGroup
	)
	for _, h := range hosts {
		all.Go(func() {
			m, err := connectOne(ctx, h, o, lock)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = append(failed, Failure{Host: h.Name, Component: "connect", Err: err})
				return
			}
			fleet[h.Name] = m
			o.report(Event{Host: h.Name, Kind: EventConnected, Text: fmt.Sprintf("%s, kernel %s", m.Facts.OS.Name, m.Facts.Kernel)})
		})
	}
	all.Wait()
	if failed != nil {
		return fleet, failed.sorted(hosts)
	}
	return fleet, nil
}

func connectOne(ctx context.Context, h inventory.Host, o Options, lock bool) (*Machine, error) {
	m := &Machine{Host: h}
	o.report(Event{Kind: EventConnecting, Host: h.Name, Component: "connect"})
	options := o.Remote
	options.Log = func(line string) {
		o.report(Event{Kind: EventLog, Host: h.Name, Component: "connect", Text: strings.TrimPrefix(line, h.Name+": ")})
		if o.Remote.Log != nil {
			o.Remote.Log(line)
		}
	}
	var err error
	if m.conn, err = remote.Dial(ctx, h, options); err != nil {
		return nil, err
	}
	if m.session, err = m.conn.Node(ctx); err != nil {
		m.close()
		return nil, err
	}
	m.Client = node.NewClient(m.session)
	if lock {
		if err := m.Client.Lock(ctx, holder(o.Command)); err != nil {
			m.close()
			return nil, err
		}
	}
	if m.Facts, err = m.Client.Facts(ctx); err != nil {
		m.close()
		if said := m.session.Stderr(); said != "" {
			err = fmt.Errorf("%w; the node said: %s", err, said)
		}
		return nil, fmt.Errorf("gather facts: %w", err)
	}
	return m, nil
}

// holder says who this run is, for whoever finds a host locked.
func holder(command string) node.Holder {
	h := node.Holder{PID: os.Getpid(), Command: command, Since: time.Now()}
	if u, err := user.Current(); err == nil {
		h.User = u.Username
	}
	h.Host, _ = os.Hostname()
	return h
}
