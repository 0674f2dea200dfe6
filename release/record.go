package release

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"kbootstrap/inventory"
)

// RecordLock fetches every artifact of the cluster for hosts of the architectures and returns the
// lock at path with all of them added. A sum that is known already, from that lock or built into
// the tool, must be met: locking trusts the network only for sums that are not known yet. Entries
// that the cluster does not need are kept.
//
// The lock is not written; see Lock.Write.
func RecordLock(ctx context.Context, c *inventory.Cluster, archs []string, path string, o Options) (*Lock, error) {
	versions, err := Versions(c, o.Sources)
	if err != nil {
		return nil, err
	}
	var artifacts []artifact
	for _, arch := range slices.Compact(slices.Sorted(slices.Values(archs))) {
		list, err := expand(c, o.Sources, versions, arch)
		if err != nil {
			return nil, err
		}
		artifacts = append(artifacts, list...)
	}
	lock, err := ReadLock(path)
	if errors.Is(err, fs.ErrNotExist) {
		lock, err = &Lock{Version: 1}, nil
	}
	if err != nil {
		return nil, err
	}
	locked := lock.entries()
	for i := range artifacts {
		a := &artifacts[i]
		if e, ok := locked[a.url]; ok {
			a.sum, a.size, a.origin = e.SHA256, e.Size, OriginLock
		} else {
			a.sum, a.origin = builtIn(*a), OriginBuiltIn
		}
	}
	f, err := newFetcher(c, o)
	if err != nil {
		return nil, err
	}
	entries, err := f.all(ctx, artifacts)
	if err != nil {
		return nil, fmt.Errorf("lock artifacts: %w", err)
	}
	for i, a := range artifacts {
		locked[a.url] = LockedEntry{URL: a.url, SHA256: a.sum, Size: entries[i].Size}
	}
	lock.Artifacts = lock.Artifacts[:0]
	for _, e := range locked {
		lock.Artifacts = append(lock.Artifacts, e)
	}
	return lock, nil
}
