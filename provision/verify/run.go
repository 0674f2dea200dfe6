package verify

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// Run makes checks, those at the same time that do not disturb each other, and returns how each
// ended. told is called with each as it ends, one at a time. The namespace is removed before Run
// returns, also when ctx ends; the error says that it could not be.
func Run(ctx context.Context, s *Scene, selected []Check, told func(Outcome)) ([]Outcome, error) {
	outcomes := make([]Outcome, 1+len(selected))
	var mu sync.Mutex
	note := func(i int, o Outcome) {
		mu.Lock()
		defer mu.Unlock()
		outcomes[i] = o
		told(o)
	}
	note(0, carryOut(ctx, s, opening))
	if outcomes[0].Result == Fail {
		for i, c := range selected {
			note(i+1, Outcome{Check: c, Result: Unknown, Text: "what it needs could not be made"})
		}
		return outcomes, s.close(context.WithoutCancel(ctx))
	}
	var together sync.WaitGroup
	for i, c := range selected {
		if !c.Alone {
			together.Go(func() { note(i+1, carryOut(ctx, s, c)) })
		}
	}
	together.Wait()
	for i, c := range selected {
		if c.Alone {
			note(i+1, carryOut(ctx, s, c))
		}
	}
	return outcomes, s.close(context.WithoutCancel(ctx))
}

// carryOut makes one check. A panic in it is a failure of that check alone.
func carryOut(ctx context.Context, s *Scene, c Check) (o Outcome) {
	begin := time.Now()
	o = Outcome{Check: c}
	defer func() {
		if p := recover(); p != nil {
			o.Result = Fail
			o.Failures = []Failure{{Text: fmt.Sprintf("bug in the check: %v", p)}}
			o.Evidence = []string{string(debug.Stack())}
		}
		o.Took = time.Since(begin)
	}()
	limit := c.Limit
	if limit == 0 {
		limit = defaultLimit
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if c.Absent != nil {
		if o.Text = c.Absent(limited, s); o.Text != "" {
			o.Result = Skipped
			return o
		}
	}
	o.Result = Pass
	if o.Text, o.Failures = c.Try(limited, s); len(o.Failures) > 0 {
		o.Result, o.Text = Fail, ""
	}
	switch {
	case ctx.Err() != nil:
		o.Result, o.Text, o.Failures = Unknown, "the run was stopped", nil
	case o.Result == Fail:
		explain(ctx, s, &o)
	}
	return o
}
