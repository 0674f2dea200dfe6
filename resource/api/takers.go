package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"kbootstrap/host"
	"kbootstrap/kube"
)

const (
	// takersPatience is how long an object is held back when no node takes its pods.
	takersPatience = time.Minute
	// takersLateness is how much later than the first node the others may come: it bounds what a
	// host that is slow, or fails, costs the others.
	takersLateness = 10 * time.Second
	takersPoll     = 100 * time.Millisecond
)

// awaitTakers holds back an object that is not there yet until enough nodes take its pods. The
// scheduler places a pod once, so what is made when the first node of a new cluster is ready would
// have all replicas there. To wait is a favour: it ends without an error when the nodes are late.
func (o Object) awaitTakers(ctx context.Context, sys *host.System, a *kube.API, m kube.Manifest) error {
	path, err := m.Path()
	if err != nil {
		return err
	}
	if _, err := a.Get(ctx, path); !kube.IsCode(err, http.StatusNotFound) {
		return nil // it is there, or Apply has to say what is wrong
	}
	var template spreadDeployment
	if err := json.Unmarshal(o.Manifest, &template); err != nil {
		return err
	}
	stopped, stop := sys.UntilStopped(ctx)
	defer stop()
	deadline, cancel := context.WithTimeout(stopped, takersPatience)
	defer cancel()
	sys.Logf("waiting: %d nodes take the pods of %s", o.Takers, m.Where())
	nodes := gathering{wanted: o.Takers}
	err = host.Poll(deadline, takersPoll, func() (bool, error) {
		found, err := takers(deadline, a, template.Spec.Template.Spec.Tolerations)
		if err != nil && !kube.Passing(err) {
			return false, err
		}
		return nodes.areEnough(len(found), time.Now()), nil
	})
	if errors.Is(err, context.DeadlineExceeded) && stopped.Err() == nil {
		return nil
	}
	return err
}

// gathering is a wait for nodes.
type gathering struct {
	wanted int
	first  time.Time // when there was a node at first
}

// areEnough reports whether so many nodes are what is wanted, or the others are late.
func (g *gathering) areEnough(nodes int, now time.Time) bool {
	if nodes > 0 && g.first.IsZero() {
		g.first = now
	}
	return nodes >= g.wanted || !g.first.IsZero() && now.Sub(g.first) > takersLateness
}

// takers are the nodes that take pods with the tolerations.
func takers(ctx context.Context, a *kube.API, tolerations []toleration) ([]string, error) {
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Spec     struct {
				Unschedulable bool
				Taints        []kubeTaint
			}
			Status struct{ Conditions []condition }
		}
	}
	if err := read(ctx, a, "/api/v1/nodes", &list); err != nil {
		return nil, err
	}
	var names []string
	for _, n := range list.Items {
		var status kubeNode
		status.Status.Conditions = n.Status.Conditions
		refuses := slices.ContainsFunc(n.Spec.Taints, func(taint kubeTaint) bool {
			return taint.Effect != "PreferNoSchedule" &&
				!slices.ContainsFunc(tolerations, func(t toleration) bool { return t.tolerates(taint) })
		})
		if status.ready() && !n.Spec.Unschedulable && !refuses {
			names = append(names, n.Metadata.Name)
		}
	}
	return names, nil
}
