package release

import "sync"

// progressStep is how many bytes pass between two events of one artifact.
const progressStep = 1 << 20

// progress passes events on, one at a time.
type progress struct {
	mu   sync.Mutex
	tell func(Event)
}

func (p *progress) send(e Event) {
	if p.tell == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tell(e)
}

// report is the progress of one artifact.
type report struct {
	to    *progress
	name  string
	total int64
	next  int64
}

// at says how many bytes there are, unless it said nearly the same before.
func (r *report) at(done int64) {
	if done >= r.next && done != r.total {
		r.next = done + progressStep
		r.to.send(Event{Name: r.name, Done: done, Total: r.total})
	}
}

// finished reports that all n bytes came and were the right ones.
func (r *report) finished(n int64) {
	r.to.send(Event{Name: r.name, Done: n, Total: n})
}
