package fleet

import "time"

// The kinds of events of a run.
const (
	EventPhase      = "phase"      // the run as a whole begins something new; the text says what
	EventFetch      = "fetch"      // how far the artifacts are: the count is percent, the text says files, bytes, rate
	EventConnecting = "connecting" // a host is dialled
	EventConnected  = "connected"  // a session to a host is open
	EventPlanned    = "planned"    // what there is to do on a host is known: the count is the number of components
	EventWarning    = "warning"    // the text says what is wrong; the run goes on; a check's ID is the resource
	EventStart      = "start"      // work on a component begins on a host
	EventChange     = "change"     // a resource was changed: which, and its diff
	EventRollback   = "rollback"   // a resource was put back to what it was before the run: which, and its diff
	EventLog        = "log"        // a line of progress from the host
	EventSending    = "sending"    // so many bytes of the file in the text were sent so far; at most one event a second
	EventSent       = "sent"       // a file was sent to a host: its bytes, compressed; the text is its name
	EventDone       = "done"       // a component is done on a host; the count is the number of changed resources
	EventFailed     = "failed"     // a component failed on a host; the error says why
	EventChecked    = "checked"    // a check of verify has ended: its name is the component; the text says how
	EventStopped    = "stopped"    // a component was left as it is because the run is to stop
)

// Event is one thing that happened in a run.
type Event struct {
	Kind, Host, Component string
	ID, Diff, Text        string
	Bytes                 int64
	Count                 int
	Took                  time.Duration
	Err                   error
	From                  string // of sending and sent: the host that passed it on; empty for the control machine
	After                 string // of start: the step that was waited for last, as "w1/containerd"
}
