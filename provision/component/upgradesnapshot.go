package component

import (
	"time"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/resource"
)

// Snapshot is the component that keeps what etcd held before an upgrade.
const Snapshot = "snapshot"

// SnapshotDir is where a host keeps snapshots of etcd.
const SnapshotDir = host.StateDir + "/snapshots"

const (
	// snapshotsKept are how many snapshots a host keeps.
	snapshotsKept = 3
	// snapshotLife is how old a snapshot may be when an upgrade goes on that was cut off.
	snapshotLife = time.Hour
)

// snapshot has the first member of etcd write a snapshot to its host's disk before anything is
// changed that etcd is needed for. Whoever has to go back has it, whatever their backups are like.
func snapshot(now time.Time) Component {
	return Component{
		Name:    Snapshot,
		On:      func(t Target) bool { return t.Cluster.With(inventory.Etcd)[0].Name == t.Host.Name },
		Needs:   []string{Staged},
		Passing: true,
		Resources: func(t Target) []resource.Resource {
			return one(resource.KeptSnapshot{
				Dir: SnapshotDir, Before: "v" + t.version(kubernetes), Access: OwnEtcd(),
				After: now.Add(-snapshotLife).UTC().Truncate(time.Second), Keep: snapshotsKept,
			})
		},
	}
}
