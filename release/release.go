// Package release knows which versions of the components go together, where each artifact comes
// from and what its sha256 sum is. It fetches artifacts once, from upstream or from a mirror, and
// keeps the binaries inside them compressed in a cache. Nothing is fetched before every artifact
// has a sum; nothing is kept whose sum is another. The components say where their artifacts come
// from (Source). Start at Resolve; minors.go has the versions that follow Kubernetes, sums.txt the
// sums built into the tool.
package release

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"kbootstrap/inventory"
)

// Options says what to fetch, and how. Only Sources is needed.
type Options struct {
	// Sources are the artifacts that there are, in the order in which they are listed.
	Sources []Source
	// Verbs limits the sources to what these verbs alone need, see Source.Verb; "" stands for what
	// clusters are made of. Nil means that alone.
	Verbs []string
	// CacheDir is the cache's directory; $KBOOTSTRAP_CACHE, or kbootstrap/artifacts in the user's
	// cache directory, when it is empty. Processes may share it.
	CacheDir string
	// Progress is told of every artifact that is being fetched, one call at a time. Nil means that
	// no one is interested.
	Progress func(Event)
	// Warn is told what is odd and keeps nothing from being fetched. Nil means that no one is
	// interested.
	Warn func(string)
	// HTTP is the client to fetch with; nil means one that honours the proxy variables of the
	// environment and never follows a redirect from https to http.
	HTTP *http.Client
	// Bundle has everything, where nothing can be fetched; nil means that artifacts are fetched.
	Bundle *Bundle

	retry retryPolicy // the zero value is defaultRetry
}

// AnyVerb among Options.Verbs stands for every verb.
const AnyVerb = "*"

// wanted are the sources of the verbs.
func (o Options) wanted() []Source {
	if slices.Contains(o.Verbs, AnyVerb) {
		return o.Sources
	}
	verbs := o.Verbs
	if verbs == nil {
		verbs = []string{""}
	}
	return slices.DeleteFunc(slices.Clone(o.Sources), func(s Source) bool { return !slices.Contains(verbs, s.Verb) })
}

// Event is progress in fetching one artifact. Done is Total in the last one of an artifact, once it
// is verified, and in no other.
type Event struct {
	Name  string // the artifact's URL without its scheme
	Done  int64  // bytes fetched so far; it falls back to 0 when the artifact is tried again
	Total int64  // bytes in all; 0 when not known
	All   Sum    // of all artifacts of this call
}

// Sum is how far all artifacts that are fetched in one call are.
type Sum struct {
	Files, FilesDone int
	Done, Total      int64 // bytes; Total grows when a size becomes known
	Came             int64 // bytes of Done that came in this call, and not in one that was cut off
}

// Set is the contents that a cluster needs on hosts of one architecture, all of them in the cache.
type Set struct {
	versions map[string]string
	contents map[string]Content
	images   map[string]string // full names by component
	order    []string          // of the images, as the sources have them
	optional map[string]bool   // the images that some clusters do without, by component
	cache    cache
	// members are what the contents are of; packed are the images that lack a plain form, and
	// lacking the pairs of which the cache has no deltas.
	members []member
	packed  []string
	lacking []pair
	making  *sync.WaitGroup // those that are being made
}

// Resolve returns the contents for hosts of the architecture ("amd64" or "arm64"), after fetching
// those that are not in the cache. The contents are those of the sources that the cluster needs.
//
// Before anything is fetched, the error is an *UnpinnedError when a sum is not known, and a
// *DisputedError when the lock has other sums than the projects published; otherwise it lists all
// artifacts that could not be fetched. With a bundle nothing is fetched, and the error lists all
// that the bundle lacks.
func Resolve(ctx context.Context, c *inventory.Cluster, arch string, o Options) (*Set, error) {
	versions, err := Versions(c, o.Sources)
	if err != nil {
		return nil, err
	}
	artifacts, err := expand(c, o.wanted(), versions, arch)
	if err != nil {
		return nil, err
	}
	s := &Set{versions: versions, images: map[string]string{}, optional: map[string]bool{}, making: new(sync.WaitGroup)}
	if err := s.fill(ctx, c, artifacts, o); err != nil {
		return nil, err
	}
	for _, a := range artifacts {
		if a.isImage() {
			s.images[a.component] = a.image
			s.order = append(s.order, a.component)
			s.optional[a.component] = a.optional
		}
	}
	return s, nil
}

// fill gives the set the contents of artifacts, out of a bundle or after fetching them.
func (s *Set) fill(ctx context.Context, c *inventory.Cluster, artifacts []artifact, o Options) (err error) {
	if o.Bundle != nil {
		s.contents, err = o.Bundle.contents(ctx, c, artifacts)
		return err
	}
	if err := pinAll(c, artifacts, o); err != nil {
		return err
	}
	f, err := newFetcher(c, o)
	if err != nil {
		return err
	}
	entries, err := f.all(ctx, artifacts)
	if err != nil {
		return err
	}
	s.contents, s.cache = map[string]Content{}, f.cache
	for i, a := range artifacts {
		for _, m := range a.members {
			s.contents[m.name] = f.cache.content(m, entries[i])
		}
		s.members = append(s.members, s.usePlain(a)...)
	}
	s.lacking, err = f.cache.withDeltas(s.members, s.contents)
	return err
}

// Content returns the content of that name, such as "kubelet" or "image/pause". Asking for a
// content that the cluster does not need is an error.
func (s *Set) Content(name string) (Content, error) {
	c, ok := s.contents[name]
	if !ok {
		return Content{}, fmt.Errorf("no content %q in the release", name)
	}
	return c, nil
}

// Version returns the version of a component: "kubernetes" with a leading v as Kubernetes writes
// it, the others (the keys of Cluster.Versions) without. It is empty for a component that there is
// not.
func (s *Set) Version(component string) string { return s.versions[component] }

// Image returns the full name of a component's image, such as "registry.k8s.io/pause:3.10.2" of
// "pause", as the archive of it names it and as pods must refer to it. The name is empty for an
// image that the cluster does not need.
func (s *Set) Image(component string) string { return s.images[component] }

// Images are the components with an image that the cluster needs, in the order of the sources.
func (s *Set) Images() []string { return s.order }

// IsOptional reports whether some clusters do without the image of a component.
func (s *Set) IsOptional(component string) bool { return s.optional[component] }
