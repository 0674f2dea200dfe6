package resource

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
)

// Agreement is a member of etcd that holds what all members hold: at one revision, the hashes that
// they compute of their data are equal. A member that has just got its data is asked for it before
// an API server relies on it.
type Agreement struct {
	Name    string // of the member
	PeerURL string
	Access  EtcdAccess // to members that vote already
	Timeout time.Duration
	Absent  bool
}

// ID is "agreement of member NAME".
func (g Agreement) ID() string { return "agreement of member " + g.Name }

// State is "holds what all members hold" or empty.
func (g Agreement) State() string { return States(Flag("holds what all members hold", !g.Absent)) }

// hashTime is how long a member may take to read all that it holds: 8 GiB from a slow disk.
const hashTime = 2 * time.Minute

// Observe asks all members once. Where one does not answer, nothing is known of an agreement.
func (g Agreement) Observe(ctx context.Context, sys *host.System) (Resource, error) {
	found := g
	found.Absent = g.compare(ctx, sys) != nil
	return found, ctx.Err()
}

// Apply waits until all members agree. One that is behind has not come to the revision yet, and one
// that has compacted another part of its history computes another hash, for a moment.
func (g Agreement) Apply(ctx context.Context, sys *host.System) error {
	if g.Absent {
		return nil
	}
	deadline, cancel := context.WithTimeout(ctx, g.Timeout)
	defer cancel()
	var last error
	err := host.Poll(deadline, memberPoll, func() (bool, error) {
		if problem := g.compare(deadline, sys); deadline.Err() == nil || last == nil {
			last = problem
		}
		return last == nil, sys.Interrupted(deadline)
	})
	if err == nil || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	last = fmt.Errorf("waited %s until all members of etcd hold the same: %w", g.Timeout, last)
	return fault.MembersDisagree.Wrap(last)
}

// etcdHash is what a member computes of its data. Two are of the same data only if both have
// compacted the same part of it.
type etcdHash struct {
	Hash            uint32
	CompactRevision string `json:"compact_revision"`
}

func (h etcdHash) String() string {
	return fmt.Sprintf("%08x, compacted at %s", h.Hash, cmp.Or(h.CompactRevision, "0"))
}

// compare returns why the members that vote do not agree, or are not known to.
func (g Agreement) compare(ctx context.Context, sys *host.System) error {
	list, err := g.Access.members(ctx, sys)
	if err != nil {
		return err
	}
	self, listed := list.at(g.PeerURL)
	if !listed || self.IsLearner {
		return fmt.Errorf("%s does not vote", g.Name)
	}
	var status struct{ Header struct{ Revision string } }
	if err := g.Access.ask(ctx, sys, self.ClientURLs, "/v3/maintenance/status", map[string]any{}, &status); err != nil {
		return err
	}
	revision, err := strconv.ParseInt(status.Header.Revision, 10, 64)
	if err != nil {
		return fmt.Errorf("the revision of %s: %w", g.Name, err)
	}
	var told []string
	different := map[etcdHash]bool{}
	for _, e := range list {
		if e.IsLearner {
			continue // it serves no hash
		}
		var h etcdHash
		err := g.Access.askWithin(ctx, sys, hashTime, e.ClientURLs, "/v3/maintenance/hashkv",
			map[string]any{"revision": strconv.FormatInt(revision, 10)}, &h)
		if err != nil {
			return fmt.Errorf("the hash of %s: %w", e.title(), err)
		}
		different[h] = true
		told = append(told, e.title()+" "+h.String())
	}
	if len(different) > 1 {
		return fmt.Errorf("the hashes at revision %d differ: %s", revision, strings.Join(told, "; "))
	}
	return nil
}
