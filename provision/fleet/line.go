package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"kbootstrap/node"
	"kbootstrap/release"
)

// line is what one host gets, one content after the other.
type line struct {
	machine *Machine
	tell    func(Event)
	bytes   atomic.Int64 // that were sent from here
	passed  atomic.Int64 // that other hosts sent
	x       *exchange    // nil where hosts pass nothing on
	own     *node.Identity

	mu       sync.Mutex
	asked    []order         // what a step waits for
	ahead    []order         // what steps will need; it comes after what is asked for
	promised map[string]bool // the sums of what is, or will be, queued or on its way
	has      map[string]bool // the sums of what the host got in this session: a delta may be to that
	session  int             // which one has was true of
	relays   listening       // where the host passes contents on
	woken    chan struct{}   // has a value when there is something new
}

// order is a content to send.
type order struct {
	sum     string
	content release.Content
	unknown bool       // no artifact has that sum
	check   bool       // the host may have it by now
	left    *Countdown // of what was queued with it, until it was sent or cannot be; may be nil
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
	case <-l.queue(contents, missing).over:
	case <-ctx.Done():
	}
}

// queue queues those of the contents that are missing, and returns what counts them.
func (l *line) queue(contents []release.Content, missing []string) *Countdown {
	l.mu.Lock()
	defer l.mu.Unlock()
	var orders []order
	for _, c := range contents {
		if slices.Contains(missing, c.SHA256) {
			orders = append(orders, order{sum: c.SHA256, content: c})
		} else {
			delete(l.promised, c.SHA256) // the host has it
			l.has[c.SHA256] = true
		}
	}
	left := NewCountdown(len(orders))
	for i := range orders {
		orders[i].left = left
	}
	l.ahead = append(l.ahead, orders...)
	l.wake()
	return left
}

// run sends what is queued until ctx ends.
func (l *line) run(ctx context.Context) {
	waited := time.NewTimer(stalled)
	defer waited.Stop()
	for ctx.Err() == nil {
		news := l.x.news()
		o, w, ok := l.next()
		if !ok {
			waited.Reset(stalled) // what is on its way to another host may have stopped
			select {
			case <-l.woken:
			case <-news:
			case <-waited.C:
			case <-ctx.Done():
			}
			continue
		}
		if !l.deliver(ctx, o, w) {
			l.putBack(o)
			continue
		}
		l.mu.Lock()
		delete(l.promised, o.sum)
		l.mu.Unlock()
		if o.left != nil {
			o.left.Done()
		}
	}
}

// next takes what is to be sent next, and how: what a step waits for, or the first of the others
// that can be had now. What can be a delta waits for its base.
func (l *line) next() (order, way, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.noteSession()
	if len(l.asked) > 0 {
		o := l.asked[0]
		l.asked = l.asked[1:]
		s, _ := l.formOf(o.content)
		w, ok := l.x.choose(l, o.content, s)
		if !ok {
			w = way{form: s}
		}
		return o, w, true
	}
	for i, o := range l.ahead {
		s, ready := l.formOf(o.content)
		if !ready {
			continue
		}
		if w, ok := l.x.choose(l, o.content, s); ok {
			l.ahead = slices.Delete(l.ahead, i, i+1)
			return o, w, true
		}
	}
	return order{}, way{}, false
}

// noteSession forgets what went with a session. The caller has the lock.
func (l *line) noteSession() {
	if now := l.machine.Client.Reopened(); now != l.session {
		l.session = now
		clear(l.has)
	}
}

// formOf is the form in which the host gets a content, and whether it should not wait for another
// content that would make it shorter. The caller has the lock.
func (l *line) formOf(c release.Content) (s form, ready bool) {
	for _, d := range c.Deltas {
		if l.has[d.Base] {
			return form{c.SHA256, d.Base}, true
		}
	}
	isShort := false
	for _, d := range c.Deltas {
		isShort = isShort || d.Base == release.Nothing
		if slices.ContainsFunc(l.ahead, func(o order) bool { return o.sum == d.Base }) {
			return form{}, false
		}
	}
	if isShort {
		return form{c.SHA256, release.Nothing}, true
	}
	return form{sum: c.SHA256}, true
}

// putBack queues a content again, before all others.
func (l *line) putBack(o order) {
	l.mu.Lock()
	defer l.mu.Unlock()
	o.check = true
	l.ahead = slices.Insert(l.ahead, 0, o)
}

// deliver brings the host a content. When the session is lost meanwhile, it goes on over the next.
// What cannot be sent fails whoever waits for it, there on the host, with the cause. It reports
// false when another host could not pass the content on, so that another way is to be tried.
func (l *line) deliver(ctx context.Context, o order, w way) (done bool) {
	defer l.machine.noteUploaded()
	var got form
	var listens bool
	var err error
	defer func() { l.x.end(l, w, got, listens, err) }()
	client := l.machine.Client
	for check := o.check; ; check = true {
		if check {
			missing, err := client.Missing(ctx, []string{o.sum}) // opens another session where it must
			switch {
			case err != nil:
				_ = client.Abandon(ctx, o.sum, err) // without a connection, every step of this host says so
				return true
			case len(missing) == 0:
				return true
			}
		}
		if o.unknown {
			_ = client.Abandon(ctx, o.sum, errors.New("no artifact of this run has that sum"))
			return true
		}
		got, err = l.bring(ctx, o.content, w)
		var lost *node.LostError
		switch {
		case ctx.Err() != nil:
			return true
		case errors.As(err, &lost):
			continue
		case err != nil && w.from != nil:
			l.tellMissed(o.content, w, err)
			return false
		case err != nil:
			_ = client.Abandon(ctx, o.sum, fmt.Errorf("send %s: %w", o.content.Name, err))
		default:
			listens = l.x.shares(o.sum) && l.listen(ctx)
		}
		return true
	}
}
