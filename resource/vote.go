package resource

import (
	"context"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
)

// Vote is the right of an etcd member to vote. A learner gets it when it has caught up with the
// leader, and never loses it but with its membership.
type Vote struct {
	Name    string // of the member
	PeerURL string
	Access  EtcdAccess    // to members that vote already
	Unit    string        // "etcd.service"
	Timeout time.Duration // until it has caught up
	Absent  bool
}

// ID is "vote NAME".
func (v Vote) ID() string { return "vote " + v.Name }

// State is "voter" or empty.
func (v Vote) State() string { return States(Flag("voter", !v.Absent)) }

// Observe reads the list of members. Where no member answers, nothing is known of a vote.
func (v Vote) Observe(ctx context.Context, sys *host.System) (Resource, error) {
	list, err := v.Access.members(ctx, sys)
	entry, listed := list.at(v.PeerURL)
	found := v
	found.Absent = err != nil || !listed || entry.IsLearner
	return found, ctx.Err()
}

const (
	// unheardLooks is after how many looks at a learner that is not heard it is started again,
	// once.
	unheardLooks = 3
	// announceLooks is how often a learner is looked at for whether it serves clients before it is
	// promoted all the same: for some ten seconds, after which etcd has announced it twice.
	announceLooks = 40
)

// Apply promotes the learner as soon as it has caught up and serves. A vote cannot be taken away. A
// learner that waits to announce itself once more is started again: no member waits for it, as it
// has no vote.
func (v Vote) Apply(ctx context.Context, sys *host.System) error {
	if v.Absent {
		return nil
	}
	sys.Logf("waiting until %s has caught up with the leader of etcd", v.Name)
	deadline, cancel := context.WithTimeout(ctx, v.Timeout)
	defer cancel()
	since := sys.Since(v.Unit)
	watch := Watch{Unit: v.Unit, Crashes: 5}
	var last error
	looks, unheard := 0, 0
	err := host.Poll(deadline, memberPoll, func() (bool, error) {
		list, err := v.Access.members(deadline, sys)
		if err != nil {
			last = err
			return false, watch.Hopeless(deadline, sys)
		}
		entry, listed := list.at(v.PeerURL)
		looks++
		switch {
		case !listed:
			return false, fault.MemberNotChanged.Errorf("etcd has no member at %s any more", v.PeerURL)
		case !entry.IsLearner:
			return true, nil
		case entry.isServing(deadline):
		case unheard < unheardLooks && entry.Name != "" && v.hasData(deadline, sys):
			if unheard++; unheard < unheardLooks {
				return false, nil
			}
			_, err := sys.Change(deadline, "systemctl", "--no-block", "--job-mode=ignore-dependencies",
				"restart", v.Unit)
			return false, err
		case looks < announceLooks:
			// The leader takes one for caught up before it has seen its own announcement.
			return false, watch.Hopeless(deadline, sys)
		}
		// A learner that never started, or lags, is refused; so is one that votes by now. The list
		// tells.
		last = v.Access.change(deadline, sys, v.Access.Endpoints, "/v3/cluster/member/promote",
			map[string]any{"ID": entry.ID})
		if isAnswer(last) {
			if err := sys.Interrupted(deadline); err != nil {
				return false, err
			}
			return false, watch.Hopeless(deadline, sys)
		}
		failed := last
		list, last = v.Access.members(deadline, sys)
		if entry, listed = list.at(v.PeerURL); listed && !entry.IsLearner {
			return true, nil
		}
		return false, failed
	})
	if err != nil && watch.Crashed {
		return sys.Failed(ctx, fault.ServiceNotReady, v.Unit, host.Crashed, since, err)
	}
	return waited(ctx, err, last, "until "+v.Name+" has caught up with the leader of etcd")
}
