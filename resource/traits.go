package resource

import (
	"context"

	"kbootstrap/host"
)

// Answered is implemented by the kinds that are not on the host itself: a service answers for them,
// and to ask one that does not run costs a time-out each.
type Answered interface {
	Resource
	// Answers returns the unit that must run so that there is a service to answer. Without a unit,
	// all reports whether every service that is wanted next to the resource must run.
	Answers() (unit string, all bool)
	// Absence returns the value that is found where no service answers.
	Absence() Resource
}

// Carrier is implemented by the kinds that are made from a content which the control machine sends.
type Carrier interface {
	Resource
	// Contents returns the content's sha256 in hex, and its size in bytes as far as it is known.
	// The sum is empty when nothing needs to be sent.
	Contents() (sha256 string, size int64)
}

// Contents returns the sum and the size of the content that a resource is made from; the sum is
// empty if there is none.
func Contents(r Resource) (sha256 string, size int64) {
	if c, ok := r.(Carrier); ok {
		return c.Contents()
	}
	return "", 0
}

// Batch is implemented by the kinds whose values are looked at together, because a process for each
// would cost more than everything else.
type Batch interface {
	Resource
	// BatchKey names what is looked at together: the values with the same key are given to one call
	// of ObserveAll.
	BatchKey() any
	// ObserveAll is Observe for all values of a batch. What it returns is in their order.
	ObserveAll(ctx context.Context, sys *host.System, all []Resource) ([]Resource, error)
}

// Runner is implemented by the kind that runs a unit.
type Runner interface {
	Resource
	// Runs returns the unit, and reports whether it runs.
	Runs() (unit string, running bool)
	// Ended returns the same value with its unit not running.
	Ended() Resource
	// Aged returns what was found of this wanted value, marked as older where something that it
	// starts with differs although its configuration is the wanted one: the process will be older
	// than that.
	Aged(found Resource, differs func(id string) bool) Resource
	// Unmet returns the error of a value that was applied, and is not as wanted when it is
	// verified.
	Unmet(ctx context.Context, sys *host.System, err error) error
}

// Health is implemented by the kinds that are a part of a host's health.
type Health interface {
	Resource
	// Problem returns why the found value is not the healthy one that is wanted; it is empty when
	// nothing is wrong.
	Problem(wanted Resource) string
}

// Patient is implemented by the kind that waits for a unit.
type Patient interface {
	Resource
	// Impatient returns the same wait, given up when systemd has restarted the unit so often.
	Impatient(crashes int) Resource
}

// Several is implemented by the kind that changes other resources: they are what is reported, each
// as a Change of its own.
type Several interface {
	Resource
	// ApplyEach is Apply; report may be nil.
	ApplyEach(ctx context.Context, sys *host.System, report func(Change)) error
}

// Writer is implemented by the kinds that put something on the disks of a host, besides the content
// that arrives.
type Writer interface {
	Resource
	Writes() []Write
}

// A Write is what a resource writes below a path.
type Write struct {
	Path  string
	Bytes int64
	Files int64
}

// Installer is implemented by the kind that brings a program by the package manager.
type Installer interface {
	Resource
	// Installs returns the program's name; it is empty when the package is not wanted.
	Installs() (program string)
}

// Keeper is a found value that holds a file whose content is not in the value itself, so that it
// has to be kept before the file is changed.
type Keeper interface {
	// LargeFile returns the file, and whether there is one.
	LargeFile() (File, bool)
}

// Displacer is implemented by the kinds whose found values may be the work of the host's owner.
type Displacer interface {
	Resource
	// Displaces says, of a found value, what of it is no more when the wanted one is applied, in
	// words for its owner; it is empty when nothing is lost.
	Displaces(wanted Resource) string
}
