package resource

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"kbootstrap/host"
	"kbootstrap/internal/human"
)

// KeptSnapshot is a snapshot of etcd on the disk of a member's host, to go back to when what comes
// next goes wrong. It is there as soon as it was read again and found whole, and never before.
type KeptSnapshot struct {
	Dir    string // "/var/lib/kbootstrap/snapshots": only root may look into it
	Before string // what comes next: "v1.36.3"
	Access EtcdAccess
	// After is the time that the snapshot must be younger than: what was written before it is in
	// it.
	After time.Time
	// Keep is how many snapshots there may be: the first of those before the same, because it alone
	// shows what was there before all changes, and the newest ones.
	Keep int

	Old     bool // the newest one is older
	Surplus int  // how many there are too many
	Absent  bool // there is none
}

// ID is "snapshot before VERSION".
func (k KeptSnapshot) ID() string { return "snapshot before " + k.Before }

// State lists what holds of the snapshots: taken or too old, and how many are too many.
func (k KeptSnapshot) State() string {
	taken, surplus := "taken", ""
	switch {
	case k.Absent:
		taken = ""
	case k.Old:
		taken = "too old"
	}
	if k.Surplus > 0 {
		surplus = fmt.Sprintf("%d too many", k.Surplus)
	}
	return States(taken, surplus)
}

// snapshotFile is a snapshot in the directory.
type snapshotFile struct {
	path   string // below System.Root
	before string
	number int // it counts those before the same
	taken  time.Time
}

// name is the name of the file of a snapshot: "before-v1.36.3.1.db".
func (f snapshotFile) name() string { return fmt.Sprintf("before-%s.%d.db", f.before, f.number) }

// files are the snapshots in the directory, the newest first. Other files are left alone.
func (k KeptSnapshot) files(sys *host.System) ([]snapshotFile, error) {
	entries, err := os.ReadDir(sys.Path(k.Dir))
	if host.Absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []snapshotFile
	for _, e := range entries {
		text, isDB := strings.CutSuffix(e.Name(), ".db")
		text, isOurs := strings.CutPrefix(text, "before-")
		dot := strings.LastIndexByte(text, '.')
		if !isDB || !isOurs || dot < 0 {
			continue
		}
		number, err := strconv.Atoi(text[dot+1:])
		info, gone := e.Info()
		if err != nil || gone != nil {
			continue
		}
		all = append(all, snapshotFile{filepath.Join(k.Dir, e.Name()), text[:dot], number, info.ModTime()})
	}
	slices.SortStableFunc(all, func(a, b snapshotFile) int {
		if a.before == b.before {
			return b.number - a.number
		}
		return b.taken.Compare(a.taken)
	})
	return all, nil
}

// newest returns the newest snapshot before the same, and the number of the next one.
func (k KeptSnapshot) newest(all []snapshotFile) (newest snapshotFile, found bool, next int) {
	i := slices.IndexFunc(all, func(f snapshotFile) bool { return f.before == k.Before })
	if i < 0 {
		return newest, false, 1
	}
	return all[i], true, all[i].number + 1
}

// surplus are the files that need not be kept.
func (k KeptSnapshot) surplus(all []snapshotFile) []snapshotFile {
	first := -1
	for i, f := range all {
		if f.before == k.Before {
			first = i // the last one in the list is the oldest
		}
	}
	room := k.Keep
	if first >= 0 {
		room--
	}
	var more []snapshotFile
	for i, f := range all {
		switch {
		case i == first:
		case room > 0:
			room--
		default:
			more = append(more, f)
		}
	}
	return more
}

// Observe looks at the names and times of the files: each was checked before it got its name.
func (k KeptSnapshot) Observe(_ context.Context, sys *host.System) (Resource, error) {
	all, err := k.files(sys)
	if err != nil {
		return nil, err
	}
	newest, there, _ := k.newest(all)
	found := k
	found.Absent, found.Old, found.Surplus = !there, there && newest.taken.Before(k.After), len(k.surplus(all))
	return found, nil
}

// Apply takes a snapshot where the newest one does not do, and removes those that are too many. A
// snapshot that was taken stays.
func (k KeptSnapshot) Apply(ctx context.Context, sys *host.System) error {
	if k.Absent || k.Old || k.Surplus > 0 {
		return nil // what was found is nothing to bring about
	}
	all, err := k.files(sys)
	if err != nil {
		return err
	}
	newest, there, next := k.newest(all)
	if !there || newest.taken.Before(k.After) {
		if err := k.take(ctx, sys, snapshotFile{before: k.Before, number: next}.name()); err != nil {
			return err
		}
		if all, err = k.files(sys); err != nil {
			return err
		}
	}
	for _, f := range k.surplus(all) {
		if err := sys.RemoveFile(sys.Path(f.path)); err != nil {
			return err
		}
	}
	return nil
}

// take has the member write a snapshot, and gives it its name when it is whole.
func (k KeptSnapshot) take(ctx context.Context, sys *host.System, name string) error {
	if err := sys.PrivateDirs(k.Dir); err != nil {
		return err
	}
	if err := k.Access.hasRoom(ctx, sys, k.Dir); err != nil {
		return err
	}
	file, err := sys.Replacing(sys.Path(filepath.Join(k.Dir, name)))
	if err != nil {
		return err
	}
	defer file.Discard()
	var taken EtcdSnapshot
	revision, err := taken.save(ctx, sys, k.Access, file.Temp)
	if err != nil {
		return err
	}
	if err := file.Commit(0o600, os.Getuid(), os.Getgid()); err != nil {
		return err
	}
	sys.Logf("%s/%s: %s, revision %d", k.Dir, name, human.Size(taken.Size), revision)
	return nil
}
