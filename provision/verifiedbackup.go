package provision

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"kbootstrap/backup"
	"kbootstrap/fault"
	"kbootstrap/internal/atomic"
	"kbootstrap/inventory"
	"kbootstrap/provision/guard"
)

// VerifiedBackup is what the state directory knows of the newest whole backup that was rehearsed.
type VerifiedBackup struct {
	Path         string            `json:"path"`
	Created      time.Time         `json:"created"`
	Verified     time.Time         `json:"verified"`
	Fingerprints map[string]string `json:"fingerprints"`
}

// verifiedName is the file of it in the state directory.
const verifiedName = "backup.json"

// backupFreshness is how old a backup may be that something is done after which cannot be undone.
const backupFreshness = 24 * time.Hour

// NoteVerified records that the backup that name leads to from anywhere was rehearsed, unless it is
// a host's part, or a newer one is recorded.
func NoteVerified(c *inventory.Cluster, name string, m backup.Manifest, now time.Time) error {
	if m.Part != "" || m.Cluster != c.Name {
		return nil
	}
	known, err := verifiedBackup(c)
	if err != nil || known != nil && known.Created.After(m.Created) {
		return err
	}
	if _, err := os.Stat(c.StateDir()); errors.Is(err, fs.ErrNotExist) {
		return nil // a machine that only tries backups has no cluster to change
	}
	text, err := json.MarshalIndent(VerifiedBackup{
		Path: name, Created: m.Created, Verified: now.UTC(), Fingerprints: m.Fingerprints,
	}, "", "  ")
	if err != nil {
		return err
	}
	return atomic.WriteFile(filepath.Join(c.StateDir(), verifiedName), append(text, '\n'), 0o600)
}

// verifiedBackup is the newest backup that was rehearsed; nil when none was.
func verifiedBackup(c *inventory.Cluster) (*VerifiedBackup, error) {
	path := filepath.Join(c.StateDir(), verifiedName)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found VerifiedBackup
	if err := json.Unmarshal(text, &found); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &found, nil
}

// NeedBackup refuses to begin a stage when there is no backup to go back to: one that was
// rehearsed, has the keys of now, and is not old. A stage that is finished, or gone back from,
// needs none.
func NeedBackup(rotation Rotation) Stage {
	return func(_ context.Context, r *Run) error {
		if r.Rotating.Finishes || rotation.Back || rotation.WithoutBackup {
			return nil
		}
		known, err := verifiedBackup(r.Cluster)
		if err != nil {
			return err
		}
		now, err := fingerprintsOf(r)
		if err != nil {
			return err
		}
		if why := staleness(known, now, time.Now()); why != "" {
			return guard.Refusals{{
				Code: fault.BackupTooOld, Text: why,
				Advice: "`kbootstrap backup` and `kbootstrap backup verify FILE` make one; --without-backup goes on " +
					"without",
			}}
		}
		return nil
	}
}

// staleness says why a backup does not do; "" when it does.
func staleness(known *VerifiedBackup, fingerprints map[string]string, now time.Time) string {
	if known == nil {
		return "no backup was verified on this machine"
	}
	if lacks := keysLackingIn(fingerprints, known.Fingerprints); len(lacks) > 0 {
		return fmt.Sprintf("the last backup that was verified, %s, does not have the keys of now: %s", known.Path,
			strings.Join(lacks, ", "))
	}
	if old := now.Sub(known.Created); old > backupFreshness {
		return fmt.Sprintf("the last backup that was verified, %s, is %s old, more than %s", known.Path,
			old.Round(time.Minute), backupFreshness)
	}
	return ""
}
