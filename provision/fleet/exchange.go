package fleet

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"kbootstrap/fault"
	"kbootstrap/node"
	"kbootstrap/release"
)

const (
	// shareFrom is how many hosts must lack the same content for them to pass it on. A few get it
	// sooner from here, all at once.
	shareFrom = 5
	// seeds is how many of such contents are sent from here at the same time, each to one host.
	// With fewer, a host that is slow keeps all others waiting; with more, the first content comes
	// later.
	seeds = 4
	// uploads is how many hosts at a time a host passes contents on to.
	uploads = 2
	// looked is how many of the hosts that have a content are looked at for one that is free.
	looked = 8
	// strikes is how often in a row a host may fail, as the one that passes on or as the one that
	// gets, until it is left out of the exchange.
	strikes = 3
	// restFirst is how long a host that could not pass something on is not asked again; each time
	// twice as long. The first step of a run may just be about to stop its firewall.
	restFirst = 2 * time.Second
	// stalled is how long a content may not move, on its way from here, until it is sent to another
	// host as well.
	stalled = 5 * time.Second
)

// form is a content as it travels: whole, or as a delta to a base.
type form struct{ sum, base string }

// way is how a host gets a content: from another host, or from here.
type way struct {
	form
	from *line // nil means from here
	seed *seed // of a content that the host will pass on; nil otherwise
}

// seed is a content on its way from here to hosts that will pass it on.
type seed struct {
	hosts int
	moved time.Time
}

// exchange decides from whom each host gets a content that many hosts lack. Of each such content
// one host gets it from here, and passes it on to the next two, each of which then does the same. A
// host takes whichever of the contents that it lacks it can have now, so different hosts begin with
// different ones, and then trade.
type exchange struct {
	keys *node.RunKeys

	mu      sync.Mutex
	lack    map[string]int // sum → how many hosts lack the content
	bearers map[form][]bearer
	seeding map[form]*seed
	state   map[*line]*member
	changed chan struct{} // closed and replaced whenever a host may find a way that it did not
}

// bearer is a host that has a form, as long as the session lasts in which it got that.
type bearer struct {
	line    *line
	session int
}

// member is what the exchange knows of one host.
type member struct {
	uploads int
	failed  int // as the one that passes on, in a row
	rests   time.Time
	out     bool // passes nothing on any more
	missed  int  // as the one that gets, in a row
	alone   bool // gets everything from here
}

func newExchange(keys *node.RunKeys, rounds []Round) *exchange {
	x := &exchange{
		keys: keys, lack: map[string]int{}, bearers: map[form][]bearer{}, seeding: map[form]*seed{},
		state: map[*line]*member{}, changed: make(chan struct{}),
	}
	for _, r := range rounds {
		for _, contents := range r.Contents {
			for _, c := range contents {
				x.lack[c.SHA256]++
			}
		}
	}
	return x
}

// shares reports whether hosts pass a content on.
func (x *exchange) shares(sum string) bool {
	return x != nil && x.lack[sum] >= shareFrom // written before anything begins
}

// news is closed when a host may find a way that it did not find before. A nil exchange has none.
func (x *exchange) news() <-chan struct{} {
	if x == nil {
		return nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.changed
}

func (x *exchange) tellNews() {
	close(x.changed)
	x.changed = make(chan struct{})
}

func (x *exchange) member(l *line) *member {
	if x.state[l] == nil {
		x.state[l] = &member{}
	}
	return x.state[l]
}

// choose returns a way for a content that a host can have now, and takes it: end must follow.
func (x *exchange) choose(l *line, c release.Content, s form) (way, bool) {
	if !x.shares(c.SHA256) {
		return way{form: s}, true
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.member(l).alone {
		return way{form: s}, true
	}
	now := time.Now()
	from, some := x.free(s, l, now)
	if from != nil {
		x.member(from).uploads++
		return way{form: s, from: from}, true
	}
	if some {
		return way{}, false // one of them will be free
	}
	current := x.seeding[s]
	moving := 0
	for _, other := range x.seeding {
		if now.Sub(other.moved) < stalled {
			moving++
		}
	}
	if current != nil && now.Sub(current.moved) < stalled || moving >= seeds {
		return way{}, false
	}
	if current == nil {
		current = &seed{}
		x.seeding[s] = current
	}
	current.hosts, current.moved = current.hosts+1, now
	return way{form: s, seed: current}, true
}

// free returns a host that can pass a form on now. Some reports whether there is one that can when
// it has passed on what it is at.
func (x *exchange) free(s form, to *line, now time.Time) (from *line, some bool) {
	x.bearers[s] = slices.DeleteFunc(x.bearers[s], func(h bearer) bool {
		return x.member(h.line).out || h.line.machine.Client.Reopened() != h.session
	})
	all := x.bearers[s]
	if len(all) == 0 {
		return nil, false
	}
	begin := rand.IntN(len(all)) //nolint:gosec // no secret: the load is spread
	for i := range min(looked, len(all)) {
		h := all[(begin+i)%len(all)]
		m := x.member(h.line)
		if h.line == to || now.Before(m.rests) {
			continue
		}
		some = true
		if m.uploads < uploads && (from == nil || m.uploads < x.member(from).uploads) {
			from = h.line
		}
	}
	return from, some
}

// moved notes that a content on its way from here moves.
func (x *exchange) moved(w way) {
	if w.seed == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	w.seed.moved = time.Now()
}

// end gives a way back. A host that got a form and listens is one that passes it on.
func (x *exchange) end(l *line, w way, got form, listens bool, err error) {
	if !x.shares(w.sum) {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	defer x.tellNews()
	if w.seed != nil {
		if w.seed.hosts--; w.seed.hosts == 0 {
			delete(x.seeding, w.form)
		}
	}
	if w.from != nil {
		x.judge(l, w, err)
	}
	if listens {
		x.bearers[got] = append(x.bearers[got], bearer{l, l.machine.Client.Reopened()})
	}
}

// judge notes how a host passed something on to another one. Which of the two it was, if something
// went wrong, shows in the next tries: each may be with another host.
func (x *exchange) judge(to *line, w way, err error) {
	from, l := x.member(w.from), x.member(to)
	from.uploads--
	switch {
	case err == nil:
		from.failed, l.missed = 0, 0
		return
	case errors.As(err, new(*node.LostError)) || errors.Is(err, context.Canceled):
		return // the host that gets it is away, or the run ends
	}
	x.bearers[w.form] = slices.DeleteFunc(x.bearers[w.form], func(h bearer) bool {
		return h.line == w.from && fault.Of(err) != fault.RelayFailed
	})
	from.failed++
	from.rests = time.Now().Add(restFirst << from.failed / 2)
	from.out = from.out || from.failed >= strikes || fault.Of(err) == fault.RelayDamaged
	l.missed++
	l.alone = l.alone || l.missed >= strikes
}
