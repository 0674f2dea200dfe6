// Package resource holds the kinds of things that the tool puts on a host, one kind per file. A
// resource is a plain value; what is wanted and what is found are values of the same type. Every
// kind keeps the laws of laws_test.go: observing is faithful, applying converges, applying again
// changes nothing, applying what was found puts it back. The table of kinds is in resource/kinds,
// and what observes and applies many of them in resource/converge. Start at Resource, then File.
package resource

import (
	"context"

	"kbootstrap/host"
)

// A Resource is one thing on one host, in some state.
type Resource interface {
	// ID names the thing: "file /etc/systemd/system/etcd.service". It is unique on a host.
	ID() string
	// State tells the state, one property a line, secrets as digests; it is empty when the thing is
	// absent.
	State() string
	// Observe returns what is found on the host: a value of the same kind with the same ID.
	Observe(ctx context.Context, sys *host.System) (Resource, error)
	// Apply makes the host equal to this value. It may be repeated, and it may be cut off anywhere.
	Apply(ctx context.Context, sys *host.System) error
}

// A Veiler can show itself without the text that it holds.
type Veiler interface{ Veiled() Resource }
