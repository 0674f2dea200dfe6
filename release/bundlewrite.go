package release

import (
	"cmp"
	"context"
	"io"
	"maps"
	"net/url"
	"path"
	"slices"

	"kbootstrap/internal/atomic"
	"kbootstrap/internal/cyclonedx"
	"kbootstrap/inventory"
	"kbootstrap/release/airgap"
)

// BundleTool is the tool itself, as it goes into a bundle.
type BundleTool struct {
	Version  string
	Platform string            // of Programs["kbootstrap"], such as linux/amd64
	Programs map[string]string // the paths of the tool and its agents by their names in the bundle
}

// CreateBundle writes a file with all that the cluster needs on hosts of the architectures, after
// fetching what the cache lacks. Sums that are not known end it, as they end Resolve. Two bundles
// of the same things are equal, when the cache was filled by the same release of the tool.
func CreateBundle(
	ctx context.Context, c *inventory.Cluster, archs []string, tool BundleTool, file string, o Options,
) (airgap.Manifest, error) {
	archs = slices.Compact(slices.Sorted(slices.Values(archs)))
	artifacts, entries, err := collect(ctx, c, archs, o)
	if err != nil {
		return airgap.Manifest{}, err
	}
	cache, err := openCache(o.CacheDir)
	if err != nil {
		return airgap.Manifest{}, err
	}
	m := airgap.Manifest{Tool: tool.Version, Platform: tool.Platform, Kubernetes: c.Kubernetes, Architectures: archs}
	lock, blobs := Lock{Version: lockVersion}, map[string]airgap.Content{}
	for i, a := range artifacts {
		listed := airgap.Artifact{Component: a.component, Version: a.version, Arch: a.arch, URL: a.url,
			Contents: map[string]string{}}
		lock.Artifacts = append(lock.Artifacts, lockedEntry(a, entries[i], LockedEntry{}))
		for _, member := range a.members {
			s := entries[i].Members[member.path]
			listed.Contents[member.name] = s.SHA256
			blobs[s.SHA256] = airgap.Content{SHA256: s.SHA256, Size: s.Size, ImageID: s.Image}
		}
		m.Artifacts = append(m.Artifacts, listed)
	}
	bill, err := billOf(artifacts, lock, tool)
	if err != nil {
		return airgap.Manifest{}, err
	}
	parts := []airgap.Part{airgap.PartOf(airgap.LockFile, lock.text()), airgap.PartOf(airgap.BillFile, bill)}
	for _, name := range slices.Sorted(maps.Keys(tool.Programs)) {
		p, err := airgap.FilePart(ctx, path.Join(airgap.ProgramDir, name), tool.Programs[name])
		if err != nil {
			return airgap.Manifest{}, err
		}
		parts = append(parts, p)
	}
	for _, sum := range slices.Sorted(maps.Keys(blobs)) {
		p, err := airgap.ContentPart(ctx, blobs[sum], cache.blob(sum))
		if err != nil {
			return airgap.Manifest{}, err
		}
		parts, m.Contents = append(parts, p), append(m.Contents, blobs[sum])
	}
	err = atomic.Write(file, 0o644, func(w io.Writer) error { return airgap.Write(w, m, parts) })
	return m, err
}

// collect fetches the artifacts for all architectures, each once.
func collect(
	ctx context.Context, c *inventory.Cluster, archs []string, o Options,
) (artifacts []artifact, entries []entry, err error) {
	versions, err := Versions(c, o.Sources)
	if err != nil {
		return nil, nil, err
	}
	for _, arch := range archs {
		list, err := expand(c, o.wanted(), versions, arch)
		if err != nil {
			return nil, nil, err
		}
		artifacts = append(artifacts, list...)
	}
	if err := pinAll(c, artifacts, o); err != nil {
		return nil, nil, err
	}
	f, err := newFetcher(c, o)
	if err != nil {
		return nil, nil, err
	}
	entries, err = f.all(ctx, artifacts)
	return artifacts, entries, err
}

// billOf is the bill of materials of a bundle.
func billOf(artifacts []artifact, lock Lock, tool BundleTool) ([]byte, error) {
	bill := cyclonedx.Bill{Metadata: cyclonedx.Metadata{Component: cyclonedx.Component{
		Type: "application", Ref: "bundle", Name: "kbootstrap-bundle", Version: tool.Version,
	}}}
	for i, a := range artifacts {
		c := cyclonedx.Component{Type: "application", Ref: a.url, Name: a.component, Version: a.version,
			Hashes: cyclonedx.SHA256(lock.Artifacts[i].SHA256)}
		if len(a.members) == 1 && a.members[0].path == "" && a.image == "" {
			c.Name = a.members[0].name
		}
		query := url.Values{"download_url": {a.url}}
		if a.image != "" {
			c.Type = "container"
			query = url.Values{"arch": {a.arch}, "image": {a.image}}
		}
		c.PURL = "pkg:generic/" + url.PathEscape(c.Name) + "@" + url.PathEscape(a.version) + "?" + query.Encode()
		bill.Components = append(bill.Components, c)
	}
	slices.SortFunc(bill.Components, func(a, b cyclonedx.Component) int { return cmp.Compare(a.Ref, b.Ref) })
	return bill.Text()
}
