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
)

// survey is what was seen of a host for its checks.
type survey struct {
	survey host.Survey
	clock  node.Clock
}

// surveyHosts looks around on all hosts.
func surveyHosts(ctx context.Context, r *Run) (map[string]survey, error) {
	var (
		mu     sync.Mutex
		found  = map[string]survey{}
		failed plan.Failures
		all    sync.WaitGroup
	)
	for _, m := range r.Fleet {
		all.Go(func() {
			var s survey
			var err error
			if s.clock, err = m.Client.Clock(ctx); err == nil {
				s.survey, err = m.Client.Survey(ctx, preflight.Query(r.Cluster, m.Host))
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = append(failed, plan.Failure{Host: m.Host.Name, Component: "preflight", Err: err})
			}
			found[m.Host.Name] = s
		})
	}
	all.Wait()
	if failed != nil {
		return nil, failed.Sorted(r.Cluster.Hosts)
	}
	return found, nil
}

// CheckHosts ends a run with a *preflight.Error when a host of the plan may not be changed, and
// tells what is only worth a warning. What is ignored, IDs of checks or "all", only warns. Where
// there is nothing to change, what takes a while is not measured.
func CheckHosts(ignored []string) Stage {
	return func(ctx context.Context, r *Run) error {
		if err := findFaults(ctx, r, r.Plan.Changes() > 0, ignored); err != nil {
			return err
		}
		tellFindings(r)
		if len(preflight.Failed(r.Findings)) > 0 {
			return &preflight.Error{Findings: r.Findings}
		}
		return nil
	}
}

// ProbeHosts makes all checks, also those that take a while. What fails is found, and no error.
func ProbeHosts(ignored []string) Stage {
	return func(ctx context.Context, r *Run) error { return findFaults(ctx, r, true, ignored) }
}

func findFaults(ctx context.Context, r *Run, probe bool, ignored []string) error {
	scene, err := sceneOf(ctx, r, probe)
	if err != nil {
		return err
	}
	r.Findings = preflight.Judge(scene, ignored)
	return nil
}

// tellFindings tells what the checks found, but for failures, which are the run's error. What is so
// on several hosts is told once, of none of them.
func tellFindings(r *Run) {
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

// sceneOf gathers all that the checks judge.
func sceneOf(ctx context.Context, r *Run, probe bool) (preflight.Scene, error) {
	scene := preflight.SceneOf(r.Cluster, r.Plan)
	scene.Probed = probe
	for i := range scene.Hosts {
		h := &scene.Hosts[i]
		h.Facts, h.Survey, h.Clock = r.Fleet[h.Name].Facts, r.surveys[h.Name].survey, r.surveys[h.Name].clock
	}
	if !probe {
		return scene, nil
	}
	r.options.Tell(fleet.Event{Kind: fleet.EventPhase, Text: "preflight"})
	var (
		probes               sync.WaitGroup
		errDisk, errPrograms error
	)
	seen := slices.Clone(scene.Hosts) // the others write to theirs
	probes.Go(func() { scene.Mesh = r.mesh(ctx, seen) })
	probes.Go(func() { errDisk = measureDisks(ctx, r, scene.Hosts) })
	probes.Go(func() { errPrograms = preflight.FindGlibc(r.Plan, scene.Hosts) })
	probes.Wait()
	if ctx.Err() != nil {
		return scene, context.Cause(ctx)
	}
	return scene, cmp.Or(errDisk, errPrograms)
}

// measureDisks measures the disks of the etcd hosts.
func measureDisks(ctx context.Context, r *Run, hosts []preflight.Host) error {
	var (
		mu     sync.Mutex
		failed plan.Failures
		all    sync.WaitGroup
	)
	for i := range hosts {
		h := &hosts[i]
		if !h.Has(inventory.Etcd) {
			continue
		}
		all.Go(func() {
			found, err := r.Fleet[h.Name].Client.Fsync(ctx, component.EtcdData)
			if err != nil {
				mu.Lock()
				failed = append(failed, plan.Failure{Host: h.Name, Component: "preflight", Err: err})
				mu.Unlock()
				return
			}
			h.Fsync = &found
		})
	}
	all.Wait()
	if failed != nil {
		return failed.Sorted(r.Cluster.Hosts)
	}
	return nil
}
