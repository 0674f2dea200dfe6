package fleet

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"kbootstrap/node"
	"kbootstrap/release"
)

const (
	// reach is how long a connection to a host may take. A firewall that drops packets costs that
	// much.
	reach = 3 * time.Second
	// answer is how long a host that is busy may take to begin to send.
	answer = 15 * time.Second
	// slowest is, in bytes a second, how slowly a host may pass something on.
	slowest = 1 << 20
	// slack is what a host may take besides, to decompress and to write.
	slack = 20 * time.Second
)

// listening is where a host passes contents on, as long as a session lasts.
type listening struct {
	asked   bool // the host was asked to in that session
	session int
	port    uint16 // 0 where it does not listen
}

// bring has the host get a content on a way. It returns in which form that came.
func (l *line) bring(ctx context.Context, c release.Content, w way) (form, error) {
	if w.from == nil {
		return l.sendShort(ctx, c, w)
	}
	return w.form, l.fetch(ctx, c, w)
}

// fetch has the host get a content from another host.
func (l *line) fetch(ctx context.Context, c release.Content, w way) error {
	length := c.Compressed
	for _, d := range c.Deltas {
		if d.Base == w.base {
			length = d.Compressed
		}
	}
	own, err := l.identity()
	if err != nil {
		return err
	}
	name, from := l.machine.Host.Name, w.from.machine.Host
	l.machine.note(fmt.Sprintf("while %s passed %s on", from.Name, c.Name))
	l.tell(Event{Kind: EventSending, Host: name, Text: c.Name, From: from.Name})
	err = l.machine.Client.Fetch(ctx, node.Fetch{
		Upload: node.Upload{Sum: c.SHA256, Size: c.Size, Base: w.base, Keep: true},
		Length: length, From: from.Name, At: w.from.relayAt(), Identity: own,
		Reach: reach, Answer: answer, Within: slack + time.Duration(length)*time.Second/slowest,
	})
	if err != nil {
		return err
	}
	l.noteHas(c.SHA256)
	l.passed.Add(length)
	l.tell(Event{Kind: EventSent, Host: name, Text: c.Name, Bytes: length, From: from.Name})
	return nil
}

// tellMissed remarks that another host could not pass a content on. That is no failure.
func (l *line) tellMissed(c release.Content, w way, err error) {
	l.machine.log("contents", fmt.Sprintf("%s could not pass %s on: %v; it comes from elsewhere",
		w.from.machine.Host.Name, c.Name, err))
}

// listen has the host pass on what it got, and reports whether it does.
func (l *line) listen(ctx context.Context) bool {
	session := l.machine.Client.Reopened()
	if l.relays.asked && l.relays.session == session {
		return l.relays.port != 0
	}
	port := 0
	own, err := l.identity()
	if err == nil {
		port, err = l.machine.Client.Relay(ctx, l.machine.Host.Address, own)
	}
	if err != nil && ctx.Err() == nil {
		l.machine.log("contents", fmt.Sprintf("this host passes nothing on to others: %v", err))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.relays = listening{asked: true, session: session, port: uint16(port)} //nolint:gosec // a port
	return err == nil && port != 0
}

// relayAt is where other hosts get what this one passes on.
func (l *line) relayAt() netip.AddrPort {
	l.mu.Lock()
	defer l.mu.Unlock()
	return netip.AddrPortFrom(l.machine.Host.Address, l.relays.port)
}

// identity is what the host shows to others in this run.
func (l *line) identity() (node.Identity, error) {
	if l.own == nil {
		own, err := l.x.keys.Identity(l.machine.Host.Name)
		if err != nil {
			return own, err
		}
		l.own = &own
	}
	return *l.own, nil
}
