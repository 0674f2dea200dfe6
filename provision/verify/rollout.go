package verify

import (
	"context"
	"fmt"
	"net/url"
	"sync"

	"kbootstrap/node"
)

const (
	rolling         = "rolling"
	rollingReplicas = 2
	// lingering is how long a pod goes on serving after it was told to end, in seconds: until then
	// every kube-proxy has taken it from the Service.
	lingering = 5
)

// deploymentState is what the checks read of a Deployment.
type deploymentState struct {
	Metadata struct {
		Generation  int
		Annotations map[string]string
	}
	Spec   struct{ Replicas int }
	Status struct{ ObservedGeneration, Replicas, UpdatedReplicas, AvailableReplicas int }
}

// isDone reports whether all replicas are of the last revision and available.
func (d deploymentState) isDone() bool {
	n := d.Spec.Replicas
	return d.Status.ObservedGeneration >= d.Metadata.Generation && d.Status.Replicas == n &&
		d.Status.UpdatedReplicas == n && d.Status.AvailableReplicas == n
}

const revisionKey = "deployment.kubernetes.io/revision"

// rolledOut waits until a Deployment is as it was asked to be.
func (s *Scene) rolledOut(ctx context.Context, app string) []Failure {
	err := await(ctx, rolloutWait, "the Deployment "+app, func(ctx context.Context) (bool, string, error) {
		var d deploymentState
		err := s.get(ctx, s.workloads("deployments")+"/"+app, &d)
		return d.isDone(), fmt.Sprintf("%d of %d replicas are available, %d of them new", d.Status.AvailableReplicas,
			d.Spec.Replicas, d.Status.UpdatedReplicas), err
	})
	if err == nil {
		return nil
	}
	f := Failure{Text: err.Error()}
	pods, listed := s.pods(ctx, app)
	if listed == nil {
		for _, p := range pods {
			if p.Ready {
				continue
			}
			f.Pods = append(f.Pods, p.Name)
			f.Text += "; " + p.Why
			if p.Node != "" {
				f.Hosts = append(f.Hosts, p.Node)
			}
		}
	}
	return []Failure{f}
}

// rolloutFailsNothing updates a Deployment and goes back to its first revision, while clients on
// hosts ask its Service all the time. No request may fail.
func rolloutFailsNothing(ctx context.Context, s *Scene) (string, []Failure) {
	spec := func(revision string) podSpec {
		return podSpec{
			Args: []string{
				"netexec", fmt.Sprintf("--http-port=%d", podPort), fmt.Sprintf("--delay-shutdown=%d", lingering),
			},
			Env: []object{{"name": "REVISION", "value": revision}}, Health: "/healthz", Grace: 2 * lingering,
		}
	}
	if err := s.create(ctx, s.path("services"), s.serviceOf(rolling, 80, podPort)); err != nil {
		return "", failed(err)
	}
	first := s.deployment(rolling, rollingReplicas, spec("first"))
	if err := s.create(ctx, s.workloads("deployments"), first); err != nil {
		return "", failed(err)
	}
	if failures := s.rolledOut(ctx, rolling); failures != nil {
		return "", failures
	}
	address, _, err := s.addressOf(ctx, rolling)
	if err != nil {
		return "", failed(err)
	}
	page := "http://" + address + "/hostname"
	var ways []way
	for _, h := range s.clients() {
		ways = append(ways, way{
			from: h, about: "the host asks the Service " + rolling, Question: node.Question{URL: page},
		})
	}
	if failures := s.tryWays(ctx, ways); failures != nil {
		return "", failures
	}
	stop := s.askAllTheTime(ctx, s.clients(), page)
	failures := s.updateAndGoBack(ctx, s.template(rolling, spec("second")))
	asked, lost := stop()
	failures = append(failures, lost...)
	if asked == 0 && failures == nil {
		failures = []Failure{{Text: "no request was made during the update"}}
	}
	return fmt.Sprintf("%d requests, none failed", asked), failures
}

// clients are the hosts that ask all the time.
func (s *Scene) clients() []string { return s.Reached[:min(len(s.Reached), 3)] }

// askAllTheTime has hosts ask for a page, one request after the other, until the returned function
// is called. It returns how many requests there were, and a failure for each host on which some got
// no answer.
func (s *Scene) askAllTheTime(ctx context.Context, hosts []string, page string) (stop func() (int, []Failure)) {
	ctx, cancel := context.WithCancel(ctx)
	var mu sync.Mutex
	var all sync.WaitGroup
	asked := 0
	var failures []Failure
	for _, h := range hosts {
		all.Go(func() {
			n, lost, why := 0, 0, ""
			for first := true; first || ctx.Err() == nil; first = false {
				replies, err := s.World.Ask(ctx, h, []node.Question{{URL: page}})
				if err != nil && ctx.Err() != nil {
					break // the question was taken back
				}
				n++
				fault := ""
				if err != nil {
					fault = err.Error()
				} else {
					_, fault = heard(node.Question{URL: page}, replies[0])
				}
				if fault != "" {
					lost, why = lost+1, fault
				}
			}
			mu.Lock()
			defer mu.Unlock()
			asked += n
			if lost > 0 {
				text := fmt.Sprintf("%d of %d requests to the Service failed during the update: %s", lost, n, why)
				failures = append(failures, Failure{Host: h, Text: text})
			}
		})
	}
	return func() (int, []Failure) {
		cancel()
		all.Wait()
		return asked, failures
	}
}

// updateAndGoBack changes the template of the Deployment, and then back to that of revision 1.
func (s *Scene) updateAndGoBack(ctx context.Context, second object) []Failure {
	path := s.workloads("deployments") + "/" + rolling
	if err := s.patch(ctx, path, object{"spec": object{"template": second["template"]}}); err != nil {
		return failed(err)
	}
	if failures := s.rolledOut(ctx, rolling); failures != nil {
		return failures
	}
	var sets struct {
		Items []struct {
			Metadata struct {
				Name        string
				Annotations map[string]string
			}
			Spec struct{ Template object }
		}
	}
	query := "?labelSelector=" + url.QueryEscape("app="+rolling)
	if err := s.get(ctx, s.workloads("replicasets")+query, &sets); err != nil {
		return failed(err)
	}
	for _, set := range sets.Items {
		if set.Metadata.Annotations[revisionKey] != "1" {
			continue
		}
		// The label is what tells the sets of one Deployment apart, and the API makes it.
		if metadata, ok := set.Spec.Template["metadata"].(map[string]any); ok {
			if labels, ok := metadata["labels"].(map[string]any); ok {
				delete(labels, "pod-template-hash")
			}
		}
		if err := s.patch(ctx, path, object{"spec": object{"template": set.Spec.Template}}); err != nil {
			return failed(err)
		}
		if failures := s.rolledOut(ctx, rolling); failures != nil {
			return failures
		}
		return s.isBack(ctx, set.Metadata.Name)
	}
	return []Failure{{Text: "the first revision of the Deployment is not there any more"}}
}

// isBack checks that the set of the first revision is that of the last one now.
func (s *Scene) isBack(ctx context.Context, name string) []Failure {
	var set struct {
		Metadata struct{ Annotations map[string]string }
		Spec     struct{ Replicas int }
	}
	if err := s.get(ctx, s.workloads("replicasets")+"/"+name, &set); err != nil {
		return failed(err)
	}
	if set.Spec.Replicas != rollingReplicas || set.Metadata.Annotations[revisionKey] != "3" {
		return []Failure{{Text: fmt.Sprintf("after the rollback the first ReplicaSet has %d replicas and revision %s",
			set.Spec.Replicas, set.Metadata.Annotations[revisionKey])}}
	}
	return nil
}

// deploymentScales makes a Deployment larger and smaller.
func deploymentScales(ctx context.Context, s *Scene) (string, []Failure) {
	const app = "scaled"
	d := s.deployment(app, 1, podSpec{Args: []string{"pause"}})
	if err := s.create(ctx, s.workloads("deployments"), d); err != nil {
		return "", failed(err)
	}
	if failures := s.rolledOut(ctx, app); failures != nil {
		return "", failures
	}
	for _, n := range []int{3, 1} {
		scale := object{"spec": object{"replicas": n}}
		if err := s.patch(ctx, s.workloads("deployments")+"/"+app+"/scale", scale); err != nil {
			return "", failed(err)
		}
		if failures := s.rolledOut(ctx, app); failures != nil {
			return "", failures
		}
	}
	return "1, 3, 1", nil
}
