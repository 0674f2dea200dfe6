package verify

import (
	"context"
	"fmt"
	"time"

	"kbootstrap/node"
)

// autoscaleWait is how long a change may take: figures come every 15 seconds, those of a new pod
// count half a minute after its start, and the autoscaler looks every 15 seconds.
const autoscaleWait = waitLimit(2 * time.Minute)

// deploymentFollowsLoad has a host ask a Deployment all the time, so that it grows, and leaves it
// alone, so that it shrinks.
func deploymentFollowsLoad(ctx context.Context, s *Scene) (string, []Failure) {
	const app = "autoscaled"
	d := s.deployment(app, 1, podSpec{
		Args: []string{"netexec", fmt.Sprintf("--http-port=%d", podPort)}, Health: "/healthz", CPU: "5m",
	})
	for _, o := range []struct {
		in string
		object
	}{
		{s.path("services"), s.serviceOf(app, 80, podPort)},
		{s.workloads("deployments"), d},
		{"/apis/autoscaling/v2/namespaces/" + s.Namespace + "/horizontalpodautoscalers", autoscaler(app)},
	} {
		if err := s.create(ctx, o.in, o.object); err != nil {
			return "", failed(err)
		}
	}
	if failures := s.rolledOut(ctx, app); failures != nil {
		return "", failures
	}
	address, _, err := s.addressOf(ctx, app)
	if err != nil {
		return "", failed(err)
	}
	page := "http://" + address + "/hostname"
	ways := []way{{
		from: s.Reached[0], about: "the host asks the Service " + app, Question: node.Question{URL: page},
	}}
	if failures := s.tryWays(ctx, ways); failures != nil {
		return "", failures
	}
	stop := s.askAllTheTime(ctx, s.Reached[:1], page) // one is load enough, and spares the others
	grown := s.becomes(ctx, app, 2)
	asked, _ := stop() // whether each request succeeded is a matter of other checks
	if grown != nil {
		grown[0].Text += fmt.Sprintf("; it was asked %d times", asked)
		return "", grown
	}
	return fmt.Sprintf("1, 2 after %d requests, 1", asked), s.becomes(ctx, app, 1)
}

// autoscaler scales a Deployment between one and two replicas, without the minutes in which it
// usually does not shrink.
func autoscaler(app string) object {
	return object{
		"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": meta(app),
		"spec": object{
			"scaleTargetRef": object{"apiVersion": "apps/v1", "kind": "Deployment", "name": app},
			"minReplicas":    1, "maxReplicas": 2,
			"metrics": []object{{"type": "Resource", "resource": object{
				"name": "cpu", "target": object{"type": "Utilization", "averageUtilization": 100},
			}}},
			"behavior": object{"scaleDown": object{"stabilizationWindowSeconds": 0}},
		},
	}
}

// becomes waits until the autoscaler has a Deployment of so many replicas.
func (s *Scene) becomes(ctx context.Context, app string, replicas int) []Failure {
	what := fmt.Sprintf("the autoscaler to want %s", number(replicas, "pod"))
	path := "/apis/autoscaling/v2/namespaces/" + s.Namespace + "/horizontalpodautoscalers/" + app
	err := await(ctx, autoscaleWait, what, func(ctx context.Context) (bool, string, error) {
		var h struct {
			Status struct {
				DesiredReplicas int
				CurrentMetrics  []struct {
					Resource struct {
						Current struct{ AverageUtilization int }
					}
				}
				Conditions []struct{ Type, Status, Message string }
			}
		}
		err := s.get(ctx, path, &h)
		state := "there are no figures yet"
		for _, m := range h.Status.CurrentMetrics {
			state = fmt.Sprintf("%s at %d%% of what they ask for", number(h.Status.DesiredReplicas, "pod"),
				m.Resource.Current.AverageUtilization)
		}
		for _, c := range h.Status.Conditions {
			if c.Type == "ScalingActive" && c.Status == "False" {
				state = c.Message
			}
		}
		return h.Status.DesiredReplicas == replicas, state, err
	})
	if err != nil {
		return failed(err)
	}
	return nil
}
