package resource

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
)

// Membership is a place in etcd's list of members. One that is wanted is asked for on the host that
// joins, where it includes that the member may start: as a learner, which does not count for the
// quorum until it has caught up (see Vote). One that is not wanted is taken away by another host.
//
// Everything is read from the list before and after a change, so a run that was cut off, or an
// answer that was lost, leaves nothing that the next run would not see.
type Membership struct {
	Name    string // of the member
	PeerURL string // "https://192.168.56.12:2380"
	Access  EtcdAccess
	// Unit and DataDir are those of the member on this host; "" when the member is on another.
	Unit, DataDir string
	Absent        bool
}

// ID is "membership NAME".
func (m Membership) ID() string { return "membership " + m.Name }

// State says that etcd has the member in its list and, on its own host, that it has data or may
// start without.
func (m Membership) State() string { return States(Flag("member at "+m.PeerURL, !m.Absent)) }

const (
	// memberPoll is how often the list is read again.
	memberPoll = 250 * time.Millisecond
	// unhealthyPatience is how long etcd may refuse a change for the sake of its quorum: it wants
	// to have been connected to every voter for five seconds, and a new voter is connected late.
	unhealthyPatience = 2 * time.Minute
)

// Observe reads the list. Where no member answers, the place is not known to be there.
func (m Membership) Observe(ctx context.Context, sys *host.System) (Resource, error) {
	found := m
	list, err := m.Access.members(ctx, sys)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		found.Absent = true
		return found, nil
	}
	entry, listed := list.at(m.PeerURL)
	if found.Absent = !listed; !listed || m.Unit == "" {
		return found, nil
	}
	if sys.HasLog(m.DataDir) {
		found.Absent = !entry.is(sys.EtcdMemberID(m.DataDir))
		return found, nil
	}
	ready, err := m.firstStart(list).isKnown(ctx, sys, m.Unit)
	found.Absent = !ready
	return found, err
}

// firstStart is what the member is told when it starts without data: the list as it is.
func (m Membership) firstStart(list etcdEntries) firstStart {
	var members []string
	for _, e := range list {
		name := e.Name
		if len(e.PeerURLs) > 0 && e.PeerURLs[0] == m.PeerURL {
			name = m.Name // it has none before its first start
		}
		for _, url := range e.PeerURLs {
			if name != "" {
				members = append(members, name+"="+url)
			}
		}
	}
	return firstStart{"existing", strings.Join(members, ",")}
}

// Apply adds the member as a learner, or takes it away.
func (m Membership) Apply(ctx context.Context, sys *host.System) error {
	if m.Absent {
		return m.leave(ctx, sys)
	}
	list, err := m.join(ctx, sys)
	if err != nil || m.Unit == "" || sys.HasLog(m.DataDir) {
		return err
	}
	return m.firstStart(list).allow(ctx, sys, m.Unit)
}

// join sees to it that the list has the member, and returns the list.
func (m Membership) join(ctx context.Context, sys *host.System) (etcdEntries, error) {
	deadline, cancel := context.WithTimeout(ctx, unhealthyPatience)
	defer cancel()
	var list etcdEntries
	var last error
	err := host.Poll(deadline, memberPoll, func() (bool, error) {
		var err error
		if list, err = m.Access.members(deadline, sys); err != nil {
			last = err
			return false, nil //nolint:nilerr // it is the last answer when the time is up
		}
		entry, listed := list.at(m.PeerURL)
		if err := m.mayStart(sys, list, entry, listed); err != nil {
			return false, err
		}
		if listed {
			return true, nil
		}
		// Whatever comes of it, the next look at the list tells.
		last = m.Access.change(deadline, sys, m.Access.Endpoints, "/v3/cluster/member/add",
			map[string]any{"peerURLs": []string{m.PeerURL}, "isLearner": true})
		if isAnswer(last) {
			return false, sys.Interrupted(deadline)
		}
		failed := last
		list, last = m.Access.members(deadline, sys)
		if _, listed = list.at(m.PeerURL); listed {
			return true, nil
		}
		return false, failed
	})
	return list, waited(ctx, err, last, "to add the member "+m.Name)
}

// mayStart refuses what would break etcd's promises or lose data.
func (m Membership) mayStart(sys *host.System, list etcdEntries, entry etcdEntry, listed bool) error {
	if m.Unit == "" {
		return nil
	}
	hasLog := sys.HasLog(m.DataDir)
	switch {
	case hasLog && !listed:
		return fault.MemberForeign.Errorf("%s has the data of an etcd member, and etcd has no member at %s; it is "+
			"not touched", m.DataDir, m.PeerURL)
	case hasLog && !entry.is(sys.EtcdMemberID(m.DataDir)):
		return fault.MemberForeign.Errorf("%s has the data of another etcd member than the one at %s; it is not "+
			"touched", m.DataDir, m.PeerURL)
	case !hasLog && listed && len(entry.ClientURLs) > 0:
		return fault.MemberWithoutData.Errorf("member %s has run before, but has no data in %s; if its disk is lost, "+
			"remove the member from the cluster and add it again", m.Name, m.DataDir)
	}
	for _, e := range list {
		switch {
		case listed:
		case e.Name == m.Name:
			return fault.MemberNotChanged.Errorf("etcd has a member %s at %s already", e.Name,
				strings.Join(e.PeerURLs, ", "))
		case e.IsLearner:
			return fault.MemberNotChanged.Errorf("etcd takes one learner at a time, and %s is one", e.title())
		}
	}
	return nil
}

// leave takes the member out of the list, after it has given up the lead.
func (m Membership) leave(ctx context.Context, sys *host.System) error {
	deadline, cancel := context.WithTimeout(ctx, unhealthyPatience)
	defer cancel()
	var last error
	err := host.Poll(deadline, memberPoll, func() (bool, error) {
		list, err := m.Access.members(deadline, sys)
		if err != nil {
			last = err
			return false, nil //nolint:nilerr // it is the last answer when the time is up
		}
		entry, listed := list.at(m.PeerURL)
		if !listed {
			return true, nil
		}
		if entry.Name != "" && entry.Name != m.Name {
			return false, fault.MemberNotChanged.Errorf("the member at %s is %s, not %s", m.PeerURL, entry.Name, m.Name)
		}
		if moved, err := m.yield(deadline, sys, list, entry); moved {
			last = err // whatever came of it, the next look tells who leads
			return false, sys.Interrupted(deadline)
		} else if err != nil {
			return false, err
		}
		last = m.Access.change(deadline, sys, m.Access.Endpoints, "/v3/cluster/member/remove",
			map[string]any{"ID": entry.ID})
		if isAnswer(last) {
			return false, sys.Interrupted(deadline)
		}
		failed := last
		list, last = m.Access.members(deadline, sys)
		if _, listed = list.at(m.PeerURL); last == nil && !listed {
			return true, nil
		}
		return false, failed
	})
	if err := waited(ctx, err, last, "to remove the member "+m.Name); err != nil || m.Unit == "" {
		return err
	}
	return forbidBootstrap(ctx, sys, m.Unit)
}

// yield has the member hand the lead over, and reports whether it did: otherwise the others would
// elect a leader only when they miss it, and writes would wait that long.
func (m Membership) yield(ctx context.Context, sys *host.System, list etcdEntries, self etcdEntry) (bool, error) {
	var status struct{ Leader string }
	err := m.Access.ask(ctx, sys, m.Access.Endpoints, "/v3/maintenance/status", map[string]any{}, &status)
	if err != nil || status.Leader != self.ID {
		return false, err
	}
	for _, e := range list {
		stays := slices.ContainsFunc(e.ClientURLs, func(url string) bool {
			return slices.Contains(m.Access.Endpoints, url)
		})
		if e.ID == self.ID || e.IsLearner || !stays {
			continue
		}
		// Only the leader itself hands over.
		return true, m.Access.change(ctx, sys, self.ClientURLs, "/v3/maintenance/transfer-leadership",
			map[string]any{"targetID": e.ID})
	}
	return false, nil
}

// waited is the error of a wait for etcd: what it was waited for, and the last answer.
func waited(ctx context.Context, err, last error, what string) error {
	if err == nil || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if last == nil {
		last = errors.New("etcd's list has not changed")
	}
	return fault.MemberNotChanged.Wrap(fmt.Errorf("waited %s: %w", what, last))
}
