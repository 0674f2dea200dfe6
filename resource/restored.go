package resource

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"kbootstrap/host"
)

// Restored is the data of an etcd member in its place, as a StagedMember has made it. What was
// there before is kept next to it. The member must not run.
type Restored struct {
	Name    string // of the member
	DataDir string // "/var/lib/etcd"
	Restore string // names the restore
	Absent  bool   // the data is not of this restore
}

// ID is "restored NAME".
func (r Restored) ID() string { return "restored " + r.Name }

// State says which restore the data is of.
func (r Restored) State() string {
	if r.Absent {
		return ""
	}
	return States("data of the restore " + r.Restore)
}

// Observe reads the mark in the data. Where the directory of the staged data is left, the renames
// may not be on the disk yet.
func (r Restored) Observe(_ context.Context, sys *host.System) (Resource, error) {
	placed, err := r.isPlaced(sys)
	found := r
	found.Absent = !placed || sys.Exists(r.DataDir+"/"+restoringDir)
	return found, err
}

// isPlaced reports whether the data has the mark of the restore.
func (r Restored) isPlaced(sys *host.System) (bool, error) {
	mark, err := sys.Read(r.DataDir + "/member/" + restoredMark)
	return strings.TrimSpace(mark) == r.Restore, err
}

// Kept is where the data from before is.
func (r Restored) Kept() string { return r.DataDir + "/member.before-restore-" + r.Restore }

// Apply gives the data from before another name, and the restored data its name. Cut off between
// the two, there is no data, and the next run goes on. It does not go back: what was there before
// is kept for people.
func (r Restored) Apply(_ context.Context, sys *host.System) error {
	placed, err := r.isPlaced(sys)
	if err != nil {
		return err
	}
	if r.Absent && placed {
		return errors.New("data that was restored is not put back: that of before is in " + r.Kept())
	}
	if r.Absent {
		return nil
	}
	if !placed {
		staged := r.DataDir + "/" + restoringDir + "/member"
		mark, err := sys.Read(staged + "/" + restoredMark)
		if err != nil {
			return err
		}
		if strings.TrimSpace(mark) != r.Restore {
			return fmt.Errorf("%s has no data of the restore %s", staged, r.Restore)
		}
		if err := sys.Mark(); err != nil {
			return err
		}
		if err := supplant(sys, r.DataDir, staged, filepath.Base(r.Kept())); err != nil {
			return err
		}
	}
	if err := sys.RemoveAll(sys.Path(r.DataDir + "/" + restoringDir)); err != nil {
		return err
	}
	return sys.Sync(sys.Path(r.DataDir))
}
