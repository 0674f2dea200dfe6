// Package interruptible has readers that end with a context, for copies of files that may take
// long.
package interruptible

import (
	"context"
	"io"
)

// Reader returns a reader of r that fails with the cause of the end of ctx once that has ended. A
// read that is under way is not ended by it.
func Reader(ctx context.Context, r io.Reader) io.Reader { return &reader{ctx, r} }

type reader struct {
	ctx context.Context
	r   io.Reader
}

// Read reads on.
func (r *reader) Read(p []byte) (int, error) {
	if err := context.Cause(r.ctx); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
