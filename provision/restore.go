package provision

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"kbootstrap/backup"
	"kbootstrap/certs"
	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/guard"
	"kbootstrap/provision/plan"
	"kbootstrap/release"
	"kbootstrap/resource"
)

// RestoreSet is a backup that was read to be restored. Close removes what it has on the disk.
type RestoreSet struct {
	backup.Set
	// KeysFrom is the whole backup that the keys are from when the set has none of its own; ""
	// stands for the state directory.
	KeysFrom string

	dir     string
	content release.Content
}

// ReadRestoreSet reads a backup and compares its sums. A host's part of one needs TakeKeysFrom, or
// the keys of the state directory.
func ReadRestoreSet(path string, identities []age.Identity) (*RestoreSet, error) {
	dir, err := ScratchDir("restore-")
	if err != nil {
		return nil, err
	}
	set := &RestoreSet{dir: dir}
	if err := set.read(path, identities); err != nil {
		return nil, errors.Join(err, set.Close())
	}
	return set, nil
}

func (s *RestoreSet) read(path string, identities []age.Identity) error {
	plain := filepath.Join(s.dir, backup.SnapshotName)
	file, err := os.OpenFile(plain, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	read, err := backup.Read(path, identities, file)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	s.Set = *read
	size, sum, err := resource.CheckSnapshot(plain)
	if err != nil {
		return fault.BackupDamaged.Errorf("%s: %w", path, err)
	}
	if err := compress(plain, plain+".zst"); err != nil {
		return err
	}
	s.content, err = release.FileContent(backup.SnapshotName, plain+".zst", sum, size)
	return errors.Join(err, os.Remove(plain))
}

// TakeKeysFrom completes a host's part of a backup with the keys and the inventory of a whole one.
// Both must be of the same keys.
func (s *RestoreSet) TakeKeysFrom(path string, identities []age.Identity) error {
	if s.Manifest.Part == "" {
		return errors.New("the backup is whole, and has its keys: leave --keys out")
	}
	whole, err := backup.Read(path, identities, io.Discard)
	if err != nil {
		return err
	}
	if whole.Manifest.Part != "" {
		return fault.BackupWithoutKeys.Errorf("%s is a host's part of a backup, too, and has no keys", path)
	}
	if whole.Manifest.Cluster != s.Manifest.Cluster {
		return fault.RestoreForeign.Errorf("%s is of the cluster %s, and the set is of %s", path,
			whole.Manifest.Cluster, s.Manifest.Cluster)
	}
	if lacks := keysLackingIn(s.Manifest.Fingerprints, whole.Manifest.Fingerprints); len(lacks) > 0 {
		return fault.RestoreForeign.Errorf("%s does not have the keys that belong to the set: %s", path,
			strings.Join(lacks, ", "))
	}
	s.Files, s.Manifest.Fingerprints, s.KeysFrom = whole.Files, whole.Manifest.Fingerprints, path
	return nil
}

// keysLackingIn are the names of the wanted keys that others do not have, or have differently.
func keysLackingIn(wanted, found map[string]string) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(wanted)), func(name string) bool {
		return found[name] == wanted[name]
	})
}

// KeysLacking are the names of the keys that belong to a host's part of a backup and that the state
// directory does not have.
func KeysLacking(c *inventory.Cluster, m backup.Manifest, o fleet.Options) ([]string, error) {
	return keysLacking(&Run{Cluster: c, options: o}, m)
}

func keysLacking(r *Run, m backup.Manifest) ([]string, error) {
	now, err := fingerprintsOf(r)
	return keysLackingIn(m.Fingerprints, now), err
}

// Close removes what was unpacked.
func (s *RestoreSet) Close() error { return os.RemoveAll(s.dir) }

// compress writes a file as hosts get it.
func compress(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	packed, err := zstd.NewWriter(out)
	if err != nil {
		return errors.Join(err, out.Close())
	}
	_, err = io.Copy(packed, in)
	return errors.Join(err, packed.Close(), out.Close())
}

// Restore lists what comes before the first change that `restore` makes: its plan is to put the
// data of the backup in the place of what the members of etcd have. Replaces says that the cluster
// may be running. Confirm is asked when nothing is refused. Run.Apply carries the plan out, and the
// stages of Up come after it.
func Restore(set *RestoreSet, replaces bool, confirm func(*Run) error) []Stage {
	return []Stage{
		LockState,
		FitBackup(set),
		FetchArtifacts,
		TakeKeys(set),
		LoadKeys,
		ConnectLocked,
		AskMembers,
		BuildRestoration(set),
		ObservePlan,
		JudgeRestore(replaces),
		Refuse,
		Approve(confirm),
	}
}

// FitBackup refuses a backup of another cluster, of versions that do not read its data, or of other
// keys than the state directory has.
func FitBackup(set *RestoreSet) Stage {
	return func(_ context.Context, r *Run) error {
		var rs guard.Refusals
		refuse := func(advice, format string, values ...any) {
			rs = append(rs, &guard.RefusedError{
				Code: fault.RestoreForeign, Text: fmt.Sprintf(format, values...), Advice: advice,
			})
		}
		m := set.Manifest
		if m.Cluster != r.Cluster.Name {
			refuse("take the inventory of that cluster", "the backup is of the cluster %s, and the inventory is of %s",
				m.Cluster, r.Cluster.Name)
		}
		versions, err := release.Versions(r.Cluster, component.Sources())
		if err != nil {
			return err
		}
		if then, now := minorOf(m.Versions[component.Etcd]), minorOf(versions[component.Etcd]); then != now {
			refuse(fmt.Sprintf("write `versions: {etcd: %s}`", m.Versions[component.Etcd]),
				"the backup is of etcd %s, and the inventory has %s", m.Versions[component.Etcd],
				versions[component.Etcd])
		}
		if minorOf(m.Kubernetes) != minorOf(r.Cluster.Kubernetes) {
			refuse(fmt.Sprintf("restore with `kubernetes: %s`, and change the version afterwards", m.Kubernetes),
				"the backup is of Kubernetes %s, and the inventory has %s", m.Kubernetes, r.Cluster.Kubernetes)
		}
		now, err := fingerprintsOf(r)
		if err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(now)) {
			if then, ok := m.Fingerprints[name]; ok && then != now[name] {
				refuse("if the state directory is of another cluster, move it away: restore takes the keys of the "+
					"backup then", "%s has another key than the backup: %s", r.Cluster.StateDir(), name)
			}
		}
		if rs != nil {
			return rs
		}
		return nil
	}
}

// minorOf is the minor version of a version: "3.6" of "3.6.14".
func minorOf(version string) string {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}

// TakeKeys writes the keys of the backup into a state directory that has none, and those for
// secrets that it lacks. What is there stays.
func TakeKeys(set *RestoreSet) Stage {
	return func(_ context.Context, r *Run) error {
		store, err := storeOf(r)
		if err != nil {
			return err
		}
		used, err := store.Used()
		if err != nil {
			return err
		}
		if set.Manifest.Part != "" && set.KeysFrom == "" {
			lacks, err := keysLacking(r, set.Manifest)
			if err == nil && len(lacks) > 0 {
				err = fault.BackupWithoutKeys.Errorf("the backup was made by the host %s alone, and %s does not have "+
					"the keys that belong to it: %s", set.Manifest.Etcd.Host, r.Cluster.StateDir(),
					strings.Join(lacks, ", "))
			}
			return err
		}
		const prefix = backup.StatePrefix + "pki/"
		files := map[string][]byte{}
		for name, text := range set.Files {
			below, ok := strings.CutPrefix(name, prefix)
			if !ok || !fs.ValidPath(below) {
				continue
			}
			if isKeyOfSecrets, _ := filepath.Match("encryption-*.key", below); !used || isKeyOfSecrets {
				files[below] = text
			}
		}
		if err := sumsFit(files, set.Manifest.Fingerprints); err != nil {
			return err
		}
		return store.Take(files)
	}
}

// sumsFit compares the keys of a backup with what its manifest says of them.
func sumsFit(files map[string][]byte, wanted map[string]string) error {
	found, err := certs.FingerprintsOf(files)
	if err != nil {
		return fault.BackupDamaged.Wrap(err)
	}
	for name, sum := range found {
		if wanted[name] != sum {
			return fault.BackupDamaged.Errorf("the backup has another %s than its manifest says", name)
		}
	}
	return nil
}

// BuildRestoration plans the restore: see component.Restoration. One that was cut off goes on.
func BuildRestoration(set *RestoreSet) Stage {
	return func(ctx context.Context, r *Run) error {
		targets, err := targetsOf(ctx, r)
		if err != nil {
			return err
		}
		r.restore = component.Restore{ID: time.Now().UTC().Format("20060102t150405z"), Snapshot: set.content}
		for _, h := range r.Cluster.With(inventory.Etcd) {
			if m := r.Fleet[h.Name]; m != nil {
				id, sum, _ := strings.Cut(m.Facts.Restoring, " ")
				if sum == set.content.SHA256 {
					r.restore.ID = id
				}
			}
		}
		for i := range targets {
			targets[i].Release = targets[i].Release.With(set.content)
		}
		r.Plan = plan.Build(component.Restoration(r.restore), targets)
		return nil
	}
}

// JudgeRestore finds what the restore would harm.
func JudgeRestore(replaces bool) Stage {
	return func(_ context.Context, r *Run) error {
		r.Refusals = append(r.Refusals, guard.Restore(situation(r), r.restore, replaces)...)
		return nil
	}
}

// CheckRestored asks a member whether etcd holds what was restored, now that it runs.
func (r *Run) CheckRestored(ctx context.Context, m backup.Manifest) (resource.EtcdStore, error) {
	host := r.Cluster.With(inventory.Etcd)[0].Name
	store, err := r.Fleet[host].Client.Store(ctx, component.OwnEtcd())
	if err != nil {
		return store, plan.Failures{{Host: host, Component: "etcd", Err: err}}
	}
	if err := isRestored(m, store); err != nil {
		return store, fmt.Errorf("%s: %w", host, err)
	}
	return store, nil
}

// isRestored returns what an etcd that has run since its restore must have of it, and lacks.
func isRestored(m backup.Manifest, store resource.EtcdStore) error {
	switch {
	case store.System != m.Etcd.System:
		return fault.StoreNotRestored.Errorf("the namespace kube-system has the UID %q, and the backup %q",
			store.System, m.Etcd.System)
	case store.Revision < m.Etcd.Revision+resource.RevisionBump:
		return fault.StoreNotRestored.Errorf("etcd is at revision %d, which is not %d after that of the backup",
			store.Revision, resource.RevisionBump)
	}
	return nil
}

// Strangers are the nodes of a restored cluster that the inventory does not have.
func (r *Run) Strangers(store resource.EtcdStore) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(store.Nodes)), func(name string) bool {
		_, ok := r.Cluster.Host(name)
		return ok
	})
}
