package release

import (
	"fmt"
	"strings"

	"kbootstrap/fault"
)

// UnpinnedError says which artifacts have no known sum. Nothing was fetched and no host was
// touched.
type UnpinnedError struct {
	URLs []string // of the artifacts, in the order in which a cluster is built
	Lock string   // the path of the lock that does not have them, and that may not exist
	// Mirror is where they would come from; empty means upstream, over https.
	Mirror string

	inventory  string
	criDockerd bool // cri-dockerd is one of them
	// kubernetes is the version that the inventory wants.
	kubernetes string
}

func (e *UnpinnedError) Error() string {
	var b strings.Builder
	what := fmt.Sprintf("%d artifacts", len(e.URLs))
	if len(e.URLs) == 1 {
		what = "an artifact"
	}
	fmt.Fprintf(&b, "neither the tool nor %s has the sha256 sum of %s:", e.Lock, what)
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
	hint := "fetch them once over https and record their sums: kbootstrap artifacts lock -i " + e.inventory +
		", or `plan` and `up` with --record"
	if known := newerThanKnown(e.kubernetes); known != "" {
		hint += fmt.Sprintf("; this kbootstrap knows Kubernetes up to %s, and a newer one may know %s", known,
			e.kubernetes)
	}
	return hint
}
