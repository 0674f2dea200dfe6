// Package resource holds the kinds of things that the tool puts on a host, one kind per file. A resource is a plain
// value; what is wanted and what is found are values of the same type. Every kind keeps the laws of laws_test.go:
// observing is faithful, applying converges, applying again changes nothing, applying what was found puts it back.
// Start at Resource, then File.
package resource

import (
	"context"
	"io"
)

// A Resource is one thing on one host, in some state.
type Resource interface {
	// ID names the thing: "file /etc/systemd/system/etcd.service". It is unique on a host.
	ID() string
	// State tells the state, one property a line, secrets as digests; it is empty when the thing is absent.
	State() string
	// Observe returns what is found on the host: a value of the same kind with the same ID.
	Observe(ctx context.Context, sys *System) (Resource, error)
	// Apply makes the host equal to this value. It may be repeated, and it may be cut off anywhere.
	Apply(ctx context.Context, sys *System) error
}

// System is a machine as a process on it sees it. NewSystem makes one.
type System struct {
	// Root is the directory below which all files lie: "/" on a host, a temporary directory in a unit test.
	Root string
	// Run starts a program by its argv, without a shell, and returns its standard output. An error carries the argv and
	// the last lines of standard error.
	Run func(ctx context.Context, argv ...string) ([]byte, error)
	// Blob opens a content by its sha256 (hex), waiting until the control machine has sent it.
	Blob func(ctx context.Context, sha256 string) (Blob, error)
	// Log reports progress in one plain line, such as "waiting for https://127.0.0.1:6443/readyz". May be nil.
	Log func(line string)
	// Around is called for each change of the machine, and makes it by calling do, or does not: tests break runs there. It
	// is nil in production. It must be safe for calls at the same time.
	Around func(step Step, do func() error) error

	shared *shared
}

// A Blob is a content that has arrived on the host and whose sum was verified.
type Blob interface {
	io.ReadCloser
	// Path is a file on the host that holds the content, below System.Root, on the same file system as /opt and /var. A
	// File takes it by rename where it can.
	Path() string
}
