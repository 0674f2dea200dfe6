package provision

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/mesh"
	"kbootstrap/provision/plan"
	"kbootstrap/provision/preflight"
	"kbootstrap/remote"
	"kbootstrap/resource"
	"kbootstrap/resource/kinds"
)

// survey is what was seen of a host for its checks.
type survey struct {
	survey host.Survey
	clock  node.Clock
}

// askSurveys asks all hosts to look around.
func askSurveys(r *Run, queries map[string]node.Query) {
	for name, m := range r.Fleet {
		query := preflight.Query(r.Cluster, m.Host)
		q := queries[name]
		q.Survey = &query
		queries[name] = q
	}
}

// askSurroundings asks all hosts for what their services read or obey besides the files of the
// tool.
func askSurroundings(r *Run, queries map[string]node.Query) {
	for name, m := range r.Fleet {
		q := queries[name]
		q.Survey = &host.SurveyQuery{Surroundings: preflight.SurroundingsQuery(r.Cluster, m.Host)}
		queries[name] = q
	}
}

// findForeign finds what changes what services do and is not the tool's, in a verb that changes
// nothing. Those that do find it with all checks of the hosts.
func findForeign(r *Run) {
	r.Foreign = nil // of an earlier look
	scene := preflight.Scene{Cluster: r.Cluster, Now: time.Now()}
	for _, h := range r.Plan.Hosts() {
		scene.Hosts = append(scene.Hosts, preflight.Host{
			Host: h, Survey: r.surveys[h.Name].survey, Versions: preflight.Versions(r.Plan, h.Name),
		})
	}
	for _, f := range preflight.JudgeSurroundings(scene) {
		if f.Level != preflight.OK {
			r.Foreign = append(r.Foreign, f)
		}
	}
}

// surveysOf are what the hosts saw that answered.
func surveysOf(r *Run, answers map[string]node.Answer) (map[string]survey, error) {
	found := map[string]survey{}
	var failed plan.Failures
	for name, a := range answers {
		found[name] = survey{survey: a.Survey, clock: r.Fleet[name].Clock}
		if a.SurveyErr != nil {
			failed = append(failed, plan.Failure{Host: name, Component: "preflight", Err: a.SurveyErr})
		}
	}
	return found, failed.Sorted(r.Cluster.Hosts).ErrOrNil()
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
	scene := preflight.SceneOf(r.Cluster, r.whole.Without(r.LeftOut().Hosts()...), r.Plan)
	scene.Probed = probe
	for i := range scene.Hosts {
		h := &scene.Hosts[i]
		h.Facts, h.Survey, h.Clock = r.Fleet[h.Name].Facts, r.surveys[h.Name].survey, r.surveys[h.Name].clock
	}
	scene.Peers = peersOf(r.Cluster, r.census.Nodes, scene.Hosts)
	if !probe {
		return scene, nil
	}
	if err := forgetOurs(ctx, r, scene.Hosts); err != nil {
		return scene, err
	}
	scene.HostKeys = remote.KeysOnRecord(r.Cluster.Hosts, remote.Options{})
	r.options.Tell(fleet.Event{Kind: fleet.EventPhase, Text: "preflight"})
	var (
		probes               sync.WaitGroup
		errDisk, errPrograms error
	)
	seen := slices.Clone(scene.Hosts) // the others write to theirs
	probes.Go(func() { scene.Mesh = mesh.Try(ctx, r.Fleet, r.Cluster, seen, scene.Peers) })
	probes.Go(func() { errDisk = measureDisks(ctx, r, scene.Hosts) })
	probes.Go(func() { errPrograms = preflight.FindGlibc(r.Plan, scene.Hosts) })
	probes.Wait()
	if ctx.Err() != nil {
		return scene, context.Cause(ctx)
	}
	return scene, cmp.Or(errDisk, errPrograms)
}

// forgetOurs takes from what the hosts' owners would lose what the tool has changed before: it asks
// for the records where anything is left of that.
func forgetOurs(ctx context.Context, r *Run, hosts []preflight.Host) error {
	queries := map[string]node.Query{}
	for _, h := range hosts {
		if len(h.Displaced) > 0 {
			queries[h.Name] = node.Query{Witnesses: []resource.Resource{kinds.Originals{Absent: true}}}
		}
	}
	answers, failed := r.Fleet.Look(ctx, r.Cluster.Hosts, queries)
	for i := range hosts {
		a := answers[hosts[i].Name]
		if a.WitnessesErr != nil {
			failed = append(failed, plan.Failure{Host: hosts[i].Name, Component: "preflight", Err: a.WitnessesErr})
		}
		for _, found := range a.Witnesses {
			if records, ok := found.(kinds.Originals); ok {
				hosts[i].Forget(records.Found)
			}
		}
	}
	return failed.ErrOrNil()
}

// measureDisks measures the disks of the etcd hosts. No host is copied: others write to them
// meanwhile.
func measureDisks(ctx context.Context, r *Run, hosts []preflight.Host) error {
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
