// Package components makes the real programs and images that the lab's clusters run, and lays them
// out as a mirror of the places that publish them. The lab fakes no component, and it has no
// network: what upstream publishes as a download is fetched if there is a way and its sum is known,
// and else compiled here from the same source, or unpacked from the distribution's package, once
// per version.
//
// Start with Build; catalogue.go is the table of what is made. A mirror is a directory with the
// path of every artifact's URL below it ("dl.k8s.io/release/v1.36.3/bin/linux/amd64/kubelet") and a
// lock file with their sums.
package components

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/gofrs/flock"
)

// DefaultKubernetes is the version of Kubernetes that the lab runs when no other is asked for.
const DefaultKubernetes = "v1.36.3"

// Spec says what to build and where to put it.
type Spec struct {
	Kubernetes string            // version with or without "v"; empty means DefaultKubernetes
	Mirror     string            // directory of the mirror; empty means DefaultMirror
	AddOns     bool              // also what clusters run only where their inventory asks for it
	From       string            // URL of another machine's mirror, asked in place of upstream; may be empty
	FromSource bool              // nothing of upstream's; also what the benchmark alone needs
	OlderEtcd  bool              // also etcd 3.5, for clusters that move to 3.6
	Log        func(line string) // receives a line when a build starts and ends; may be nil
}

// DefaultMirror is the directory of the mirror in the user's cache directory.
func DefaultMirror() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache directory: %w", err)
	}
	return filepath.Join(cache, "kbootstrap", "lab", "mirror"), nil
}

// Build fetches or makes whatever the mirror lacks for one version of Kubernetes on this machine's
// architecture, and adds it to the mirror's lock file, artifacts.lock. A mirror that has everything
// is left alone, in well under a second.
//
// What is half built is never taken: artifacts are made aside and renamed into place, and a
// component counts as built only when its record was written after them. Builds of several
// processes into one mirror wait for each other.
func Build(ctx context.Context, spec Spec) error {
	if spec.Mirror == "" {
		mirror, err := DefaultMirror()
		if err != nil {
			return err
		}
		spec.Mirror = mirror
	}
	if spec.Log == nil {
		spec.Log = func(string) {}
	}
	recipes, err := catalogue(spec.Kubernetes, runtime.GOARCH)
	if err != nil {
		return err
	}
	if !spec.AddOns {
		recipes = slices.DeleteFunc(recipes, func(r recipe) bool { return r.OnRequest })
	}
	if older := followers[oldest].etcd; spec.OlderEtcd &&
		!slices.ContainsFunc(recipes, func(r recipe) bool { return r.Name == "etcd" && r.Version == older }) {
		recipes = append(recipes, etcd(older, runtime.GOARCH))
	}
	m, err := openMirror(spec.Mirror)
	if err != nil {
		return err
	}
	if m.isWhole(recipes, spec.FromSource) {
		return nil // also while another process builds something else
	}
	unlock, err := m.lock(ctx, spec.Log)
	if err != nil {
		return err
	}
	defer unlock()
	var up *upstream
	switch {
	case spec.FromSource:
	case spec.From != "":
		up, err = otherMirror(ctx, spec.From, spec.Log)
	default:
		up, err = newUpstream(spec.kubernetes(), runtime.GOARCH, spec.Log)
	}
	if err != nil {
		return err
	}
	return fillMirror(ctx, m, recipes, up, spec.Log)
}

// kubernetes is the version of Kubernetes, with a leading v.
func (s Spec) kubernetes() string {
	if s.Kubernetes == "" {
		return DefaultKubernetes
	}
	return "v" + number(s.Kubernetes)
}

// fillMirror gets the recipes that the mirror does not have yet: from upstream, unless that is nil,
// and else by building. The tools of all that may be built are looked for first, so that a missing
// one shows before minutes of compiling.
func fillMirror(ctx context.Context, m mirror, recipes []recipe, up *upstream, log func(string)) error {
	stale := slices.DeleteFunc(slices.Clone(recipes), func(r recipe) bool { return m.has(r, up == nil) })
	if up != nil {
		var err error
		if stale, err = up.fetch(ctx, m, stale); err != nil {
			return err
		}
	}
	for _, r := range stale {
		if err := findTools(r.Source.tools()); err != nil {
			return fmt.Errorf("%s: %w", r, err)
		}
	}
	if len(stale) > 1 {
		log(fmt.Sprintf("to build from source: %d components, about %s on two cores at rest", len(stale),
			roughly(estimate(stale))))
	}
	for n, r := range stale { // one after the other: each compiler run already uses every core
		log(fmt.Sprintf("build %s (%d of %d; about %s the first time)", r, n+1, len(stale), roughly(r.Takes)))
		start := time.Now()
		if err := m.build(ctx, r); err != nil {
			return fmt.Errorf("build %s: %w", r, err)
		}
		log(fmt.Sprintf("built %s in %s", r, time.Since(start).Round(time.Second/10)))
	}
	return m.relock(recipes)
}

// shared is what is left of the sum of several first builds, each alone: libraries of Kubernetes,
// which most of them use, are compiled once. All that a demo needs adds up to 27 minutes, and took
// twelve.
const shared = 0.45

// estimate is how long recipes take to build.
func estimate(recipes []recipe) time.Duration {
	var all, longest time.Duration
	for _, r := range recipes {
		all, longest = all+r.Takes, max(longest, r.Takes)
	}
	return max(longest, time.Duration(float64(all)*shared))
}

// roughly is a time in minutes, or in seconds if it is short.
func roughly(d time.Duration) string {
	if d < 100*time.Second {
		return fmt.Sprintf("%d s", int(d.Seconds()))
	}
	return fmt.Sprintf("%d min", int(d.Round(time.Minute).Minutes()))
}

// lock waits until no other process builds into the mirror. The kernel drops the lock with the
// process, so it cannot go stale.
func (m mirror) lock(ctx context.Context, log func(string)) (unlock func(), err error) {
	l := flock.New(m.path(".lock"))
	ok, err := l.TryLock()
	if err == nil && !ok {
		log("another process builds into " + m.dir + ": waiting")
		_, err = l.TryLockContext(ctx, 100*time.Millisecond)
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", m.dir, err)
	}
	return func() { _ = l.Unlock() }, nil
}
