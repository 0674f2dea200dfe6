package provision

import (
	"time"

	"kbootstrap/remote"
)

// The kinds of events of a run.
const (
	EventPhase     = "phase"     // the run as a whole goes on to something: Text says to what
	EventConnected = "connected" // a session to a host is open
	EventStart     = "start"     // a component starts to be made on a host
	EventChange    = "change"    // a resource was changed: ID and Diff
	EventLog       = "log"       // a line of progress from the host
	EventSent      = "sent"      // Bytes of contents went to a host
	EventDone      = "done"      // a component is done on a host; Took says how long it took
	EventFailed    = "failed"    // a component failed on a host
)

// Event is one thing that happened in a run.
type Event struct {
	Kind, Host, Component string
	ID, Diff, Text        string
	Bytes                 int64
	Took                  time.Duration
}

// Options are how a run is carried out; what it makes is in the inventory alone.
type Options struct {
	// Report is told what happens, from several goroutines at once. May be nil.
	Report func(Event)
	// Command is what the user typed, for whoever finds a host locked.
	Command string
	Remote  remote.Options
}

func (o Options) report(e Event) {
	if o.Report != nil {
		o.Report(e)
	}
}
