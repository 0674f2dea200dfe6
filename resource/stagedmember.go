package resource

import (
	"context"
	"io/fs"
	"path/filepath"
	"strings"

	"kbootstrap/host"
)

// StagedMember is the data of an etcd member as a snapshot has it, next to the data of now and on
// the same disk. A Restored puts it in its place. Nothing that runs notices it.
type StagedMember struct {
	Name     string // of the member
	PeerURL  string
	DataDir  string // "/var/lib/etcd"
	Owner    string // "etcd:etcd"
	Snapshot string // the path of the snapshot
	Initial  string // the members of the cluster: "m1=https://192.168.56.11:2380,m2=…"
	Token    string // of the cluster: another one than before, so that no member of before is heard
	Restore  string // names the restore
	Absent   bool
}

// restoredMark is in the data of a member that was restored, and says by which restore. It goes
// where the data goes, so one rename decides.
const restoredMark = "restored"

// restoringDir is where the data waits, in the directory of the data of now: that may be a disk of
// its own.
const restoringDir = "restoring"

// ID is "staged member NAME".
func (m StagedMember) ID() string { return "staged member " + m.Name }

// State says which restore the data is of.
func (m StagedMember) State() string {
	if m.Absent {
		return ""
	}
	return States("data of the restore " + m.Restore)
}

// Observe looks for the data where it waits, and where it is to be.
func (m StagedMember) Observe(_ context.Context, sys *host.System) (Resource, error) {
	found := m
	found.Absent = true
	for _, dir := range []string{m.DataDir + "/" + restoringDir, m.DataDir} {
		mark, err := sys.Read(dir + "/member/" + restoredMark)
		if err != nil {
			return nil, err
		}
		if strings.TrimSpace(mark) == m.Restore {
			found.Absent = false
		}
	}
	return found, nil
}

// Apply restores the snapshot. What a run that was cut off has left is made again.
func (m StagedMember) Apply(ctx context.Context, sys *host.System) error {
	staging := m.DataDir + "/" + restoringDir
	found, err := m.Observe(ctx, sys)
	if err != nil {
		return err
	}
	if now, ok := found.(StagedMember); ok && !m.Absent && !now.Absent {
		return nil
	}
	if err := sys.Mark(); err != nil {
		return err
	}
	if err := sys.RemoveAll(sys.Path(staging)); err != nil {
		return err
	}
	if m.Absent {
		return sys.Sync(sys.Path(m.DataDir))
	}
	sys.Logf("restoring %s into %s", m.Snapshot, staging)
	_, err = sys.Change(ctx, snapshotRestore{
		Snapshot: sys.Path(m.Snapshot), DataDir: sys.Path(staging), Name: m.Name, PeerURL: m.PeerURL,
		Initial: m.Initial, Token: m.Token,
	}.argv("etcdutl")...)
	if err != nil {
		return err
	}
	if err := own(sys, sys.Path(staging), m.Owner); err != nil {
		return err
	}
	// The mark comes last: with it the data is whole, and on the disk.
	return sys.WriteOwn(sys.Path(staging+"/member/"+restoredMark), []byte(m.Restore+"\n"), 0o644)
}

// own gives a directory with all that is in it to a user, and waits until it is on the disk.
func own(sys *host.System, dir, owner string) error {
	uid, gid, err := sys.Ids(owner)
	if err != nil {
		return err
	}
	var all []string
	err = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		all = append(all, path)
		return err
	})
	if err != nil {
		return err
	}
	for _, path := range all {
		if err := sys.Chown(path, uid, gid); err != nil {
			return err
		}
		if err := sys.Sync(path); err != nil {
			return err
		}
	}
	return nil
}

// Writes returns the data, which is as large as the snapshot.
func (m StagedMember) Writes() []Write {
	return []Write{{Path: m.DataDir, Bytes: memberBytes, Files: 20}}
}
