package resource

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// A Kind is a row in the table of kinds: its name on the wire, and what holds of all its values.
type Kind struct {
	// Tag is the kind's name on the wire and in the records on a host's disk. The tag of a kind that is Recorded never
	// changes: a later version reads what an earlier one has recorded.
	Tag    string
	Traits Trait
	is     func(Resource) bool
	decode func([]byte) (Resource, error)
}

// A Trait is something that holds of every value of a kind. What a value has to tell is an interface instead, which the
// kind implements in its own file; see traits.go.
type Trait uint8

// The traits.
const (
	// Recorded says that what was there before the tool first changed it is recorded, so that reset can put it back.
	// What belongs to a cluster goes with it; a loaded module does no harm, and may be in use by others.
	Recorded Trait = 1 << iota
	// GoesBack says that a rollback puts back what was found before the change.
	GoesBack
	// Resumes says that a rollback brings it about in its second pass, when all else is back: a service that ran is
	// started, and its health is waited for.
	Resumes
	// Waits says that the kind changes nothing: its Apply looks until it has seen what is wanted.
	Waits
)

// kinds is the table of all kinds. To add a kind is to write its file and its row.
var kinds = []Kind{
	kind[File]("file", Recorded|GoesBack),
	kind[Dir]("dir", Recorded|GoesBack),
	kind[Tree]("tree", 0),
	kind[Link]("link", Recorded|GoesBack),
	kind[User]("user", Recorded),
	kind[Service]("service", Recorded|GoesBack|Resumes),
	kind[Package]("package", Recorded),
	kind[Sysctl]("sysctl", Recorded),
	kind[Module]("module", 0),
	kind[Swap]("swap", Recorded),
	kind[SELinux]("selinux", Recorded),
	kind[Image]("image", 0),
	kind[Ready]("ready", Waits|Resumes),
	kind[Member]("member", 0),
	kind[Bootstrapped]("bootstrapped", 0),
	kind[Object]("object", 0),
	kind[Node]("node", 0),
	kind[NodeStatus]("nodestatus", Waits),
	kind[Rollout]("rollout", Waits),
	kind[NIC]("nic", 0),
	kind[Chains]("chains", 0),
	kind[Mounts]("mounts", 0),
	kind[Processes]("processes", 0),
	kind[Originals]("originals", 0),
}

// kind is the row of a kind.
func kind[T Resource](tag string, traits Trait) Kind {
	return Kind{
		Tag: tag, Traits: traits,
		is:     func(r Resource) bool { _, ok := r.(T); return ok },
		decode: decode[T],
	}
}

func decode[T Resource](data []byte) (Resource, error) {
	var v T
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("%T: %w", v, err)
	}
	return v, nil
}

// kindOf returns the row of a resource's kind.
func kindOf(r Resource) (Kind, error) {
	for _, k := range kinds {
		if k.is(r) {
			return k, nil
		}
	}
	return Kind{}, fmt.Errorf("%T is not a kind of resource", r)
}

// kindTagged returns the row with the tag.
func kindTagged(tag string) (Kind, error) {
	for _, k := range kinds {
		if k.Tag == tag {
			return k, nil
		}
	}
	return Kind{}, fmt.Errorf("unknown kind %q", tag)
}

// Has reports whether the resource's kind has the trait.
func Has(r Resource, t Trait) bool {
	k, err := kindOf(r)
	return err == nil && k.Traits&t != 0
}
