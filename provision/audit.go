package provision

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/audit"
	"kbootstrap/provision/component"
	"kbootstrap/resource"
)

// Audit lists how `audit` finds out what hosts and the API show. It needs no plan, so that a
// cluster can be audited without artifacts or certificates.
func Audit() []Stage {
	return []Stage{TolerateAll, Connect, NeedTrace, Inspect}
}

// Inspect asks all hosts what they show for an audit, and one control plane for the objects of the
// API.
func Inspect(ctx context.Context, r *Run) error {
	queries := map[string]node.Query{}
	inspect := audit.Query()
	walls := map[string][]resource.Resource{}
	for name, m := range r.Fleet {
		if r.Cluster.Firewall == inventory.FirewallConfigure {
			walls[name] = component.Walls(r.Cluster, m.Host, m.Facts)
		}
		queries[name] = node.Query{Inspect: &inspect, Witnesses: walls[name]}
	}
	listing := audit.Listing(component.Admin, r.Cluster)
	asked := ""
	for _, h := range r.Cluster.With(inventory.ControlPlane) {
		if q, ok := queries[h.Name]; ok && asked == "" {
			asked, q.Listing = h.Name, &listing
			queries[h.Name] = q
		}
	}
	answers, failed := r.Fleet.Look(ctx, r.Cluster.Hosts, queries)
	if err := r.leaveOut(failed.ErrOrNil()); err != nil {
		return err
	}
	scene := audit.Scene{Cluster: r.Cluster, Now: time.Now(), State: stateFiles(r.Cluster.StateDir())}
	if asked == "" {
		scene.APIError = "no control plane could be asked"
	}
	for _, h := range r.Cluster.Hosts {
		of := audit.Host{Host: h}
		answer, ok := answers[h.Name]
		switch {
		case r.Unreached[h.Name] != nil:
			of.Error = r.Unreached[h.Name].Error()
		case !ok:
			of.Error = "the host did not answer"
		case answer.InspectionErr != nil:
			of.Error = answer.InspectionErr.Error()
		default:
			of.Inspection = answer.Inspection
			of.Walls, of.WallsErr = compare(walls[h.Name], answer)
			if m := r.Fleet[h.Name]; m != nil {
				of.Facts = m.Facts
			}
		}
		if h.Name == asked {
			scene.Listings = answer.Listings
			if answer.Listings.Lists == nil {
				scene.APIError = h.Name + " did not tell"
			}
		}
		scene.Hosts = append(scene.Hosts, of)
	}
	r.audited = scene
	return nil
}

// compare has what a host shows of its firewall next to what is wanted.
func compare(wanted []resource.Resource, answer node.Answer) (walls []audit.Wall, why string) {
	if answer.WitnessesErr != nil {
		return nil, answer.WitnessesErr.Error()
	}
	for i, found := range answer.Witnesses {
		walls = append(walls, audit.Wall{ID: wanted[i].ID(), Wanted: wanted[i].State(), Found: found.State()})
	}
	return walls, ""
}

// Audit judges what the hosts showed, by a profile.
func (r *Run) Audit(profile string) []audit.Outcome {
	scene := r.audited
	scene.Profile = profile
	return audit.Judge(scene)
}

// stateFiles are the files of the state directory. What cannot be read is left out: the checks
// count what is there.
func stateFiles(dir string) []host.Inspected {
	var found []host.Inspected
	_ = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // as said above
		}
		if info, err := os.Stat(path); err == nil {
			found = append(found, host.Inspected{Path: path, Mode: info.Mode()})
		}
		return nil
	})
	return found
}
