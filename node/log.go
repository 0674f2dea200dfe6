package node

import (
	"slices"
	"sync"
)

// log takes the lines that the machine reports to a request that listens. All requests share one machine, whose lines do
// not tell which of them they belong to: the request that began first gets them all.
type log struct {
	mu        sync.Mutex
	listeners []*listener
}

type listener struct{ line func(string) }

// listen adds a listener until the returned function is called.
func (l *log) listen(line func(string)) (unlisten func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	entry := &listener{line}
	l.listeners = append(l.listeners, entry)
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.listeners = slices.DeleteFunc(l.listeners, func(other *listener) bool { return other == entry })
	}
}

func (l *log) line(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.listeners) > 0 {
		l.listeners[0].line(text)
	}
}
