package provision

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"kbootstrap/backup"
	"kbootstrap/certs"
	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
	"kbootstrap/release"
	"kbootstrap/resource/api"
)

// Backup lists how `backup` finds the member of etcd that a snapshot is taken of. No host is
// changed.
func Backup() []Stage { return []Stage{TolerateAll, Connect, NeedTrace, AskMembers} }

// AskMembers asks who belongs to the cluster, and how its members of etcd are.
func AskMembers(ctx context.Context, r *Run) error {
	queries := map[string]node.Query{}
	askCensus(r, queries)
	answers, failed := r.Fleet.Look(ctx, r.Cluster.Hosts, queries)
	r.census, r.vitals = censusOf(r.Cluster.Hosts, answers), vitalsIn(answers)
	return r.leaveOut(failed.Sorted(r.Cluster.Hosts).ErrOrNil())
}

// corrupt is the alarm of a member whose data is not that of the others.
const corrupt = "CORRUPT"

// hasLeader reports whether a member says that it follows a leader, or leads.
func hasLeader(v api.EtcdVitals) bool { return v.Error == "" && v.Leader != "" }

// ChooseMember returns the host of a healthy member of etcd that a snapshot can be taken of: one
// that does not lead, because that has the least to do, if there is one.
func (r *Run) chooseMember() (inventory.Host, error) {
	var chosen inventory.Host
	var reasons []string
	for _, h := range r.Cluster.With(inventory.Etcd) {
		v, told := r.vitals[h.Name]
		switch {
		case !told:
			reasons = append(reasons, h.Name+" was not asked, or has not joined")
		case v.Error != "":
			reasons = append(reasons, h.Name+": "+v.Error)
		case slices.Contains(v.Alarms, corrupt):
			reasons = append(reasons, h.Name+" has the alarm "+corrupt)
			return inventory.Host{}, fault.NoSnapshot.Errorf("etcd: %s", strings.Join(reasons, "; "))
		case !hasLeader(v):
			reasons = append(reasons, h.Name+" follows no leader")
		case chosen.Name == "" || v.Leader != v.Member:
			chosen = h
		}
	}
	if chosen.Name == "" {
		reasons = append(reasons, messages(r.LeftOut())...)
		return inventory.Host{}, fault.NoSnapshot.Errorf("etcd: %s", strings.Join(reasons, "; "))
	}
	return chosen, nil
}

func messages(failed plan.Failures) []string {
	var texts []string
	for _, f := range failed {
		texts = append(texts, f.Error())
	}
	return texts
}

// WriteBackup takes a snapshot of etcd and writes the backup; version is that of the tool. Without
// recipients it is in the clear.
func (r *Run) WriteBackup(
	ctx context.Context, path, version string, recipients []age.Recipient,
) (backup.Written, error) {
	content := backup.Content{Files: map[string][]byte{}}
	chosen, err := r.chooseMember()
	if err != nil {
		return backup.Written{}, err
	}
	if err := addState(r, content.Files); err != nil {
		return backup.Written{}, err
	}
	m := &content.Manifest
	if m.Fingerprints, err = fingerprintsOf(r); err != nil {
		return backup.Written{}, err
	}
	if m.Versions, err = release.Versions(r.Cluster, component.Sources()); err != nil {
		return backup.Written{}, err
	}
	taken, stream, err := r.Fleet[chosen.Name].Client.Snapshot(ctx, component.OwnEtcd())
	if err != nil {
		return backup.Written{}, plan.Failures{{Host: chosen.Name, Component: "snapshot", Err: err}}
	}
	defer stream.Close()
	m.Version, m.Cluster, m.Created, m.Kubernetes = version, r.Cluster.Name, time.Now().UTC(), r.Cluster.Kubernetes
	m.Etcd = backup.Etcd{Host: chosen.Name, Members: len(r.Cluster.With(inventory.Etcd)), EtcdStore: taken.Store,
		Hash: taken.Hash}
	content.Snapshot, content.Size, content.SHA256 = stream, taken.Size, taken.SHA256
	written, err := backup.Write(path, content, recipients)
	if err != nil {
		return written, fmt.Errorf("write %s: %w", path, err)
	}
	return written, nil
}

// BackupDir is where backups go by default: with the keys, which they have in them.
func BackupDir(c *inventory.Cluster) string { return filepath.Join(c.StateDir(), backupDirName) }

const backupDirName = "backups"

// notKept are what a state directory has besides what a cluster is lost without.
var notKept = []string{backupDirName, "pki.new", "pki.replaced", "shared.json",
	"lock", "lock.json", "pki/.lock", "pki/" + certs.SealedName}

// addState adds the state directory, the inventory and its lock to the files of a backup. What is
// sealed in the directory is opened: a backup has one seal, its own.
func addState(r *Run, files map[string][]byte) error {
	c := r.Cluster
	store, err := storeOf(r)
	if err != nil {
		return err
	}
	sealed, err := store.Sealed()
	if err != nil {
		return err
	}
	for name, text := range sealed {
		files[backup.StatePrefix+"pki/"+name] = text
	}
	state := os.DirFS(c.StateDir())
	err = fs.WalkDir(state, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case slices.Contains(notKept, name) && entry.IsDir():
			return fs.SkipDir
		case entry.IsDir() || slices.Contains(notKept, name) || !entry.Type().IsRegular():
			return nil
		}
		files[backup.StatePrefix+name], err = fs.ReadFile(state, name)
		return err
	})
	if err != nil {
		return fmt.Errorf("read the state directory: %w", err)
	}
	if files[backup.StatePrefix+"pki/ca.key"] == nil {
		return fault.StateLost.Errorf("the keys of the cluster are not in %s: a backup without them restores nothing",
			c.StateDir())
	}
	for name, path := range map[string]string{backup.InventoryName: c.File, backup.LockName: release.LockPath(c)} {
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) && name == backup.LockName {
			continue
		}
		if err != nil {
			return err
		}
		files[name] = text
	}
	return nil
}

// fingerprintsOf tells the keys of the state directory from others.
func fingerprintsOf(r *Run) (map[string]string, error) {
	store, err := storeOf(r)
	if err != nil {
		return nil, err
	}
	return store.Fingerprints()
}
