package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/kube"
	"kbootstrap/resource"
)

// Rollout is the readiness of an object of the Kubernetes API: of a Deployment all replicas are
// available and none is of an earlier generation, a DaemonSet runs on every node, an APIService
// answers, and anything else exists. It can only be waited for; the object itself is an Object.
type Rollout struct {
	APIVersion string // "apps/v1"
	Kind       string // "Deployment"
	Namespace  string // "" for a kind without, or for "default"
	Name       string
	Kubeconfig string        // path on the host, below System.Root
	Timeout    time.Duration // how long to wait; 0 means two minutes
	Absent     bool          // it is not complete
	// Away is how many nodes a DaemonSet may do without, because their hosts cannot be reached.
	Away int `json:",omitempty"`
}

// ID is "rollout KIND NAMESPACE/NAME".
func (r Rollout) ID() string {
	if r.Namespace == "" {
		return "rollout " + r.Kind + " " + r.Name
	}
	return "rollout " + r.Kind + " " + r.Namespace + "/" + r.Name
}

// State is "complete" or empty.
func (r Rollout) State() string { return resource.States(resource.Flag("complete", !r.Absent)) }

// Answers returns the API server: rollouts are asked for on control planes only.
func (r Rollout) Answers() (unit string, all bool) { return apiUnit, false }

// Absence is a rollout that is not complete.
func (r Rollout) Absence() resource.Resource {
	r.Absent = true
	return r
}

// Problem says that the rollout is not complete.
func (r Rollout) Problem(resource.Resource) string {
	if r.Absent {
		return r.ID() + " is not complete"
	}
	return ""
}

// Observe asks the API once. When that does not answer, the rollout is not complete.
func (r Rollout) Observe(ctx context.Context, sys *host.System) (resource.Resource, error) {
	ask, err := r.asking()
	if err != nil {
		return nil, err
	}
	so, err := asked(ctx, sys, r.Kubeconfig, ask)
	r.Absent = !so
	return r, err
}

// Apply waits.
func (r Rollout) Apply(ctx context.Context, sys *host.System) error {
	if r.Absent {
		return nil
	}
	ask, err := r.asking()
	if err != nil {
		return err
	}
	a, err := kube.OpenAPI(sys, r.Kubeconfig)
	if err != nil {
		return err
	}
	sys.Logf("waiting for %s", r.ID())
	pods := podLook{namespace: r.Namespace}
	wait := apiWait{what: r.ID(), timeout: r.Timeout, code: fault.ObjectNotReady}
	return wait.until(ctx, sys, a, func(ctx context.Context, a *kube.API) (waiting, err error) {
		waiting, err = ask(ctx, a)
		var unready *unreadyError
		if errors.As(waiting, &unready) {
			waiting = pods.tell(ctx, a, unready.labels, waiting)
		}
		return waiting, err
	})
}

// asking returns the question, unless it is one about a kind that we do not know: no wait would
// help.
func (r Rollout) asking() (step, error) {
	path, err := kube.Path(r.APIVersion, r.Kind, r.Namespace, r.Name)
	return func(ctx context.Context, a *kube.API) (waiting, err error) { return r.ask(ctx, a, path) }, err
}

// ask returns what is still waited for.
func (r Rollout) ask(ctx context.Context, a *kube.API, path string) (waiting, err error) {
	data, err := a.Get(ctx, path)
	if kube.IsCode(err, http.StatusNotFound) {
		return errors.New("it does not exist"), nil
	}
	if err != nil {
		return nil, err
	}
	unready, ok := readiness[r.Kind]
	if !ok {
		return nil, nil
	}
	var o rolledOut
	if err := json.Unmarshal(data, &o); err != nil {
		return nil, fmt.Errorf("%s: %w", r.ID(), err)
	}
	o.away = int64(r.Away)
	if err := unready(o); err != nil {
		return &unreadyError{error: err, labels: o.Spec.Selector.MatchLabels}, nil
	}
	return nil, nil
}

// An unreadyError is why an object is not ready, and by which labels its pods are found.
type unreadyError struct {
	error
	labels map[string]string
}

// rolledOut is what we read of an object.
type rolledOut struct {
	Metadata struct {
		Generation int64 `json:"generation"`
	} `json:"metadata"`
	Spec struct {
		Replicas *int64 `json:"replicas"`
		Selector struct {
			MatchLabels map[string]string `json:"matchLabels"`
		} `json:"selector"`
	} `json:"spec"`
	Status struct {
		ObservedGeneration     int64       `json:"observedGeneration"`
		Replicas               int64       `json:"replicas"`
		UpdatedReplicas        int64       `json:"updatedReplicas"`
		AvailableReplicas      int64       `json:"availableReplicas"`
		DesiredNumberScheduled int64       `json:"desiredNumberScheduled"`
		NumberReady            int64       `json:"numberReady"`
		UpdatedNumberScheduled int64       `json:"updatedNumberScheduled"`
		Conditions             []condition `json:"conditions"`
	} `json:"status"`
	away int64 // see Rollout.Away
}

// readiness are the kinds of objects that are more than there: each function returns why the object
// is not ready.
var readiness = map[string]func(rolledOut) error{
	"Deployment": rolledOut.deployment,
	"DaemonSet":  rolledOut.daemonSet,
	"APIService": rolledOut.available,
}

// deployment asks for what `kubectl rollout status` waits for: that a Deployment is Available says
// no more than that the replicas which it may lack are not too many.
func (o rolledOut) deployment() error {
	if err := o.observed(); err != nil {
		return err
	}
	replicas := int64(1) // as the API has it where nothing is said
	if o.Spec.Replicas != nil {
		replicas = *o.Spec.Replicas
	}
	s := o.Status
	switch unavailable := o.available(); {
	case s.AvailableReplicas < replicas && unavailable != nil:
		return fmt.Errorf("%w; %d of %d replicas are available", unavailable, s.AvailableReplicas, replicas)
	case s.AvailableReplicas < replicas:
		return fmt.Errorf("%d of %d replicas are available", s.AvailableReplicas, replicas)
	case s.UpdatedReplicas < replicas || s.Replicas > s.UpdatedReplicas:
		return fmt.Errorf("%d of %d replicas are updated, of %d that run", s.UpdatedReplicas, replicas, s.Replicas)
	}
	return nil
}

func (o rolledOut) daemonSet() error {
	if err := o.observed(); err != nil {
		return err
	}
	s := o.Status
	least := s.DesiredNumberScheduled - o.away
	if s.NumberReady >= least && s.UpdatedNumberScheduled >= least {
		return nil
	}
	return fmt.Errorf("of %d pods, %d are ready and %d are updated",
		s.DesiredNumberScheduled, s.NumberReady, s.UpdatedNumberScheduled)
}

// observed returns an error if the status tells of an earlier generation, or of none.
func (o rolledOut) observed() error {
	if o.Status.ObservedGeneration < o.Metadata.Generation || o.Status.ObservedGeneration == 0 {
		return errors.New("its controller has not seen its last change yet")
	}
	return nil
}

// available returns an error unless the condition Available is true.
func (o rolledOut) available() error {
	for _, c := range o.Status.Conditions {
		switch {
		case c.Type != "Available":
		case c.Status == "True":
			return nil
		default:
			return errors.New(c.String())
		}
	}
	return errors.New("nothing is known of its availability yet")
}
