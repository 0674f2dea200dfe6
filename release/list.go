package release

import "kbootstrap/inventory"

// Artifact is one file that a cluster is made of.
type Artifact struct {
	Component string
	Version   string // as the component's project writes it in names of releases, less a leading v; Kubernetes with it
	URL       string // upstream's; for an image the tool's own, see docs/artifacts.md
	SHA256    string // lower case hex; empty when it is not known
	Index     string // sha256 of the index of an image in its registry, lower case hex; empty when it is not known
	Origin    string // of the sum: OriginBuiltIn, OriginLock or empty
	Disputed  bool   // the lock has another sum than the project published
	Cached    bool   // everything that is wanted of it is in the cache
	Size      int64  // bytes; 0 when it is neither cached nor locked with its size
}

// List returns what a cluster needs for hosts of one architecture, without fetching anything.
func List(c *inventory.Cluster, arch string, o Options) ([]Artifact, error) {
	versions, err := Versions(c, o.Sources)
	if err != nil {
		return nil, err
	}
	artifacts, err := expand(c, o.wanted(), versions, arch)
	if err != nil {
		return nil, err
	}
	p, err := pinsOf(c)
	if err != nil {
		return nil, err
	}
	for i := range artifacts {
		p.pin(&artifacts[i])
	}
	cache, err := openCache(o.CacheDir)
	if err != nil {
		return nil, err
	}
	list := make([]Artifact, len(artifacts))
	for i, a := range artifacts {
		list[i] = Artifact{Component: a.component, Version: a.version, URL: a.url, SHA256: a.sum, Index: a.index,
			Origin: a.origin, Size: a.size, Disputed: p.disputed(a)}
		if e, ok := cache.fresh(a); ok {
			list[i].Cached, list[i].Size = true, e.Size
		}
	}
	return list, nil
}
