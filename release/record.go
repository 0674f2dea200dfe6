package release

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// RecordLock fetches every artifact of the cluster for hosts of the architectures and returns the
// lock at path with all of them added. A sum that is known already, from that lock or built into
// the tool, must be met: locking trusts the network only for sums that are not known yet, and then
// only over https. The sums of members are those of the files that were fetched now; the cache's
// word is not taken for them. Entries that the cluster does not need are kept.
//
// The lock is not written; see Lock.Write.
func RecordLock(ctx context.Context, c *inventory.Cluster, archs []string, path string, o Options) (*Lock, error) {
	return record(ctx, c, archs, path, o, func(artifact, bool) bool { return true })
}

// RecordUnknown is RecordLock for the artifacts without a known sum only.
func RecordUnknown(ctx context.Context, c *inventory.Cluster, archs []string, path string, o Options) (*Lock, error) {
	return record(ctx, c, archs, path, o, func(_ artifact, known bool) bool { return !known })
}

func record(
	ctx context.Context, c *inventory.Cluster, archs []string, path string, o Options,
	wanted func(a artifact, known bool) bool,
) (*Lock, error) {
	versions, err := Versions(c, o.Sources)
	if err != nil {
		return nil, err
	}
	p, err := pinsAt(c, path)
	if err != nil {
		return nil, err
	}
	var artifacts []artifact
	var insecure []string
	insecureFrom := ""
	places := placesOf(c.Artifacts)
	for _, arch := range slices.Compact(slices.Sorted(slices.Values(archs))) {
		list, err := expand(c, o.wanted(), versions, arch)
		if err != nil {
			return nil, err
		}
		for _, a := range list {
			known := p.pin(&a)
			if plain := places.plainHTTP(a); !known && len(plain) > 0 {
				insecure, insecureFrom = append(insecure, a.url), plain[0]
			}
			if wanted(a, known) {
				a.again = !p.hasMembers(a)
				artifacts = append(artifacts, a)
			}
		}
	}
	if len(insecure) > 0 {
		return nil, fault.ArtifactInsecure.Errorf("the sums of %d artifacts are not known, and %s is plain http, "+
			"where anyone on the way can replace them:\n  %s", len(insecure), insecureFrom,
			strings.Join(insecure, "\n  "))
	}
	if err := p.dispute(c, artifacts, o); err != nil {
		return nil, err
	}
	f, err := newFetcher(c, o)
	if err != nil {
		return nil, err
	}
	entries, err := f.all(ctx, artifacts)
	if err != nil {
		return nil, fmt.Errorf("lock artifacts: %w", err)
	}
	lock, err := ReadLock(path)
	if errors.Is(err, fs.ErrNotExist) {
		lock, err = &Lock{}, nil
	}
	if err != nil {
		return nil, err
	}
	all := lock.entries()
	for i, a := range artifacts {
		e := lockedEntry(a, entries[i], all[a.url])
		if err := f.cache.lockPlain(ctx, a, entries[i], &e); err != nil {
			return nil, fmt.Errorf("%s: %w", a.name(), err)
		}
		all[a.url] = e
	}
	lock.Version, lock.Artifacts = lockVersion, lock.Artifacts[:0]
	for _, e := range all {
		lock.Artifacts = append(lock.Artifacts, e)
	}
	return lock, nil
}

// hasMembers reports whether the lock has the sum of everything that is wanted of the artifact. A
// program is its own member.
func (p pins) hasMembers(a artifact) bool {
	if a.image == "" && a.isWhole() {
		return a.sum != ""
	}
	e, ok := p.locked[a.url]
	for _, m := range a.members {
		if m.path != "" && e.Members[m.path] == "" {
			return false
		}
	}
	return ok
}

// lockedEntry is what the lock says of an artifact that was fetched.
func lockedEntry(a artifact, e entry, old LockedEntry) LockedEntry {
	locked := LockedEntry{URL: a.url, SHA256: cmp.Or(a.sum, a.received, e.SHA256), Size: e.Size,
		Index: cmp.Or(a.index, old.Index)}
	for _, m := range a.members {
		if m.path == "" {
			continue
		}
		if locked.Members == nil {
			locked.Members = map[string]string{}
		}
		locked.Members[m.path] = e.Members[m.path].SHA256
	}
	return locked
}

// lockPlain has the lock say which the plain form of an image is, if hosts may get that.
func (c cache) lockPlain(ctx context.Context, a artifact, e entry, locked *LockedEntry) error {
	if !a.isImage() || len(a.members[0].like) == 0 {
		return nil
	}
	image := c.content(a.members[0], e)
	raw, err := image.bytes(ctx)
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != image.SHA256 {
		return errors.New("the cache has another archive")
	}
	plain, err := unpackLayers(raw)
	if err != nil {
		return err
	}
	if plain == nil {
		plain = raw
	}
	sum := sha256.Sum256(plain)
	locked.Members = map[string]string{plainMember: hex.EncodeToString(sum[:])}
	return nil
}
