package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"kbootstrap/node"
	"kbootstrap/release"
)

// line is what one host gets, one content after the other.
type line struct {
	machine *Machine
	tell    func(Event)
	bytes   atomic.Int64

	mu       sync.Mutex
	asked    []order         // what a step waits for
	ahead    []order         // what steps will need; it comes after what is asked for
	promised map[string]bool // the sums of what is, or will be, queued or on its way
	has      map[string]bool // the sums of what the host got in this session: a delta may be to that
	woken    chan struct{}   // has a value when there is something new
}

// order is a content to send.
type order struct {
	sum     string
	content release.Content
	unknown bool          // no artifact has that sum
	check   bool          // the host may have it by now
	last    chan struct{} // closed when it was sent or cannot be; may be nil
}

func newLine(m *Machine, tell func(Event)) *line {
	return &line{
		machine: m, tell: tell, promised: map[string]bool{}, has: map[string]bool{}, woken: make(chan struct{}, 1),
	}
}

// promise notes contents that will be sent ahead: no step needs to ask for them.
func (l *line) promise(contents []release.Content) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range contents {
		l.promised[c.SHA256] = true
	}
}

// need queues a content before all that is sent ahead, unless it is promised.
func (l *line) need(sum string, from *release.Set) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.promised[sum] {
		return
	}
	l.promised[sum] = true
	o := order{sum: sum, unknown: true, check: true}
	if from != nil {
		content, ok := from.BySum(sum)
		o.content, o.unknown = content, !ok
	}
	l.asked = append(l.asked, o)
	l.wake()
}

// wake has run look at the queues. The caller has the lock.
func (l *line) wake() {
	select {
	case l.woken <- struct{}{}:
	default: // it is about to look
	}
}

// sendAhead queues those of the promised contents that the host lacks, and returns when they are
// sent or ctx ends.
func (l *line) sendAhead(ctx context.Context, contents []release.Content) {
	if len(contents) == 0 {
		return
	}
	sums := make([]string, len(contents))
	for i, c := range contents {
		sums[i] = c.SHA256
	}
	missing, err := l.machine.Client.Missing(ctx, sums)
	if err != nil {
		missing = sums // sending them will tell why not
	}
	select {
	case <-l.queue(contents, missing):
	case <-ctx.Done():
	}
}

// queue queues those of the contents that are missing. What it returns is closed when the last of
// them is sent.
func (l *line) queue(contents []release.Content, missing []string) (sent chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	sent = make(chan struct{})
	var orders []order
	for _, c := range contents {
		if slices.Contains(missing, c.SHA256) {
			orders = append(orders, order{sum: c.SHA256, content: c})
		} else {
			delete(l.promised, c.SHA256) // the host has it
			l.has[c.SHA256] = true
		}
	}
	if len(orders) == 0 {
		close(sent)
		return sent
	}
	orders[len(orders)-1].last = sent
	l.ahead = append(l.ahead, orders...)
	l.wake()
	return sent
}

// run sends what is queued until ctx ends.
func (l *line) run(ctx context.Context) {
	for {
		o, ok := l.next()
		if !ok {
			select {
			case <-l.woken:
			case <-ctx.Done():
			}
			if ctx.Err() != nil {
				return
			}
			continue
		}
		l.deliver(ctx, o)
		l.mu.Lock()
		delete(l.promised, o.sum)
		l.mu.Unlock()
		if o.last != nil {
			close(o.last)
		}
	}
}

// next takes what is to be sent next.
func (l *line) next() (order, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, queue := range []*[]order{&l.asked, &l.ahead} {
		if len(*queue) > 0 {
			o := (*queue)[0]
			*queue = (*queue)[1:]
			return o, true
		}
	}
	return order{}, false
}

// deliver sends a content. When the session is lost meanwhile, it goes on over the next. What
// cannot be sent fails whoever waits for it, there on the host, with the cause.
func (l *line) deliver(ctx context.Context, o order) {
	defer l.machine.noteUploaded()
	client := l.machine.Client
	for check := o.check; ; check = true {
		if check {
			missing, err := client.Missing(ctx, []string{o.sum}) // opens another session where it must
			switch {
			case err != nil:
				_ = client.Abandon(ctx, o.sum, err) // without a connection, every step of this host says so
				return
			case len(missing) == 0:
				return
			}
		}
		if o.unknown {
			_ = client.Abandon(ctx, o.sum, errors.New("no artifact of this run has that sum"))
			return
		}
		err := l.sendShort(ctx, o.content)
		var lost *node.LostError
		switch {
		case ctx.Err() != nil:
			return
		case errors.As(err, &lost):
			continue
		case err != nil:
			_ = client.Abandon(ctx, o.sum, fmt.Errorf("send %s: %w", o.content.Name, err))
		}
		return
	}
}
