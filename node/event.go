package node

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// The kinds of events.
const (
	EventChange   = "change"   // a resource was made what it should be
	EventRollback = "rollback" // a resource was put back to what it was before the run
	EventLog      = "log"      // a line of progress
	EventNeed     = "need"     // a content is waited for that is neither there nor on its way: its sum
	EventDone     = "done"     // the last event of a run, whether it went well or not
)

// Event is one thing that happened while a host converged.
type Event struct {
	Kind      string `json:"kind"`
	Component string `json:"component,omitempty"`
	ID        string `json:"id,omitempty"`   // the resource's
	Diff      string `json:"diff,omitempty"` // of a change: its line diff
	Line      string `json:"line,omitempty"` // of a log line
	Sum       string `json:"sum,omitempty"`  // of a content
	Millis    int64  `json:"millis"`         // of a change and of done: how long it took
}

// message is a line on the wire: an event, the final error with the last of them, or nothing at
// all, which only says that the node is alive.
type message struct {
	Event
	Error *wireError `json:"error,omitempty"`
}

// eventStream writes events to a response, each at once.
type eventStream struct {
	mu      sync.Mutex
	encoder *json.Encoder
	flush   func() error
}

// newEventStream starts the response. Until ctx ends it writes an empty message at each interval,
// so that the client can tell a long step from a dead node. The returned function waits for the
// last of them.
func newEventStream(
	ctx context.Context, w http.ResponseWriter, interval time.Duration,
) (stream *eventStream, wait func()) {
	w.Header().Set("Content-Type", "application/jsonl")
	s := &eventStream{encoder: json.NewEncoder(w), flush: http.NewResponseController(w).Flush}
	ctx, cancel := context.WithCancel(ctx)
	var beat sync.WaitGroup
	beat.Go(func() {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				s.send(message{})
			case <-ctx.Done():
				return
			}
		}
	})
	return s, func() { cancel(); beat.Wait() }
}

// send writes one message. That the client is gone shows in the request's context, not here.
func (s *eventStream) send(m message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.encoder.Encode(m) == nil {
		_ = s.flush()
	}
}
