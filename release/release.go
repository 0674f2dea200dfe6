// Package release knows which versions of the components go together, where each artifact comes from and what its
// sha256 sum is. It fetches artifacts once, from upstream or from a mirror, and keeps the binaries inside them
// compressed in a cache. Nothing is fetched before every artifact has a sum; nothing is kept whose sum is another.
// Start at Resolve; versions.go has the versions, artifact.go the URLs, sums.txt the sums built into the tool.
package release

import (
	"context"
	"fmt"
	"net/http"

	"kbootstrap/inventory"
)

// Options says how to fetch. The zero value is ready to use.
type Options struct {
	// CacheDir is the cache's directory; $KBOOTSTRAP_CACHE, or kbootstrap/artifacts in the user's cache directory, when
	// it is empty. Processes may share it.
	CacheDir string
	// Progress is told of every artifact that is being fetched, one call at a time. Nil means that no
	// one is interested.
	Progress func(Event)
	// HTTP is the client to fetch with; nil means one that honours the proxy variables of the environment and never
	// follows a redirect from https to http.
	HTTP *http.Client

	retry retryPolicy // the zero value is defaultRetry
}

// Event is progress in fetching one artifact. Done is Total in the last one of an artifact, once it is verified, and in
// no other.
type Event struct {
	Name  string // the artifact's URL without its scheme
	Done  int64  // bytes fetched so far; it falls back to 0 when the artifact is tried again
	Total int64  // bytes in all; 0 when not known
}

// Set is the contents that a cluster needs on hosts of one architecture, all of them in the cache.
type Set struct {
	versions map[string]string
	contents map[string]Content
	images   []string
}

// Resolve returns the contents for hosts of the architecture ("amd64" or "arm64"), after fetching those that are not in
// the cache. The contents are those of Kubernetes, etcd, containerd, runc, the CNI plugins and flannel; of docker when
// the cluster's runtime is docker; of cri-dockerd when its CRI is dockerd; and the images of CoreDNS and of the pause
// container.
//
// The error is an *UnpinnedError, before anything is fetched, when a sum is not known; otherwise it
// lists all artifacts that could not be fetched.
func Resolve(ctx context.Context, c *inventory.Cluster, arch string, o Options) (*Set, error) {
	versions, err := Versions(c)
	if err != nil {
		return nil, err
	}
	artifacts, err := artifactsFor(c, versions, arch)
	if err != nil {
		return nil, err
	}
	unpinned, err := pin(c, artifacts)
	if err != nil {
		return nil, err
	}
	if unpinned != nil {
		return nil, unpinned
	}
	f, err := newFetcher(c, o)
	if err != nil {
		return nil, err
	}
	entries, err := f.all(ctx, artifacts)
	if err != nil {
		return nil, err
	}
	s := &Set{versions: versions, contents: map[string]Content{}}
	for i, a := range artifacts {
		for _, m := range a.members {
			s.contents[m.name] = f.cache.content(m, entries[i])
		}
		if a.image {
			s.images = append(s.images, a.component)
		}
	}
	return s, nil
}

// Content returns the content of that name, such as "kubelet" or "image/pause". Asking for a content that the cluster
// does not need is an error.
func (s *Set) Content(name string) (Content, error) {
	c, ok := s.contents[name]
	if !ok {
		return Content{}, fmt.Errorf("no content %q in the release", name)
	}
	return c, nil
}

// Version returns the version of a component: "kubernetes" with a leading v as Kubernetes writes it, the others (the
// keys of Cluster.Versions) without. It is empty for a component that there is not.
func (s *Set) Version(component string) string { return s.versions[component] }

// Image returns the full name of an image, "pause" or "coredns", as the archive of it names it and as pods must refer
// to it. It is empty for an image that there is not.
func (s *Set) Image(name string) string {
	version, ok := s.versions[name]
	if !ok {
		return ""
	}
	return imageName(name, version)
}

// Images are the names of the images among the contents.
func (s *Set) Images() []string { return s.images }
