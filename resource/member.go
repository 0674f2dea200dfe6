package resource

import (
	"context"
	"path/filepath"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/host/surroundings"
)

// Member is the data of one etcd member.
//
// Its unit always says that the cluster exists already, so that a member that has lost its disk
// does not found a second cluster of its own at the next boot. Only while the cluster is being
// founded does a drop-in in /run say otherwise; Bootstrapped takes it away. A Member allows that
// when it is New; the Service that follows starts the member.
type Member struct {
	Name    string // the member's name
	Unit    string // "etcd.service"
	DataDir string // "/var/lib/etcd"
	Token   string // the cluster's token
	Marker  string // where Bootstrapped keeps it: "/etc/etcd/bootstrapped"
	New     bool   // the cluster does not exist yet
	Initial string // the members of a new cluster: "m1=https://192.168.56.11:2380,m2=…"
	Absent  bool   // it has no data, and it may not found a cluster
	Foreign string // only in a found value: why its data is not of this cluster
}

// ID is "member NAME".
func (m Member) ID() string { return "member " + m.Name }

// State says that the member has data or is about to make it; which of the two is the same to who
// waits for it.
func (m Member) State() string {
	if m.Foreign != "" {
		return States("data present, and " + m.Foreign)
	}
	return States(Flag("data present, or bootstrapping allowed", !m.Absent))
}

// Observe looks for the member's data, whose it is, and for the permission to make it.
func (m Member) Observe(ctx context.Context, sys *host.System) (Resource, error) {
	found := m
	if found.Foreign = ""; !sys.HasLog(m.DataDir) {
		if found.Absent = true; !m.New {
			return found, nil
		}
		ready, err := firstStart{"new", m.Initial}.isKnown(ctx, sys, m.Unit)
		found.Absent = !ready
		return found, err
	}
	found.Absent = false
	mark, err := sys.Read(m.Marker)
	if mark = strings.TrimSpace(mark); err != nil {
		return nil, err
	}
	switch ours := sys.Exists(Service{Name: m.Unit}.dropIn()); {
	case mark != "" && mark != m.Token:
		found.Foreign = "it is of the cluster " + mark
	case mark == "" && !ours: // a founding that was cut off has left our unit, which is older than the data
		found.Foreign = "no mark says that it is of the cluster " + m.Token
	}
	return found, nil
}

// Apply allows a new member to found the cluster. It never touches data.
func (m Member) Apply(ctx context.Context, sys *host.System) error {
	if m.Absent {
		return forbidBootstrap(ctx, sys, m.Unit)
	}
	if sys.HasLog(m.DataDir) {
		found, err := m.Observe(ctx, sys)
		if now, ok := found.(Member); ok && now.Foreign != "" {
			return fault.MemberForeign.Errorf("%s has the data of an etcd member, and %s; it is not touched",
				m.DataDir, now.Foreign)
		}
		return err
	}
	if !m.New {
		return fault.MemberWithoutData.Errorf("the cluster exists already, but member %s has no data in %s; "+
			"if its disk is lost, remove the member from the cluster and add it again", m.Name, m.DataDir)
	}
	return firstStart{"new", m.Initial}.allow(ctx, sys, m.Unit)
}

// firstStart is what a member of etcd is told once, when it has no data yet: whether its cluster is
// new, and who belongs to it. A member with data knows that by itself, so the list is no part of
// its unit, and a member that comes or goes restarts no other.
type firstStart struct{ state, members string }

// bootstrapDropIn is where a first start is told. It lies in /run, so that it does not outlive a
// boot.
func bootstrapDropIn(unit string) string {
	return surroundings.FirstStartDropIn(unit)
}

func (f firstStart) text() string {
	return "[Service]\nEnvironment=ETCD_INITIAL_CLUSTER_STATE=" + f.state + "\n" +
		"Environment=ETCD_INITIAL_CLUSTER=" + f.members + "\n"
}

// isKnown reports whether systemd would start the unit so. A run may have been cut off before it
// told systemd.
func (f firstStart) isKnown(ctx context.Context, sys *host.System, unit string) (bool, error) {
	text, err := sys.Read(bootstrapDropIn(unit))
	if err != nil || text != f.text() {
		return false, err
	}
	u, err := sys.Unit(ctx, unit)
	return !u.Stale(bootstrapDropIn(unit), true), err
}

func (f firstStart) allow(ctx context.Context, sys *host.System, unit string) error {
	dropIn := bootstrapDropIn(unit)
	if err := sys.WriteOwn(sys.Path(dropIn), []byte(f.text()), 0o644); err != nil {
		return err
	}
	return sys.Reload(ctx, unit, dropIn, true)
}

// forbidBootstrap takes the permission to found a cluster away.
func forbidBootstrap(ctx context.Context, sys *host.System, unit string) error {
	dropIn := bootstrapDropIn(unit)
	if err := sys.RemoveFile(sys.Path(dropIn)); err != nil {
		return err
	}
	sys.RemoveEmpty(sys.Path(filepath.Dir(dropIn)))
	return sys.Reload(ctx, unit, dropIn, false)
}

// memberBytes is what an etcd member writes in its first minutes: a log of 64 MB is laid out ahead,
// and the next one.
const memberBytes = 256 << 20

// Writes returns the member's first data.
func (m Member) Writes() []Write { return []Write{{Path: m.DataDir, Bytes: memberBytes, Files: 20}} }
