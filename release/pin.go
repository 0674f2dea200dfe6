package release

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// Where a sum comes from.
const (
	OriginBuiltIn = "built-in"
	OriginLock    = "lock"
)

// UnpinnedError says which artifacts have no known sum. Nothing was fetched and no host was
// touched.
type UnpinnedError struct {
	URLs []string // of the artifacts, in the order in which a cluster is built
	Lock string   // the path of the lock that does not have them; empty when the inventory names none

	inventory  string
	criDockerd bool // cri-dockerd is one of them
}

func (e *UnpinnedError) Error() string {
	where := "neither the tool nor a lock has"
	if e.Lock != "" {
		where = e.Lock + " does not have"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s the sha256 sum of %d artifacts:", where, len(e.URLs))
	if len(e.URLs) == 1 {
		b.Reset()
		fmt.Fprintf(&b, "%s the sha256 sum of an artifact:", where)
	}
	for _, url := range e.URLs {
		b.WriteString("\n  " + url)
	}
	if e.criDockerd {
		b.WriteString("\n  (cri-dockerd is needed because of `cri: dockerd`)")
	}
	return b.String()
}

// Fault returns the code.
func (e *UnpinnedError) Fault() fault.Code { return fault.ArtifactUnpinned }

// Hint says how to have the sums recorded.
func (e *UnpinnedError) Hint() string {
	hint := "fetch them once and record their sums: kbootstrap artifacts lock -i " + e.inventory
	if e.Lock == "" {
		hint += "; then name the file in the inventory (artifacts: {lock: artifacts.lock})"
	}
	return hint
}

// pin gives each artifact its sum: from the lock when the inventory names one, otherwise from those
// built in. It returns what remains without one, nil when there is none. A lock that does not exist
// has no sums.
func pin(c *inventory.Cluster, artifacts []artifact) (*UnpinnedError, error) {
	locked := map[string]LockedEntry{}
	if c.Artifacts.Lock != "" {
		lock, err := ReadLock(c.Artifacts.Lock)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err == nil {
			locked = lock.entries()
		}
	}
	unpinned := &UnpinnedError{Lock: c.Artifacts.Lock, inventory: c.File}
	for i := range artifacts {
		a := &artifacts[i]
		if c.Artifacts.Lock == "" {
			a.sum, a.origin = builtIn(*a), OriginBuiltIn
		} else if e, ok := locked[a.url]; ok {
			a.sum, a.size, a.origin = e.SHA256, e.Size, OriginLock
		}
		if a.sum == "" {
			a.origin = ""
			unpinned.URLs = append(unpinned.URLs, a.url)
			unpinned.criDockerd = unpinned.criDockerd || a.component == "cri-dockerd"
		}
	}
	if len(unpinned.URLs) == 0 {
		return nil, nil
	}
	return unpinned, nil
}
