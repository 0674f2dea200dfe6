package node

import (
	"errors"
	"io"
	"sync"
)

// detachable is a request's body that can be taken back. net/http may read from a body after it has
// returned the response, while the owner of the reader thinks that it is free again.
type detachable struct {
	mu       sync.Mutex
	r        io.Reader
	err      error
	detached bool
}

func (d *detachable) Read(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.detached {
		return 0, errors.New("the request is over")
	}
	n, err := d.r.Read(p)
	if err != nil && err != io.EOF {
		d.err = err
	}
	return n, err
}

// detach waits for a Read that is under way and lets no other begin.
func (d *detachable) detach() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.detached = true
}

// failed returns the error that ended the reader, if one did.
func (d *detachable) failed() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}
