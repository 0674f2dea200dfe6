package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"kbootstrap/host"
	"kbootstrap/kube"
	"kbootstrap/resource"
)

// startTime is how long an object may take to become ready after the tool has changed it, before it
// counts as one that does not work. What comes with it is on the hosts already.
const startTime = 2 * time.Minute

// Readiness is whether an object of the Kubernetes API does what it is there for: what Rollout
// waits for. It is told and never waited for, and is no change of a plan, so that a cluster is done
// when it can take work, and not when its last program has counted to ten.
type Readiness struct {
	APIVersion string // "apps/v1"
	Kind       string // "Deployment"
	Namespace  string // "" for a kind without, or for "default"
	Name       string
	Kubeconfig string // path on the host, below System.Root
	Unready    string // why it is not ready; empty when it is, or when that is wanted
	Starting   bool   // it is not ready, and was changed a moment ago
}

// ID is "readiness KIND NAMESPACE/NAME".
func (r Readiness) ID() string {
	if r.Namespace == "" {
		return "readiness " + r.Kind + " " + r.Name
	}
	return "readiness " + r.Kind + " " + r.Namespace + "/" + r.Name
}

// State is always empty, so nothing has to be done about one that is found.
func (r Readiness) State() string { return "" }

// Answers returns the API server: readiness is asked for on control planes only.
func (r Readiness) Answers() (unit string, all bool) { return apiUnit, false }

// Absence is that of an object while no API server answers.
func (r Readiness) Absence() resource.Resource {
	r.Unready = "the API does not answer"
	return r
}

// Problem says why the object is not ready, unless it was changed a moment ago.
func (r Readiness) Problem(resource.Resource) string {
	if r.Unready == "" || r.Starting {
		return ""
	}
	if r.Namespace == "" {
		return r.Kind + " " + r.Name + ": " + r.Unready
	}
	return r.Kind + " " + r.Namespace + "/" + r.Name + ": " + r.Unready
}

// Apply does nothing.
func (r Readiness) Apply(context.Context, *host.System) error { return nil }

// Observe asks the API once.
func (r Readiness) Observe(ctx context.Context, sys *host.System) (resource.Resource, error) {
	path, err := kube.Path(r.APIVersion, r.Kind, r.Namespace, r.Name)
	if err != nil {
		return nil, err
	}
	rollout := Rollout{APIVersion: r.APIVersion, Kind: r.Kind, Namespace: r.Namespace, Name: r.Name}
	pods := podLook{namespace: r.Namespace}
	isReady, err := asked(ctx, sys, r.Kubeconfig, func(ctx context.Context, a *kube.API) (waiting, err error) {
		waiting, err = rollout.ask(ctx, a, path)
		if waiting == nil || err != nil {
			return waiting, err
		}
		changed, err := lastChange(ctx, a, path)
		if err != nil {
			return nil, err
		}
		r.Starting = time.Since(changed) < startTime
		var unready *unreadyError
		if errors.As(waiting, &unready) && !r.Starting {
			waiting = pods.tell(ctx, a, unready.labels, waiting)
		}
		r.Unready = waiting.Error()
		return waiting, nil
	})
	if err != nil {
		return nil, err
	}
	if !isReady && r.Unready == "" {
		return r.Absence(), nil
	}
	return r, nil
}

// lastChange is when the tool has last changed an object, as the API notes it of each manager of
// fields; it is the beginning of time where it never has.
func lastChange(ctx context.Context, a *kube.API, path string) (time.Time, error) {
	data, err := a.Get(ctx, path)
	if kube.IsCode(err, http.StatusNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	var o struct {
		Metadata struct {
			ManagedFields []struct {
				Manager string    `json:"manager"`
				Time    time.Time `json:"time"`
			} `json:"managedFields"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(data, &o); err != nil {
		return time.Time{}, err
	}
	var last time.Time
	for _, m := range o.Metadata.ManagedFields {
		if m.Manager == fieldManager && m.Time.After(last) {
			last = m.Time
		}
	}
	return last, nil
}
