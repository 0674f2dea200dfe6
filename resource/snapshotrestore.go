package resource

import "strconv"

// RevisionBump is how much higher the revision of a store is after it was restored, at least.
// Whoever watches has seen higher revisions than the snapshot has, and would wait for them; a
// thousand million is more than any cluster writes in a week
// (https://etcd.io/docs/v3.6/op-guide/recovery/).
const RevisionBump = 1_000_000_000

// snapshotRestore is how a snapshot of etcd becomes the data of a member.
type snapshotRestore struct {
	Snapshot string // its path
	DataDir  string // that is made
	Name     string // of the member
	PeerURL  string
	Initial  string // the members of the cluster: "m1=https://192.168.56.11:2380,m2=…"
	Token    string // of the cluster
}

// argv is the command, with a path of etcdutl.
func (r snapshotRestore) argv(etcdutl string) []string {
	return []string{
		etcdutl, "snapshot", "restore", r.Snapshot, "--data-dir=" + r.DataDir, "--name=" + r.Name,
		"--initial-cluster=" + r.Initial, "--initial-advertise-peer-urls=" + r.PeerURL,
		"--initial-cluster-token=" + r.Token, "--bump-revision=" + strconv.Itoa(RevisionBump), "--mark-compacted",
	}
}
