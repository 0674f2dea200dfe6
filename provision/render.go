package provision

import (
	"context"
	"strings"

	"kbootstrap/certs"
	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
)

// Assumed are the facts that a rendering assumes of each host, because it asks none: a new machine,
// a common one.
type Assumed struct {
	Arch    string // as Go names it
	OS      host.OS
	Systemd int
	Cgroup  int
	Resolv  string // the resolv.conf that pods inherit
}

// AssumedFacts are those of a new machine with Debian 12.
func AssumedFacts(arch string) Assumed {
	return Assumed{
		Arch: arch, Systemd: 252, Cgroup: 2, Resolv: "/etc/resolv.conf",
		OS: host.OS{ID: "debian", VersionID: "12", Name: "Debian GNU/Linux 12 (bookworm)"},
	}
}

// Rendering is what hosts would get, without one of them having been asked.
type Rendering struct {
	Cluster *inventory.Cluster
	Plan    plan.Plan
	Assumed Assumed
	words   *strings.Replacer
}

// Render says what every host of a new cluster would get. In the place of keys, certificates and
// passwords are words that say what stands there, so that two renderings of an inventory are equal.
// What the cluster is made of is fetched where the cache lacks it, because files name sums.
func Render(a Assumed, to *Rendering) []Stage {
	return []Stage{
		func(ctx context.Context, r *Run) error { return fetchOf(ctx, r, "", a.Arch) },
		func(ctx context.Context, r *Run) error { return buildAssumed(ctx, r, a, to) },
	}
}

// buildAssumed builds the plan of a cluster that does not exist yet.
func buildAssumed(ctx context.Context, r *Run, a Assumed, to *Rendering) error {
	set, err := r.releases.of(ctx, a.Arch)
	if err != nil {
		return err
	}
	if set, err = withOwnProgram(r, set, a.Arch); err != nil {
		return err
	}
	pki, words := certs.StandIns(r.Cluster)
	r.PKI = pki
	fresh := map[string]host.Facts{}
	for _, h := range r.Cluster.Hosts {
		fresh[h.Name] = host.Facts{
			Hostname: h.Name, Arch: a.Arch, OS: a.OS, Systemd: a.Systemd, Cgroup: a.Cgroup, Resolv: a.Resolv,
			ConntrackWritable: true,
		}
	}
	first := firstProvider(r)
	var targets []component.Target
	for _, h := range r.Cluster.Hosts {
		targets = append(targets, component.Target{
			Cluster: r.Cluster, Host: h, Facts: fresh[h.Name], Release: set, PKI: pki, EtcdNew: true, Upstream: true,
			AllMembers: true, AllHosts: true,
			Encryption: component.StageOf(r.Cluster, fresh, h.Name, first, true),
		})
	}
	r.whole = plan.Build(component.Components(), targets)
	r.Plan = limited(r.whole, r.Scope, r.namesAll)
	*to = Rendering{Cluster: r.Cluster, Plan: r.Plan, Assumed: a, words: words}
	return nil
}
