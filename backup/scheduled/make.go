package scheduled

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/gofrs/flock"

	"kbootstrap/backup"
	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/internal/atomic"
	"kbootstrap/internal/human"
)

// Made is what the tool and the hour give to a set.
type Made struct {
	Version string // of the tool
	Now     time.Time
}

// Make makes one set: a snapshot of this host's member, which is checked, sealed and read again.
// Then the oldest sets go that are more than the host is to keep. What a run before has left
// half-done goes first. When it fails, the sets that were there stay, and a record says why.
func Make(
	ctx context.Context, sys *host.System, c Config, recipients []age.Recipient, by Made,
) (host.BackupSet, error) {
	if len(recipients) == 0 {
		return host.BackupSet{}, errors.New("there is no recipient to seal the set for")
	}
	lock := flock.New(filepath.Join(sys.Path(c.Dir), lockName), flock.SetPermissions(0o600))
	if isFree, err := lock.TryLock(); err != nil {
		return host.BackupSet{}, err
	} else if !isFree {
		return host.BackupSet{}, fmt.Errorf("another run makes a set in %s", c.Dir)
	}
	defer func() { _ = lock.Unlock() }() // it is free when the process ends at the latest
	set, err := makeLocked(ctx, sys, c, recipients, by)
	if err != nil {
		return set, errors.Join(err, noteFailure(sys, c.Dir, by.Now, err))
	}
	return set, forgetFailure(sys, c.Dir)
}

// makeLocked is Make for who has the directory to itself.
func makeLocked(
	ctx context.Context, sys *host.System, c Config, recipients []age.Recipient, by Made,
) (host.BackupSet, error) {
	dir := sys.Path(c.Dir)
	if err := removeUnfinished(dir); err != nil {
		return host.BackupSet{}, err
	}
	if err := check(ctx, sys, c); err != nil {
		return host.BackupSet{}, err
	}
	written, err := write(ctx, sys, c, recipients, by)
	if err != nil {
		return host.BackupSet{}, err
	}
	set := host.BackupSet{
		Name: filepath.Base(written.Path), Created: written.Created, Size: written.Size, SHA256: written.SHA256,
		Revision: written.Etcd.Revision, Keys: written.Etcd.Keys,
	}
	if err := writeJSON(written.Path+host.BackupRecordSuffix, set); err != nil {
		return set, err
	}
	return set, rotate(sys, c)
}

// check refuses a member that would give a bad snapshot, and a disk that the set would fill.
func check(ctx context.Context, sys *host.System, c Config) error {
	member, err := c.Etcd.Member(ctx, sys)
	if err != nil {
		return fault.NoSnapshot.Wrap(err)
	}
	if !member.Leads {
		return fault.NoSnapshot.Errorf("the member of etcd on %s follows no leader: what it holds may be old",
			c.Host)
	}
	for _, text := range member.Errors {
		if strings.Contains(text, "CORRUPT") {
			return fault.NoSnapshot.Errorf("etcd has an alarm of damaged data: %s", strings.TrimSpace(text))
		}
	}
	found := sys.Survey(ctx, host.SurveyQuery{Paths: []string{c.Dir}}).FileSystems
	if len(found) == 0 || found[0].Bytes == 0 {
		return nil // a file system that does not tell its size
	}
	return hasRoom(c.Dir, found[0], member.Size)
}

// The least that a set leaves free of a disk: a part of it, within bounds. An etcd or a kubelet
// that shares the disk goes on with that.
const (
	leastPart = 20 // a twentieth
	leastFree = 1 << 30
	mostFree  = 5 << 30
)

// hasRoom refuses a set that would leave too little of its disk. The snapshot is there as long as
// the set is written from it, and no set is larger.
func hasRoom(dir string, disk host.FileSystem, database int64) error {
	floor := min(max(disk.Bytes/leastPart, leastFree), mostFree)
	if need := 2*database + floor; disk.FreeBytes < need {
		return fault.BackupDiskFull.Errorf(
			"%s has %s left; a set of a database of %s takes up to %s, and %s are to stay free",
			dir, human.Size(disk.FreeBytes), human.Size(database), human.Size(2*database), human.Size(floor))
	}
	return nil
}

// write takes the snapshot and writes the set from it.
func write(
	ctx context.Context, sys *host.System, c Config, recipients []age.Recipient, by Made,
) (backup.Written, error) {
	snapshot, taken, err := c.Etcd.SnapshotIn(ctx, sys, filepath.Join(c.Dir, workDir))
	if err != nil {
		return backup.Written{}, fault.NoSnapshot.Wrap(err)
	}
	defer snapshot.Close()
	name := c.Cluster + "-" + c.Host + "-" + by.Now.UTC().Format("20060102T150405Z") + ".kbackup"
	return backup.Write(filepath.Join(sys.Path(c.Dir), name), backup.Content{
		Manifest: backup.Manifest{
			Version: by.Version, Cluster: c.Cluster, Created: by.Now.UTC(), Kubernetes: c.Kubernetes,
			Versions:     c.Versions,
			Etcd:         backup.Etcd{Host: c.Host, Members: c.Members, EtcdStore: taken.Store, Hash: taken.Hash},
			Fingerprints: c.Fingerprints, Part: backup.HostPart,
		},
		Snapshot: snapshot, Size: taken.Size, SHA256: taken.SHA256,
	}, recipients)
}

// rotate removes the oldest sets that are more than the host is to keep, each record first: a set
// without one is removed by the next run.
func rotate(sys *host.System, c Config) error {
	found, err := sys.Backups(c.Dir, ConfigPath)
	if err != nil {
		return err
	}
	var failed []error
	for _, set := range found.Sets[min(c.Keep, len(found.Sets)):] {
		path := filepath.Join(sys.Path(c.Dir), set.Name)
		failed = append(failed, remove(path+host.BackupRecordSuffix), remove(path))
	}
	return errors.Join(failed...)
}

func noteFailure(sys *host.System, dir string, now time.Time, err error) error {
	return writeJSON(filepath.Join(sys.Path(dir), host.BackupFailureName),
		host.BackupFailure{Time: now.UTC(), Text: human.OneLine(err.Error())})
}

func forgetFailure(sys *host.System, dir string) error {
	return remove(filepath.Join(sys.Path(dir), host.BackupFailureName))
}

func writeJSON(path string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return atomic.WriteFile(path, append(text, '\n'), 0o600)
}

// remove removes a file that may be gone.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// removeUnfinished removes what a run that was killed has left, and makes the directory that a
// snapshot is written in. Only one run has the directory at a time.
func removeUnfinished(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	for _, name := range names {
		_, isRecord := strings.CutSuffix(name, host.BackupRecordSuffix)
		isSet := strings.HasSuffix(name, ".kbackup")
		unfinished := strings.HasPrefix(name, ".") && name != lockName ||
			isSet && !slices.Contains(names, name+host.BackupRecordSuffix) ||
			isRecord && name != host.BackupFailureName &&
				!slices.Contains(names, strings.TrimSuffix(name, host.BackupRecordSuffix))
		if unfinished {
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	return os.Mkdir(filepath.Join(dir, workDir), 0o700)
}

// What else is in a directory of sets.
const (
	lockName = ".lock"
	workDir  = ".work" // has a snapshot while it is written
)
