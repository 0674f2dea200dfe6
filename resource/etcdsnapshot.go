package resource

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"kbootstrap/host"
	"kbootstrap/internal/human"
)

// EtcdSnapshot is a snapshot of etcd, and what the store held at the revision of that snapshot.
type EtcdSnapshot struct {
	Size   int64  // in bytes
	SHA256 string // of the file, in hex
	Hash   uint32 // of the database, as etcdutl prints it
	Store  EtcdStore
}

// snapshotDir is where a member's host has a snapshot while it is sent.
const snapshotDir = host.StateDir + "/snapshot"

// snapshotAge is older than any snapshot that is still being sent.
const snapshotAge = 2 * time.Hour

// Snapshot has one member write a snapshot to the disk of this host, and checks it. The file has no
// name any more when it is returned, so that nothing of it stays when the process is killed.
func (a EtcdAccess) Snapshot(ctx context.Context, sys *host.System) (*os.File, EtcdSnapshot, error) {
	if err := sys.PrivateDirs(snapshotDir); err != nil {
		return nil, EtcdSnapshot{}, err
	}
	if err := removeOlder(sys, snapshotDir, snapshotAge); err != nil {
		return nil, EtcdSnapshot{}, err
	}
	if err := a.hasRoom(ctx, sys, snapshotDir); err != nil {
		return nil, EtcdSnapshot{}, err
	}
	return a.SnapshotIn(ctx, sys, snapshotDir)
}

// SnapshotIn is Snapshot with the file in a directory that is there, and has room for it.
func (a EtcdAccess) SnapshotIn(ctx context.Context, sys *host.System, dir string) (*os.File, EtcdSnapshot, error) {
	var taken EtcdSnapshot
	if len(a.Endpoints) != 1 {
		return nil, taken, fmt.Errorf("a snapshot is of one member, not of %d", len(a.Endpoints))
	}
	file, err := sys.CreateTemp(sys.Path(dir), "snapshot-")
	if err != nil {
		return nil, taken, err
	}
	_ = file.Close()
	path := file.Name()
	defer func() {
		_ = sys.RemoveAll(path)
		_ = sys.RemoveAll(path + ".part")
	}()
	revision, err := taken.save(ctx, sys, a, path)
	if err != nil {
		return nil, taken, err
	}
	if taken.Store, err = a.Store(ctx, sys, revision); err != nil {
		return nil, taken, fmt.Errorf("count what etcd held at revision %d: %w", revision, err)
	}
	open, err := os.Open(path)
	return open, taken, err
}

// save has a member write a snapshot to a path, and checks it. It returns the revision.
func (s *EtcdSnapshot) save(ctx context.Context, sys *host.System, a EtcdAccess, path string) (int64, error) {
	_, err := sys.Change(ctx, "etcdctl", "--endpoints="+a.Endpoints[0], "--cacert="+a.CACert, "--cert="+a.Cert,
		"--key="+a.Key, "snapshot", "save", path)
	if err != nil {
		return 0, err
	}
	return s.check(ctx, sys, path)
}

// check reads the file: etcd writes the sum of a snapshot behind it. It returns the revision.
func (s *EtcdSnapshot) check(ctx context.Context, sys *host.System, path string) (int64, error) {
	out, err := sys.Run(ctx, "etcdutl", "snapshot", "status", path, "--write-out=json")
	if err != nil {
		return 0, err
	}
	var status struct {
		Hash     uint32 `json:"hash"`
		Revision int64  `json:"revision"`
	}
	if err := json.Unmarshal(out, &status); err != nil {
		return 0, fmt.Errorf("etcdutl snapshot status: %w", err)
	}
	s.Hash = status.Hash
	s.Size, s.SHA256, err = CheckSnapshot(path)
	return status.Revision, err
}

// CheckSnapshot compares a snapshot with the sum that etcd has written behind it, and returns the
// size and the sum of the whole file.
func CheckSnapshot(path string) (size int64, sha string, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, "", err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return 0, "", err
	}
	size = info.Size()
	// A database is whole pages of at least 512 bytes
	// (https://github.com/etcd-io/etcd/blob/main/etcdutl/snapshot/v3_snapshot.go).
	if size < 512 || size%512 != sha256.Size {
		return 0, "", errors.New("the snapshot is not whole: etcd's sum is not behind it")
	}
	whole, database := sha256.New(), sha256.New()
	if _, err := io.CopyN(io.MultiWriter(whole, database), file, size-sha256.Size); err != nil {
		return 0, "", err
	}
	sum := make([]byte, sha256.Size)
	if _, err := io.ReadFull(file, sum); err != nil {
		return 0, "", err
	}
	if !bytes.Equal(sum, database.Sum(nil)) {
		return 0, "", errors.New("the snapshot is damaged: its sum is not the one that etcd wrote behind it")
	}
	whole.Write(sum)
	return size, hex.EncodeToString(whole.Sum(nil)), nil
}

// EtcdMember is what a member of etcd says of itself, as far as a snapshot depends on it.
type EtcdMember struct {
	Size   int64    // of its database on the disk, in bytes
	Leads  bool     // some member leads, so that this one hears of what is new
	Errors []string // its alarms among them: "memberID:81 alarm:CORRUPT "
}

// Member asks a member about itself.
func (a EtcdAccess) Member(ctx context.Context, sys *host.System) (EtcdMember, error) {
	var status struct {
		DBSize int64 `json:"dbSize,string"`
		Leader string
		Errors []string
	}
	if err := a.ask(ctx, sys, a.Endpoints, "/v3/maintenance/status", map[string]any{}, &status); err != nil {
		return EtcdMember{}, fmt.Errorf("ask the member of etcd: %w", err)
	}
	leads := status.Leader != "" && status.Leader != "0"
	return EtcdMember{Size: status.DBSize, Leads: leads, Errors: status.Errors}, nil
}

// hasRoom refuses a snapshot that would fill the disk, which is etcd's own on many hosts.
func (a EtcdAccess) hasRoom(ctx context.Context, sys *host.System, dir string) error {
	member, err := a.Member(ctx, sys)
	if err != nil {
		return err
	}
	for _, fs := range sys.Survey(ctx, host.SurveyQuery{Paths: []string{dir}}).FileSystems {
		if fs.Bytes > 0 && fs.FreeBytes < 2*member.Size {
			return fmt.Errorf("%s has %s left, and a snapshot of %s is to leave as much again",
				dir, human.Size(fs.FreeBytes), human.Size(member.Size))
		}
	}
	return nil
}

// removeOlder removes what a killed process has left in a directory of the tool's own.
func removeOlder(sys *host.System, dir string, age time.Duration) error {
	entries, err := os.ReadDir(sys.Path(dir))
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || time.Since(info.ModTime()) < age {
			continue // it is gone by now, or another run's
		}
		if err := sys.RemoveAll(filepath.Join(sys.Path(dir), e.Name())); err != nil {
			return err
		}
	}
	return nil
}
