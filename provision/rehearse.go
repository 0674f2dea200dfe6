package provision

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"kbootstrap/backup"
	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/release"
	"kbootstrap/resource"
)

// Rehearsal is what came of trying a backup.
type Rehearsal struct {
	Manifest backup.Manifest
	// Store is what the restored etcd held; nil when it was not tried.
	Store *resource.EtcdStore
	Took  time.Duration
}

// Rehearse reads a backup, compares its sums, and restores the snapshot into an etcd of its own on
// this machine, which listens on no network, to compare what that holds with the manifest. When
// only the sums are to be compared, no etcd is started. All that it makes is gone in the end.
func Rehearse(
	ctx context.Context, c *inventory.Cluster, path string, identities []age.Identity, onlySums bool, o fleet.Options,
) (r Rehearsal, err error) {
	begin := time.Now()
	defer func() { r.Took = time.Since(begin) }()
	if onlySums {
		set, err := backup.Read(path, identities, io.Discard)
		if err != nil {
			return r, err
		}
		r.Manifest = set.Manifest
		return r, nil
	}
	if runtime.GOOS != "linux" {
		return r, errors.New("a rehearsal runs etcd, which needs Linux: compare the sums alone, with --only-sums")
	}
	dir, err := ScratchDir("rehearsal-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	o.Tell(fleet.Event{Kind: fleet.EventPhase, Text: "read " + path})
	snapshot, err := os.OpenFile(filepath.Join(dir, backup.SnapshotName), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return r, err
	}
	set, err := backup.Read(path, identities, snapshot)
	if err := errors.Join(err, snapshot.Close()); err != nil {
		return r, err
	}
	r.Manifest = set.Manifest
	if _, _, err := resource.CheckSnapshot(snapshot.Name()); err != nil {
		return r, fault.BackupDamaged.Errorf("%s: %w", path, err)
	}
	o.Tell(fleet.Event{Kind: fleet.EventPhase, Text: "restore into an etcd of its own"})
	scratch := scratchEtcd{dir: dir}
	if err := scratch.fetch(ctx, c, set.Manifest, o); err != nil {
		return r, err
	}
	store, err := scratch.try(ctx, snapshot.Name())
	if ctx.Err() != nil {
		return r, context.Cause(ctx)
	}
	if err != nil {
		return r, fault.RehearsalFailed.Wrap(err)
	}
	r.Store = &store
	return r, holdsAll(set.Manifest, store)
}

// holdsAll compares what an etcd holds that a backup was restored into with the manifest.
func holdsAll(m backup.Manifest, store resource.EtcdStore) error {
	if differs := m.Etcd.Differs(store); differs != "" {
		return fault.RehearsalFailed.Errorf("the restored etcd does not hold what the backup should have: %s", differs)
	}
	return nil
}

// ScratchDir makes a directory of this user's own, on a disk and not in memory.
func ScratchDir(prefix string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	parent := filepath.Join(cache, "kbootstrap")
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return "", err
	}
	return os.MkdirTemp(parent, prefix) // with mode 0700
}

// scratchEtcd is an etcd that a snapshot is tried with.
type scratchEtcd struct{ dir string }

// scratchSocket is where it listens: a socket in its directory, which etcd wants to have a port.
const scratchSocket = "client.sock:1"

// fetch puts the programs into the directory, in the version that the backup is of.
func (s scratchEtcd) fetch(ctx context.Context, c *inventory.Cluster, m backup.Manifest, o fleet.Options) error {
	then := *c
	then.Kubernetes = m.Kubernetes
	then.Versions = map[string]string{component.Etcd: m.Versions[component.Etcd]}
	only := slices.DeleteFunc(component.Sources(), func(s release.Source) bool { return s.Component != component.Etcd })
	releases := releases{cluster: &then, options: o}
	set, err := release.Resolve(ctx, &then, runtime.GOARCH,
		release.Options{Sources: only, Warn: releases.warn, Bundle: o.Bundle})
	if err != nil {
		return err
	}
	for _, name := range []string{"etcd", "etcdutl"} {
		content, err := set.Content(name)
		if err != nil {
			return err
		}
		if err := s.unpack(content, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (s scratchEtcd) unpack(c release.Content, name string) error {
	packed, err := c.Open()
	if err != nil {
		return err
	}
	defer packed.Close()
	plain, err := zstd.NewReader(packed)
	if err != nil {
		return err
	}
	defer plain.Close()
	file, err := os.OpenFile(filepath.Join(s.dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o700)
	if err != nil {
		return err
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(file, sum), plain)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != c.SHA256 {
		return fault.ContentDamaged.Errorf("the program in the cache is damaged")
	}
	return nil
}

// scratchPatience is how long etcd may take to read a database of the largest size.
const scratchPatience = 5 * time.Minute

// try restores the snapshot, starts etcd and reads what it holds.
func (s scratchEtcd) try(ctx context.Context, snapshot string) (resource.EtcdStore, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, scratchPatience,
		fmt.Errorf("etcd did not tell what it holds within %s", scratchPatience))
	defer cancel()
	const peer = "unix://peer.sock:1"
	if out, err := s.command(ctx, "etcdutl", "snapshot", "restore", snapshot, "--data-dir=data", "--name=rehearsal",
		"--initial-cluster=rehearsal="+peer, "--initial-advertise-peer-urls="+peer,
		"--initial-cluster-token="+filepath.Base(s.dir)).CombinedOutput(); err != nil {
		return resource.EtcdStore{}, fmt.Errorf("etcdutl snapshot restore: %w: %s", err, lastLines(out))
	}
	running, stop := context.WithCancel(ctx)
	const client = "unix://" + scratchSocket
	etcd := s.command(running, "etcd", "--data-dir=data", "--name=rehearsal", "--listen-peer-urls="+peer,
		"--initial-advertise-peer-urls="+peer, "--listen-client-urls="+client, "--advertise-client-urls="+client)
	var said bytes.Buffer
	etcd.Stdout, etcd.Stderr = &said, &said
	if err := etcd.Start(); err != nil {
		stop()
		return resource.EtcdStore{}, err
	}
	ended := make(chan struct{})
	go func() { _ = etcd.Wait(); close(ended) }()
	defer func() { stop(); <-ended }() // etcd is killed, and its data goes with the directory
	access := resource.EtcdAccess{Endpoints: []string{"http://rehearsal"}, Socket: filepath.Join(s.dir, scratchSocket)}
	sys := host.NewSystem("/", host.Run, nil, nil)
	defer sys.Close()
	var store resource.EtcdStore
	var last error
	err := host.Poll(ctx, 100*time.Millisecond, func() (bool, error) {
		select {
		case <-ended:
			return false, errors.New("etcd ended")
		default:
		}
		store, last = access.Store(ctx, sys, 0)
		return last == nil, nil
	})
	if err != nil {
		stop()
		<-ended
		return store, fmt.Errorf("%w; last answer: %w; etcd said: %s", err, last, lastLines(said.Bytes()))
	}
	return store, nil
}

// command is a program of the directory, with nothing of this process's environment: etcd takes
// flags from there.
func (s scratchEtcd) command(ctx context.Context, name string, arguments ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, filepath.Join(s.dir, name), arguments...)
	c.Dir, c.Env = s.dir, []string{"PATH=/usr/bin:/bin", "HOME=" + s.dir}
	return c
}

// lastLines are the last lines of what a program said.
func lastLines(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}
