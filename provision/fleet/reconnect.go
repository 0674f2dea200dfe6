package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/node"
	"kbootstrap/release"
	"kbootstrap/remote"
)

const (
	// Opens is how often a session to a host is opened before anything was done there, and how often in a run one that was
	// lost is replaced.
	Opens = 5
	// firstBackoff is the pause after the first failure; each is twice as long as the one before, up to lastBackoff.
	firstBackoff = 200 * time.Millisecond
	lastBackoff  = 5 * time.Second
	// AwayTimeout is how long a host may be away, which is enough for a reboot.
	AwayTimeout = 5 * time.Minute
)

// AwayError says that a host whose connection was lost did not come back.
type AwayError struct {
	During string // what it was busy with: a component, or what was asked of it
	Lost   error  // how the connection was lost
	Err    error  // what the last try to reach it said; nil when it came back and was lost again too often
	After  time.Duration
	Upload string // the content that was on its way, and how much of it
}

// Error says how the connection was lost, and why it was not made again.
func (e *AwayError) Error() string {
	text := fmt.Sprintf("the connection was lost during %s (%v)", e.During, e.Lost)
	if e.Upload != "" {
		text += ", " + e.Upload
	}
	if e.Err == nil {
		return text + fmt.Sprintf(", for the %dth time in this run", Opens+1)
	}
	return text + fmt.Sprintf(", and the host was not reached again in %v: %v", e.After, e.Err)
}

// Unwrap returns what the last try said, and how the connection was lost.
func (e *AwayError) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Lost}
	}
	return []error{e.Err, e.Lost}
}

// Fault is HostAway.
func (e *AwayError) Fault() fault.Code { return fault.HostAway }

// Hint says that nothing needs repair.
func (e *AwayError) Hint() string {
	return "see whether the host is up, then run the same command again: it goes on where it stopped"
}

// Open opens a session. A connection that was cut, as sshd does to some when many come at once (MaxStartups), or in the
// middle of the upload of the agent, is made again a few times.
func (m *Machine) Open(ctx context.Context) error {
	for try, pause := 1, firstBackoff; ; try, pause = try+1, pause*2 {
		err := m.Dial(ctx)
		switch {
		case err == nil || ctx.Err() != nil || !cut(err):
			return err
		case try == Opens:
			return fmt.Errorf("%w (%d tries)", err, Opens)
		}
		m.log("connect", fmt.Sprintf("%v; trying again", err))
		if err := rest(ctx, pause); err != nil {
			return err
		}
	}
}

// cut says whether the connection was there and ended, so that the next may do better.
func cut(err error) bool {
	var reach *remote.Error
	if !errors.As(err, &reach) || reach.Kind != remote.Unreachable {
		return false
	}
	code := fault.Of(err)
	return code == fault.HostLost || code == fault.HostSilent ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// Reopen opens a session in the place of one that was lost. The host may be rebooting, so it waits for it; but it does not
// wait for a host that answers and is another one, or does not let us in.
func (m *Machine) Reopen(ctx context.Context, during string, lost error) (*node.Client, error) {
	away := &AwayError{During: during, Lost: m.why(lost), Upload: m.onItsWay()}
	if m.reopened++; m.reopened > Opens {
		return nil, away
	}
	m.closeSession()
	m.log(during, fmt.Sprintf("the connection was lost: %v; waiting for the host, %v at most", away.Lost, m.away()))
	start := time.Now()
	limited, cancel := context.WithTimeout(ctx, m.away())
	defer cancel()
	var facts host.Facts
	for pause := firstBackoff; ; pause = min(pause*2, lastBackoff) {
		err := m.Dial(limited)
		if err == nil {
			if facts, err = m.Fresh.Facts(limited); err == nil {
				break
			}
			m.closeSession()
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if away.Err == nil || limited.Err() == nil { // that the time is up says less
			away.Err = err
		}
		if limited.Err() != nil || !m.passing(err) || rest(limited, pause) != nil {
			away.After = time.Since(start).Round(time.Second)
			return nil, away
		}
	}
	if facts.BootID != m.BootID {
		m.mu.Lock()
		m.BootID, m.rebooted = facts.BootID, true
		m.mu.Unlock()
		m.log(during, "the host rebooted during "+during+"; going on")
	} else {
		m.log(during, "connected again; going on")
	}
	return m.Fresh, nil
}

// passing says whether an error may pass while a host boots or a line comes back: it is not reached, does not let users in
// yet, or our own lost session still has the lock.
func (m *Machine) passing(err error) bool {
	var (
		reach  *remote.Error
		locked *node.LockedError
		lost   *node.LostError
	)
	switch {
	case errors.As(err, &locked):
		h := locked.Holder
		return h == (node.Holder{}) || // who lets go of it takes away the name first
			h.PID == m.Holder.PID && h.Host == m.Holder.Host && h.Since.Equal(m.Holder.Since)
	case errors.As(err, &lost):
		return true
	case errors.As(err, &reach):
		return reach.Kind == remote.Unreachable || fault.Of(err) == fault.LoginRefused
	}
	return false
}

// why is how a session was lost: the cause of the connection's end says more than that of a request.
func (m *Machine) why(lost error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.conn != nil {
		if err := m.conn.Err(); err != nil {
			return err
		}
	}
	if m.session != nil {
		if said := m.session.Stderr(); said != "" {
			return fmt.Errorf("%w; the node said: %s", lost, said)
		}
	}
	return lost
}

// noteUpload notes what is on its way to the host and how much of it was sent, for the message should it be cut off.
func (m *Machine) noteUpload(c release.Content, bytes int64) {
	m.note(fmt.Sprintf("after %.1f of %.1f MB of %s were sent", float64(bytes)/1e6, float64(c.Compressed)/1e6, c.Name))
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

func (m *Machine) away() time.Duration {
	if m.Options.Away != 0 {
		return m.Options.Away
	}
	return AwayTimeout
}

func (m *Machine) log(component, text string) {
	m.Options.Tell(Event{Kind: EventLog, Host: m.Host.Name, Component: component, Text: strings.TrimPrefix(text, m.Host.Name+": ")})
}

// rest waits, unless the context ends.
func rest(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
