package component

import (
	"strings"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/release"
	"kbootstrap/resource"
)

// A Restore is a snapshot of etcd that is put in the place of what the members have.
type Restore struct {
	ID       string // names it: by the time when it began
	Snapshot release.Content
}

// Mark is what the hosts note while a part of them may have the new data.
func (r Restore) Mark() string { return r.ID + " " + r.Snapshot.SHA256 }

// snapshotPath is where a host has the snapshot meanwhile.
const snapshotPath = host.StateDir + "/restore.snapshot"

// Restoration is the book of a restore. All members have the data of the snapshot next to that of
// now, before anything is stopped; then all API servers end, because they would serve the past to
// whom knows the future, and then all members. Only when none runs any more does the first host
// change its data: members of two histories must never meet. The servers are started by the book of
// a cluster.
//
// What comes after "note-restore" has to be finished: until "forget-restore" hosts have a mark, and
// `up` refuses to start anything (guard.unfinishedRestore).
func Restoration(r Restore) []Component {
	onMembers := on(inventory.Etcd)
	mark := resource.File{Path: host.RestoringMark, Mode: 0o600, Content: []byte(r.Mark() + "\n")}
	restored := func(t Target) resource.Resource {
		return resource.Restored{Name: t.Host.Name, DataDir: EtcdData, Restore: r.ID}
	}
	return []Component{
		base,
		{
			Name: "stage-restore", Short: "stage", On: onMembers, After: []string{"base"},
			Resources: func(t Target) []resource.Resource { return stageRestore(t, r) },
		},
		{
			Name: "stop-servers", Short: "stop-api", On: on(inventory.ControlPlane), Needs: []string{"stage-restore"},
			Resources: func(Target) []resource.Resource {
				return stopped(scheduler, controllerManager, apiServer)
			},
		},
		{
			Name: "stop-etcd", On: onMembers, Needs: []string{"stop-servers"},
			Resources: func(Target) []resource.Resource { return stopped(etcd) },
		},
		{
			Name: "note-restore", Short: "note", On: onMembers, Needs: []string{"stop-etcd"},
			Resources: func(Target) []resource.Resource { return one(mark) },
		},
		{
			Name: "restore-etcd", Short: "restore", On: onMembers, Needs: []string{"note-restore"},
			Resources: func(t Target) []resource.Resource {
				return one(restored(t),
					resource.Bootstrapped{Unit: "etcd.service", Marker: etcdMarker, Token: EtcdToken(t.Cluster)})
			},
		},
		{
			Name: "forget-restore", Short: "forget", On: onMembers, Needs: []string{"restore-etcd"},
			Resources: func(Target) []resource.Resource {
				return one(resource.File{Path: host.RestoringMark, Absent: true},
					resource.File{Path: snapshotPath, Absent: true})
			},
		},
	}
}

// stageRestore is the restored data next to that of now, and what it is made with.
func stageRestore(t Target, r Restore) []resource.Resource {
	var members []string
	for _, h := range t.Cluster.With(inventory.Etcd) {
		members = append(members, h.Name+"="+peerURL(h))
	}
	return list(
		one(
			resource.User{Name: "etcd", Home: EtcdData}, // the host may be new
			resource.Dir{Path: EtcdData, Mode: 0o700, Owner: "etcd:etcd"},
		),
		t.programs("etcd", "/usr/local/bin", "etcdutl"),
		one(
			resource.File{
				Path: snapshotPath, Mode: 0o600, Blob: r.Snapshot.SHA256, Size: r.Snapshot.Size, Secret: true,
			},
			resource.StagedMember{
				Name: t.Host.Name, PeerURL: peerURL(t.Host), DataDir: EtcdData, Owner: "etcd:etcd",
				Snapshot: snapshotPath, Initial: strings.Join(members, ","), Token: EtcdToken(t.Cluster) + "-" + r.ID,
				Restore: r.ID,
			},
		),
	)
}
