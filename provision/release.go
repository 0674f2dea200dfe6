package provision

import (
	"context"
	"runtime"

	"kbootstrap/inventory"
	"kbootstrap/provision/fleet"
	"kbootstrap/release"
)

// FetchArtifacts fetches what hosts like this machine need. Contents for other architectures are fetched when a host is found
// to have one.
func FetchArtifacts(ctx context.Context, r *Run) error {
	r.releases = releases{cluster: r.Cluster, options: r.options, sets: map[string]*release.Set{}}
	_, err := r.releases.of(ctx, runtime.GOARCH)
	return err
}

// releases are the contents for each architecture among the hosts, fetched when first asked for.
type releases struct {
	cluster *inventory.Cluster
	options fleet.Options
	sets    map[string]*release.Set
}

func (a *releases) of(ctx context.Context, arch string) (*release.Set, error) {
	if set := a.sets[arch]; set != nil {
		return set, nil
	}
	told := map[string]bool{}
	set, err := release.Resolve(ctx, a.cluster, arch, release.Options{Progress: func(e release.Event) {
		if !told[e.Name] { // there is an event for each megabyte
			told[e.Name] = true
			a.options.Tell(fleet.Event{Kind: fleet.EventPhase, Text: "fetch " + e.Name})
		}
	}})
	if err != nil {
		return nil, err
	}
	a.sets[arch] = set
	return set, nil
}
