// Package background does what a later run is quicker for, while this one has better things to do:
// on a thread of the lowest priority. Start at Do.
package background

import (
	"context"
	"sync"
)

// Do does something, and returns its error, or none as soon as ctx ends: who gets the processor
// last must not be waited for. The group tells when it is over.
func Do(ctx context.Context, group *sync.WaitGroup, something func() error) error {
	done := make(chan error, 1)
	group.Go(func() {
		yieldToOthers() // until this goroutine ends
		done <- something()
	})
	select {
	case err := <-done:
		if context.Cause(ctx) == nil {
			return err
		}
	case <-ctx.Done():
	}
	return nil
}
