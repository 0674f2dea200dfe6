package provision

import (
	"time"
)

// The kinds of events of a run.
const (
	EventPhase      = "phase"      // the run as a whole goes on to something, told in the text
	EventConnecting = "connecting" // a host is dialled
	EventConnected  = "connected"  // a session to a host is open
	EventPlanned    = "planned"    // what is to be done on a host is known: the count is that of its components
	EventWarning    = "warning"    // something that does not stop the run: text; of a check of the hosts also its ID, as the resource
	EventStart      = "start"      // a component starts to be made on a host
	EventChange     = "change"     // a resource was changed: which, and its diff
	EventRollback   = "rollback"   // a resource was put back to what it was before the run: which, and its diff
	EventLog        = "log"        // a line of progress from the host
	EventSending    = "sending"    // so many bytes of a content went to a host so far; the text is its name; at most one a second
	EventSent       = "sent"       // a content went to a host: its bytes, compressed; the text is its name
	EventDone       = "done"       // a component is done on a host; the count is that of the resources that were changed
	EventFailed     = "failed"     // a component failed on a host, for this error
	EventStopped    = "stopped"    // a component was left as it is, since the run is to stop
)

// Event is one thing that happened in a run.
type Event struct {
	Kind, Host, Component string
	ID, Diff, Text        string
	Bytes                 int64
	Count                 int
	Took                  time.Duration
	Err                   error
}
