package release

import (
	"kbootstrap/inventory"
)

// Where a sum comes from.
const (
	OriginBuiltIn = "built-in"
	OriginLock    = "lock"
	OriginBundle  = "bundle"
)

// pins know the sum of each artifact: as the lock has it, else as it is built into the tool.
type pins struct {
	path      string // of the lock
	locked    map[string]LockedEntry
	tells     bool // the lock has the sums of members
	ownBuilds bool // nothing is compared with what the projects published, nor taken from there
	mirror    bool // nothing is pulled from a registry
	// bundled are the sums that a bundle has of its artifacts. They count where no other is known.
	bundled map[string]LockedEntry
}

// pinsOf reads the lock of the inventory.
func pinsOf(c *inventory.Cluster) (pins, error) { return pinsAt(c, LockPath(c)) }

// pinsAt reads a lock. A lock that does not exist has no sums.
func pinsAt(c *inventory.Cluster, path string) (pins, error) {
	lock, err := lockAt(path)
	if err != nil {
		return pins{}, err
	}
	own := c.Artifacts.OwnBuilds
	return pins{path: path, locked: lock.entries(), tells: lock.Version == lockVersion,
		ownBuilds: own != nil && *own, mirror: c.Artifacts.Mirror != ""}, nil
}

// pin gives an artifact what is known of it, and reports whether that is enough to fetch it. The
// artifact becomes the image with the same programs where only that is known.
func (p pins) pin(a *artifact) bool {
	if p.known(a) {
		return true
	}
	if a.orImage != nil {
		if image := *a.orImage; p.known(&image) {
			*a = image
			return true
		}
	}
	return false
}

func (p pins) known(a *artifact) bool {
	if e, ok := p.locked[a.url]; ok {
		a.sum, a.size, a.locked, a.origin = e.SHA256, e.Size, e.Members, OriginLock
		a.tells = p.tells
		if !p.mirror {
			a.index = e.Index
		}
		return true
	}
	if p.ownBuilds {
		return p.isBundled(a)
	}
	// A mirror has archives of images, of which only the registry's own digest is published.
	if a.image == "" {
		a.sum = builtIn(*a)
	} else if !p.mirror {
		a.index = builtInIndex(a.image)
	}
	if a.sum == "" && a.index == "" {
		return p.isBundled(a)
	}
	a.origin = OriginBuiltIn
	return true
}

// isBundled reports whether only a bundle has the sum of an artifact, which it gets then.
func (p pins) isBundled(a *artifact) bool {
	e, ok := p.bundled[a.url]
	if ok {
		a.sum, a.size, a.locked, a.origin = e.SHA256, e.Size, e.Members, OriginBundle
	}
	return ok
}

// published is the sum of an artifact that its project published, or the digest of an image's
// index, and what the lock has in its place; both are empty when they cannot be compared.
func (p pins) published(a artifact) (published, locked string) {
	e, ok := p.locked[a.url]
	switch {
	case !ok || p.ownBuilds:
		return "", ""
	case a.image == "":
		published, locked = builtIn(a), e.SHA256
	default:
		published, locked = builtInIndex(a.image), e.Index
	}
	if published == "" || locked == "" {
		return "", ""
	}
	return published, locked
}

// disputed reports whether the lock has another sum than the project published.
func (p pins) disputed(a artifact) bool {
	published, locked := p.published(a)
	return published != locked
}

// pinAll gives each artifact its sum, or says which have none. It refuses, or warns of, a lock that
// contradicts what the projects published.
func pinAll(c *inventory.Cluster, artifacts []artifact, o Options) error {
	p, err := pinsOf(c)
	if err != nil {
		return err
	}
	unpinned := &UnpinnedError{Lock: p.path, Mirror: c.Artifacts.Mirror, inventory: c.File, kubernetes: c.Kubernetes}
	for i := range artifacts {
		a := &artifacts[i]
		if !p.pin(a) {
			unpinned.URLs = append(unpinned.URLs, a.url)
			unpinned.criDockerd = unpinned.criDockerd || a.component == "cri-dockerd"
		}
	}
	if err := p.dispute(c, artifacts, o); err != nil {
		return err
	}
	if len(unpinned.URLs) > 0 {
		return unpinned
	}
	return nil
}
