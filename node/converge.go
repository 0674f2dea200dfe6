package node

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"kbootstrap/host"
	"kbootstrap/resource"
	"kbootstrap/resource/converge"
	"kbootstrap/resource/kinds"
)

// unmarshal reads the resources of a request.
func unmarshal(text []byte) ([]resource.Resource, error) {
	if len(text) == 0 {
		return nil, nil
	}
	wanted, err := kinds.Unmarshal(text)
	if err != nil {
		return nil, requestError{fmt.Errorf("read resources: %w", err)}
	}
	return lightened(wanted), nil
}

func (s *server) converge(w http.ResponseWriter, r *http.Request) error {
	text, err := body(w, r)
	if err != nil {
		return err
	}
	wanted, err := unmarshal(text)
	if err != nil {
		return err
	}
	return s.change(w, r, func(ctx context.Context, sys *host.System, report func(resource.Change)) error {
		return converge.Converge(ctx, sys, wanted, report)
	})
}

// stop ends what is under way, and what is still to come, where that leaves things whole. See
// host.System.Stop.
func (s *server) stop(w http.ResponseWriter, _ *http.Request) error {
	s.sys.Stop()
	return answer(w, struct{}{})
}

func (s *server) flush(http.ResponseWriter, *http.Request) error { return s.sys.Flush() }

// change changes the host and streams what happens.
func (s *server) change(
	w http.ResponseWriter, r *http.Request,
	apply func(ctx context.Context, sys *host.System, report func(resource.Change)) error,
) error {
	if err := s.exclusive(Holder{}); err != nil {
		return err
	}
	component := r.URL.Query().Get("component")
	start := time.Now()
	events, stop := newEventStream(r.Context(), w, idleTimeout/6)
	sys := s.sys.Logging(func(line string) {
		events.send(message{Event: Event{Kind: EventLog, Component: component, Line: line}})
	})
	sys.Blob = func(ctx context.Context, sum string) (host.Blob, error) {
		return s.blobs.open(ctx, sum, func() {
			events.send(message{Event: Event{Kind: EventNeed, Component: component, Sum: sum}})
		})
	}
	// A panic is told in the stream as well: by then the answer has begun.
	err := guarded(r.URL.Path, func() error {
		done, err := s.turns.take(r.Context(), component)
		if err != nil {
			return err
		}
		defer done()
		return apply(r.Context(), sys, func(c resource.Change) {
			kind := EventChange
			if c.Back {
				kind = EventRollback
			}
			events.send(message{Event: Event{
				Kind: kind, Component: component, ID: c.ID, Diff: c.Diff, Millis: c.Duration.Milliseconds(),
			}})
		})
	})
	stop()
	events.send(message{
		Event: Event{Kind: EventDone, Component: component, Millis: time.Since(start).Milliseconds()},
		Error: toWire(err),
	})
	return nil
}
