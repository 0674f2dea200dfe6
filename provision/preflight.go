package provision

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/plan"
	"kbootstrap/provision/preflight"
	"kbootstrap/resource"
)

// Preflight asks Prepare to judge the hosts when it has looked at them.
type Preflight struct {
	// Ignore has the IDs of checks that do not fail but warn; "all" is every check.
	Ignore []string
	// Only says that nothing but the findings is wanted: all measurements are made, also those that take a while where
	// there is nothing to change; and a check that fails is no error.
	Only bool
}

// seen is what was seen of a host for its checks.
type seen struct {
	survey host.Survey
	clock  node.Clock
}

// askSurvey asks all hosts to look around, if the run is to check them.
func (r *Run) askSurvey(queries map[string]node.Query) {
	if r.Scope.Preflight == nil {
		return
	}
	for name, m := range r.Fleet {
		survey := preflight.Query(r.Cluster, m.Host)
		q := queries[name]
		q.Survey = &survey
		queries[name] = q
	}
}

// inspected is what the hosts saw that answered, if the run is to check them.
func (r *Run) inspected(answers map[string]node.Answer) (map[string]seen, error) {
	if r.Scope.Preflight == nil {
		return nil, nil
	}
	found := map[string]seen{}
	var failed plan.Failures
	for name, a := range answers {
		found[name] = seen{survey: a.Survey, clock: r.Fleet[name].Clock}
		if a.SurveyErr != nil {
			failed = append(failed, plan.Failure{Host: name, Component: "preflight", Err: a.SurveyErr})
		}
	}
	return found, failed.Sorted(r.Cluster.Hosts).ErrOrNil()
}

// preflight judges the hosts of the plan, if the run is to. The error is a *preflight.Error when one may not be changed;
// what is only worth a warning is reported.
func (r *Run) preflight(ctx context.Context) error {
	p := r.Scope.Preflight
	if p == nil {
		return nil
	}
	scene, err := r.scene(ctx)
	if err != nil {
		return err
	}
	r.Findings = preflight.Judge(scene, p.Ignore)
	if p.Only {
		return nil
	}
	r.tell()
	if len(preflight.Failed(r.Findings)) > 0 {
		return &preflight.Error{Findings: r.Findings}
	}
	return nil
}

// tell reports what the checks found, but for failures, which are the run's error. What is so on several hosts is told
// once, of none of them.
func (r *Run) tell() {
	for _, f := range preflight.Merged(r.Findings) {
		e := fleet.Event{Kind: fleet.EventWarning, Component: "preflight", ID: f.ID, Text: f.ID + ": " + f.Evidence}
		switch f.Level {
		case preflight.Fail:
			continue
		case preflight.OK:
			e.Kind = fleet.EventLog
		}
		if len(f.Hosts) == 1 && r.Fleet[f.Hosts[0]] != nil {
			e.Host = f.Hosts[0]
		} else {
			e.Text = strings.Join(f.Hosts, ", ") + ": " + e.Text
		}
		r.options.Tell(e)
	}
}

// scene gathers all that the checks judge.
func (r *Run) scene(ctx context.Context) (preflight.Scene, error) {
	scene := preflight.Scene{Cluster: r.Cluster, Probed: r.Scope.Preflight.Only || r.Plan.Changes() > 0}
	for _, h := range r.Plan.Hosts() {
		m := r.Fleet[h.Name]
		host := preflight.Host{Host: h, Facts: m.Facts, Survey: r.seen[h.Name].survey, Clock: r.seen[h.Name].clock}
		for _, s := range r.Plan.Steps {
			if s.At != h.Name {
				continue
			}
			scene.Minor = s.Target.Minor()
			if scene.CA == "" {
				scene.CA = authority(s)
			}
			for _, c := range s.Changes() {
				host.Writes = append(host.Writes, writes(c.Wanted)...)
				if pkg, ok := c.Wanted.(resource.Package); ok && !pkg.Absent {
					host.Packages = append(host.Packages, pkg.Program)
				}
			}
		}
		scene.Hosts = append(scene.Hosts, host)
	}
	if !scene.Probed {
		return scene, nil
	}
	r.options.Tell(fleet.Event{Kind: fleet.EventPhase, Text: "preflight"})
	var (
		probes               sync.WaitGroup
		errDisk, errPrograms error
	)
	seen := slices.Clone(scene.Hosts) // the others write to theirs
	probes.Go(func() { scene.Mesh = r.Fleet.Mesh(ctx, r.Cluster, seen) })
	probes.Go(func() { errDisk = r.fsync(ctx, scene.Hosts) })
	probes.Go(func() { errPrograms = r.glibc(scene.Hosts) })
	probes.Wait()
	if ctx.Err() != nil {
		return scene, context.Cause(ctx)
	}
	return scene, cmp.Or(errDisk, errPrograms)
}

// fsync measures the disks of the etcd hosts. No host is copied: others write to them meanwhile.
func (r *Run) fsync(ctx context.Context, hosts []preflight.Host) error {
	var members []inventory.Host
	measured := map[string]**host.Fsync{}
	for i := range hosts {
		if h := &hosts[i]; h.Has(inventory.Etcd) {
			members = append(members, h.Host)
			measured[h.Name] = &h.Fsync
		}
	}
	return r.Fleet.Each(ctx, members, "preflight", func(ctx context.Context, m *fleet.Machine) error {
		found, err := m.Client.Fsync(ctx, component.EtcdData)
		if err == nil {
			*measured[m.Host.Name] = &found
		}
		return err
	}).ErrOrNil()
}

// authority is the key of the cluster's authority, if the step puts it on the host.
func authority(s plan.Step) string {
	for _, w := range s.Wanted {
		if f, ok := w.(resource.File); ok && f.Path == component.Pki+"/ca.crt" {
			found, _ := host.ParseAuthority(f.Content)
			return found.Key
		}
	}
	return ""
}

// etcdBytes is what an etcd member writes in its first minutes: a log of 64 MB is laid out ahead, and the next one.
const etcdBytes = 256 << 20

// writes is what a resource puts on the disks of a host.
func writes(r resource.Resource) []preflight.Write {
	write := func(path string, bytes int64, files int64) preflight.Write {
		return preflight.Write{Path: preflight.Place(path), Bytes: bytes, Files: files}
	}
	const store = "/opt/kbootstrap" // where contents arrive
	switch r := r.(type) {
	case resource.File:
		if r.Absent {
			return nil
		}
		// A content arrives in the store, and is renamed where that is possible.
		if r.Blob != "" && preflight.Place(r.Path) != store {
			return []preflight.Write{write(r.Path, r.Size, 1), write(store, r.Size, 1)}
		}
		return []preflight.Write{write(r.Path, max(r.Size, int64(len(r.Content))), 2)}
	case resource.Image:
		// The archive, then its layers, packed and unpacked.
		return []preflight.Write{write(store, r.Size, 1), write("/var/lib/containerd", 2*r.Size, 2000)}
	case resource.Member:
		return []preflight.Write{write(r.DataDir, etcdBytes, 20)}
	case resource.Dir, resource.Link:
		return []preflight.Write{write("/", 0, 1)}
	}
	return nil
}
