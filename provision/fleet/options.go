package fleet

import (
	"context"
	"time"

	"kbootstrap/certs"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/release"
	"kbootstrap/remote"
)

// Options are how a run is carried out; what it makes is in the inventory alone.
type Options struct {
	// Report is told what happens, from several goroutines at once. May be nil.
	Report func(Event)
	// Command is what the user typed, for whoever finds a host locked.
	Command string
	Remote  remote.Options
	// LockTimeout is how long to wait for a lock that another run holds; 0 means not at all.
	LockTimeout time.Duration
	// Away is how long a host whose connection was lost may be away before that is its failure; 5
	// minutes by default.
	Away time.Duration
	// Record reports whether the sums of artifacts that are not known may be recorded in the lock,
	// as the artifacts come; nil means that they may not.
	Record func(ctx context.Context, unknown *release.UnpinnedError) (bool, error)
	// Bundle has the artifacts, where nothing can be fetched; nil means that they are fetched.
	Bundle *release.Bundle
	// Unlock gets what opens a state directory whose keys are sealed; nil where nothing can be
	// opened.
	Unlock certs.Unlocker
	// Dial opens a stream to a node of a host; nil means over SSH. It is for tests, whose nodes run
	// in their own process.
	Dial func(ctx context.Context, h inventory.Host) (node.Stream, error)
}

// Tell reports what happens.
func (o Options) Tell(e Event) {
	if o.Report != nil {
		o.Report(e)
	}
}
