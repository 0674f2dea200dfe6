package release

import (
	"fmt"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// DisputedError says that a lock has other sums than the projects published. Nothing was fetched
// and no host was touched.
type DisputedError struct {
	Lock      string
	Disputes  []Dispute
	inventory string
}

// Dispute is one artifact of which a lock has another sum.
type Dispute struct {
	URL       string
	Name      string // such as "kubelet v1.36.3"
	Published string // lower case hex, as built into the tool
	Locked    string
}

func (e *DisputedError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s has other sums than the projects published:", e.Lock)
	for _, d := range e.Disputes {
		fmt.Fprintf(&b, "\n  %s\n    locked    %s\n    published %s", d.URL, d.Locked, d.Published)
	}
	return b.String()
}

// Fault returns the code.
func (e *DisputedError) Fault() fault.Code { return fault.ArtifactDisputed }

// Hint says what to do if the files are right, and what if they are not.
func (e *DisputedError) Hint() string {
	return "find out who changed the lock; if the files are your own builds from a mirror, say so in " + e.inventory +
		" (artifacts: {ownBuilds: true})"
}

// dispute compares the lock with what the projects published. Only a mirror can have own builds, so
// without one, or when the inventory says that there are none, a difference is refused; otherwise
// it is told.
func (p pins) dispute(c *inventory.Cluster, artifacts []artifact, o Options) error {
	e := &DisputedError{Lock: p.path, inventory: c.File}
	for _, a := range artifacts {
		if published, locked := p.published(a); published != locked {
			name := a.component
			if !a.isImage() && len(a.members) == 1 {
				name = a.members[0].name
			}
			e.Disputes = append(e.Disputes, Dispute{a.url, name + " " + a.version, published, locked})
		}
	}
	if len(e.Disputes) == 0 {
		return nil
	}
	if c.Artifacts.Mirror == "" || c.Artifacts.OwnBuilds != nil {
		return e
	}
	if o.Warn != nil {
		o.Warn(e.warning())
	}
	return nil
}

// named is how many artifacts a warning names.
const named = 3

// warning is the error in one line, for a mirror of which the inventory does not say whose builds
// it has.
func (e *DisputedError) warning() string {
	names := make([]string, len(e.Disputes))
	for i, d := range e.Disputes {
		names[i] = d.Name
	}
	more := ""
	if n := len(names) - named; n > 0 {
		names, more = names[:named], fmt.Sprintf(" and %d others", n)
	}
	return fmt.Sprintf("%s has other sums than the projects published for %s%s: if they are your own builds, "+
		"say so in %s (artifacts: {ownBuilds: true}), else set it to false, which refuses them (%s)",
		e.Lock, strings.Join(names, ", "), more, e.inventory, fault.ArtifactDisputed)
}
