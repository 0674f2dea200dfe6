package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"
	"time"

	"kbootstrap/fault"
	"kbootstrap/internal/posix"
	"kbootstrap/node"
	"kbootstrap/provision/component"
	"kbootstrap/remote"
)

// connect opens the first session. The client opens the next ones by itself.
func (m *Machine) connect(ctx context.Context, lock bool) error {
	us := twin(holder(m.options.Command))
	acting := component.ActingFor(us.User + "@" + us.Host)
	d := node.Dialer{
		Dial:    m.dial,
		Units:   component.Units(),
		Acting:  &acting,
		IsCut:   isCut,
		MayPass: mayPass,
		Patiently: func(ctx context.Context, try func() error) error {
			return m.options.patiently(ctx, m.Host.Name, us.isTwin, try)
		},
		Away:     m.options.Away,
		Upload:   m.onItsWay,
		Log:      m.log,
		OnReboot: m.noteReboot,
	}
	if lock {
		d.Holder = (*node.Holder)(&us)
	}
	client, greeting, err := d.Connect(ctx)
	if err != nil {
		return err
	}
	m.Client, m.Facts, m.Clock = client, greeting.Facts, greeting.Clock
	return nil
}

// dial opens a stream to a node on the host.
func (m *Machine) dial(ctx context.Context) (node.Stream, error) {
	if m.options.Dial != nil {
		return m.options.Dial(ctx, m.Host)
	}
	options := m.options.Remote
	options.Log = func(line string) {
		m.log("connect", line)
		if m.options.Remote.Log != nil {
			m.options.Remote.Log(line)
		}
	}
	conn, err := remote.Dial(ctx, m.Host, options)
	if err != nil {
		return nil, err
	}
	session, err := conn.Node(ctx)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return stream{session, conn}, nil
}

// stream is a session over SSH with the connection below it, which has no other.
type stream struct {
	*remote.Session
	conn *remote.Conn
}

// Close ends the session and the connection. The node process ends with them, and its lock with it.
func (s stream) Close() error { return errors.Join(s.Session.Close(), s.conn.Close()) }

// Cause returns how the connection was lost, or what the node said at last.
func (s stream) Cause(noticed error) error {
	if err := s.conn.Err(); err != nil {
		return err
	}
	if said := s.Stderr(); said != "" {
		return fmt.Errorf("%w; the node said: %s", noticed, said)
	}
	return noticed
}

// isCut reports whether the connection was there and ended, so that the next may do better.
func isCut(err error) bool {
	var reach *remote.Error
	if !errors.As(err, &reach) || reach.Kind != remote.Unreachable {
		return false
	}
	code := fault.Of(err)
	return code == fault.HostLost || code == fault.HostSilent || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || posix.IsReset(err)
}

// mayPass reports whether an error may pass while a host boots or a line comes back: it is not
// reached, or does not let users in yet.
func mayPass(err error) bool {
	var reach *remote.Error
	return errors.As(err, &reach) && (reach.Kind == remote.Unreachable || fault.Of(err) == fault.LoginRefused)
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

// Operator is who runs the tool, and where: "anna@desk".
func Operator() string {
	us := holder("")
	return us.User + "@" + us.Host
}

// twin is one of the sessions of this run.
type twin node.Holder

// isTwin reports whether a lock is held by another session of the same run, to the same machine:
// that one ends with the run. A session that was lost is the same one.
func (t twin) isTwin(h node.Holder) bool {
	return h.PID == t.PID && h.Host == t.Host && h.User == t.User && !h.Since.Equal(t.Since)
}

// noteUpload notes what is on its way to the host and how much of it was sent, for the message
// should it be cut off.
func (m *Machine) noteUpload(name string, bytes, all int64) {
	m.note(fmt.Sprintf("after %.1f of %.1f MB of %s were sent", float64(bytes)/1e6, float64(all)/1e6, name))
}

// noteUploaded notes that nothing is on its way any more.
func (m *Machine) noteUploaded() { m.note("") }

func (m *Machine) note(upload string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.upload = upload
}

func (m *Machine) onItsWay() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.upload
}

func (m *Machine) log(component, text string) {
	text = strings.TrimPrefix(text, m.Host.Name+": ")
	m.options.Tell(Event{Kind: EventLog, Host: m.Host.Name, Component: component, Text: text})
}
