package release

import "sync"

// progressStep is how many bytes pass between two events of one artifact.
const progressStep = 1 << 20

// progress passes events on, one at a time, and adds up what they tell.
type progress struct {
	mu    sync.Mutex
	tell  func(Event)
	state map[string]transfer // by artifact
	all   Sum
}

// transfer is how far one artifact is.
type transfer struct {
	had, done, total int64 // bytes; had is what an earlier call brought
	isWhole          bool
}

// expect counts artifacts that are about to be fetched.
func (p *progress) expect(artifacts []artifact) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == nil {
		p.state = map[string]transfer{}
	}
	for _, a := range artifacts {
		p.update(a.name(), transfer{total: a.size})
	}
}

// isLarge takes the size of an artifact, unless it is known by now.
func (p *progress) isLarge(name string, size int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t, ok := p.state[name]; ok && t.total == 0 && !t.isWhole {
		t.total = size
		p.update(name, t)
	}
}

// update replaces what is known of an artifact.
func (p *progress) update(name string, now transfer) {
	before, known := p.state[name]
	p.state[name] = now
	if !known {
		p.all.Files++
	}
	if now.isWhole && !before.isWhole {
		p.all.FilesDone++
	}
	p.all.Done += now.done - before.done
	p.all.Total += max(now.total, now.done) - max(before.total, before.done)
	p.all.Came += max(0, now.done-now.had) - max(0, before.done-before.had)
}

func (p *progress) send(e Event, t transfer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tell == nil {
		return
	}
	if p.state == nil {
		p.state = map[string]transfer{}
	}
	if t.total == 0 {
		t.total = p.state[e.Name].total
	}
	p.update(e.Name, t)
	e.All = p.all
	p.tell(e)
}

// report is the progress of one artifact.
type report struct {
	to    *progress
	name  string
	total int64
	next  int64
	had   int64 // bytes that an earlier call brought
}

// at says how many bytes there are, unless it said nearly the same before.
func (r *report) at(done int64) {
	if r.to != nil && done >= r.next && done != r.total {
		r.next = done + progressStep
		r.to.send(Event{Name: r.name, Done: done, Total: r.total}, transfer{had: r.had, done: done, total: r.total})
	}
}

// finished reports that all n bytes came and were the right ones.
func (r *report) finished(n int64) {
	r.to.send(Event{Name: r.name, Done: n, Total: n}, transfer{had: r.had, done: n, total: n, isWhole: true})
}
