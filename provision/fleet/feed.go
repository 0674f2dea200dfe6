package fleet

import (
	"context"
	"sync"
	"time"

	"kbootstrap/node"
	"kbootstrap/release"
)

// Feed sends hosts their contents. What the plan knows to be lacking is sent ahead, in rounds; what
// a step waits for and is not about to be sent is sent at once, because a host may have lost it
// since it was looked at, or because it went with a session.
type Feed struct {
	rounds []Round
	lines  map[string]*line
}

// Round is what all hosts get before the next round begins.
type Round struct {
	// Contents are what each host lacks, in the order in which its steps need them.
	Contents map[string][]release.Content
	// After is waited for before the round begins, for Patience at most. May be nil.
	After    *Countdown
	Patience time.Duration
}

// NewFeed is a feed for all hosts of a fleet. What it does is told as EventSending and EventSent.
func NewFeed(f Fleet, tell func(Event), rounds ...Round) *Feed {
	feed := &Feed{rounds: rounds, lines: map[string]*line{}}
	for name, m := range f {
		l := newLine(m, tell)
		for _, r := range rounds {
			l.promise(r.Contents[name])
		}
		feed.lines[name] = l
	}
	return feed
}

// PassOn has hosts that have a content pass it on to others, where many lack it.
func (f *Feed) PassOn(keys *node.RunKeys) {
	x := newExchange(keys, f.rounds)
	for _, l := range f.lines {
		l.x = x
	}
}

// Run sends until ctx ends.
func (f *Feed) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, l := range f.lines {
		all.Go(func() { l.run(ctx) })
	}
	for _, r := range f.rounds {
		if r.After != nil {
			r.After.wait(ctx, r.Patience)
		}
		var round sync.WaitGroup
		for name, l := range f.lines {
			round.Go(func() { l.sendAhead(ctx, r.Contents[name]) })
		}
		round.Wait()
	}
	all.Wait()
}

// Need sends a host a content that a step waits for, before what is queued for that host, unless
// the content is queued or on its way itself. The content is looked for in the artifacts of that
// host. Need does not wait.
func (f *Feed) Need(host, sum string, from *release.Set) {
	if l := f.lines[host]; l != nil {
		l.need(sum, from)
	}
}

// Passed is how many bytes of contents, compressed, a host got from other hosts.
func (f *Feed) Passed(host string) int64 {
	if l := f.lines[host]; l != nil {
		return l.passed.Load()
	}
	return 0
}

// Bytes is how many bytes of contents, compressed, a host got, from here and from other hosts.
func (f *Feed) Bytes(host string) int64 {
	if l := f.lines[host]; l != nil {
		return l.bytes.Load() + l.passed.Load()
	}
	return 0
}
