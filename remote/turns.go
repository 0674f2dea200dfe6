package remote

import (
	"io"
	"sync"
)

// turns lets one goroutine read at a time. Where a connection ends before a channel does, x/crypto
// wakes one reader of the channel, and another one would wait without end.
type turns struct {
	mu   sync.Mutex
	from io.Reader
}

func (t *turns) Read(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.from.Read(p)
}
