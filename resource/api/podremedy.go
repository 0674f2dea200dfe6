package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"kbootstrap/host"
	"kbootstrap/kube"
)

// backendTypeKey is the annotation of a node by which flanneld of other hosts knows that the node's
// lease is one of their own backend.
const backendTypeKey = "flannel.alpha.coreos.com/backend-type"

// announceEvery is how often the lease of a node is announced while others seem not to have heard.
const announceEvery = 35 * time.Second

// isDue reports whether a unit may be restarted that was at a time: never a second time, but for
// flanneld, because the others may not have heard of the first.
func isDue(unit string, last time.Time) bool {
	return last.IsZero() || unit == flanneldUnit && time.Since(last) >= announceEvery
}

// remedy restarts the unit whose work is not done, and reports whether the time for that had come.
// Flanneld announces the lease of the node once more then.
//
// When the pods of another host are not reached, that host may have no route to the pods of this
// one: its flanneld takes a node that was deleted, and is there again with another subnet, for the
// same lease if it did not hear of the deletion, because it compares the annotations of the backend
// alone (handleUpdateLeaseEvent in flannel's pkg/subnet/kube/kube.go, 0.28.4). So one of them is
// taken away, and flanneld here writes it again when it starts: two changes, and the second is a
// lease that is new to the others. No packet is lost by it.
func (p PodProbe) remedy(ctx context.Context, sys *host.System, a *kube.API, unit string) (bool, error) {
	if unit == flanneldUnit {
		due, err := isOverdue(ctx, sys, unit, settled)
		if err != nil || !due {
			return false, err
		}
		if err := withdrawLease(ctx, a, p.Node); err != nil {
			return false, err
		}
	}
	return restart(ctx, sys, unit, settled)
}

// withdrawLease takes the type of the backend out of what flanneld has told of a node. One that is
// changed by others meanwhile is left for the next time.
func withdrawLease(ctx context.Context, a *kube.API, node string) error {
	path := "/api/v1/nodes/" + node
	data, err := a.Get(ctx, path)
	if err != nil {
		return err
	}
	k, err := parseNode(data)
	if err != nil || k.Metadata.Annotations[backendTypeKey] == "" {
		return err
	}
	body, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"resourceVersion": k.Metadata.ResourceVersion,
		"annotations":     map[string]any{backendTypeKey: nil},
	}})
	if err != nil {
		return err
	}
	return a.Change(ctx, http.MethodPatch, path, "application/merge-patch+json", nil, body)
}
