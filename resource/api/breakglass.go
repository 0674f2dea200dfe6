package api

import (
	"context"
	"net/http"

	"kbootstrap/host"
	"kbootstrap/kube"
)

// look reads the object. There is no data when it is not there, nor when the API does not tell.
// What is Early and cannot be asked for is as wanted: no API server of an earlier run serves, or it
// refuses the tool.
func (o Object) look(ctx context.Context, sys *host.System, path string) ([]byte, error) {
	if _, err := kube.OpenAPI(sys, o.Kubeconfig); err != nil && !host.Absent(err) {
		return nil, err
	}
	data, err := kube.Ask(ctx, sys, o.Kubeconfig, path)
	if kube.IsRefused(err) && o.BreakGlass != "" {
		if seen, broken := kube.Ask(ctx, sys, o.BreakGlass, path); !host.Absent(broken) {
			data, err = seen, broken
		}
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case o.Early && err != nil && !kube.IsCode(err, http.StatusNotFound):
		return o.Manifest, nil
	case host.Absent(err) || err != nil && (kube.Passing(err) || kube.IsRefused(err)):
		return nil, nil
	}
	return data, err
}

// breakGlass is the API behind BreakGlass, or nil on a host that has no such kubeconfig.
func (o Object) breakGlass(sys *host.System) *kube.API {
	if o.BreakGlass == "" {
		return nil
	}
	a, err := kube.OpenAPI(sys, o.BreakGlass)
	if err != nil {
		return nil // the refusal of the administrator tells more
	}
	sys.Logf("the API refuses %s; asking with %s", o.Kubeconfig, o.BreakGlass)
	return a
}
