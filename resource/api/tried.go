package api

import (
	"context"
	"encoding/json"
	"slices"

	"kbootstrap/host"
	"kbootstrap/kube"
)

// find asks the API where an object of a kind of users' own is; "" means that there is no such
// kind, or no API server to ask.
func (o Object) find(ctx context.Context, sys *host.System, m kube.Manifest) (string, error) {
	a, err := kube.OpenAPI(sys, o.Kubeconfig)
	if host.Absent(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	path, err := a.Find(ctx, m)
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil && kube.Passing(err):
		return "", nil
	}
	return path, err
}

// tried is what an object that was found has of the wanted one, as the API sees it: what it would
// spell in another way is as wanted, and what it would remove, because the manager has set it
// before and wants it no more, differs. Nothing is changed by the question. Where the API does not
// answer it, such as for a field that cannot be changed, the fields are compared as they are.
func (o Object) tried(
	ctx context.Context, sys *host.System, path string, found, wanted kube.Manifest,
) (map[string]any, error) {
	projected, _ := kube.Project(found.Fields, wanted.Fields, "").(map[string]any)
	a, err := kube.OpenAPI(sys, o.Kubeconfig)
	if err != nil {
		return nil, err
	}
	body, err := o.body(wanted)
	if err != nil {
		return nil, err
	}
	for range sameTries {
		data, err := a.TryApply(ctx, path, o.manager(), body)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			sys.Logf("%s: cannot be tried: %v", o.ID(), err)
			return projected, nil
		}
		tried, err := kube.ParseManifest(data)
		if err != nil {
			return nil, err
		}
		compared := kube.Compare(found.Fields, tried.Fields, wanted.Fields)
		if versionOf(tried) == versionOf(found) {
			return compared, nil
		}
		// A controller has changed it between the two, as it does right after an object was made.
		again, err := o.look(ctx, sys, path)
		if err != nil || again == nil {
			return compared, err
		}
		if found, err = kube.ParseManifest(again); err != nil {
			return nil, err
		}
		projected = compared
	}
	return projected, nil
}

// sameTries is how often an object that others change meanwhile is tried.
const sameTries = 5

// versionOf is the version of an object as the API counts them, "" where none is told.
func versionOf(m kube.Manifest) string {
	meta, _ := m.Fields["metadata"].(map[string]any)
	version, _ := meta["resourceVersion"].(string)
	return version
}

// body is what is applied. The plain strings of a Secret of a user's go as its data, because the
// API does not note who has set the former.
func (o Object) body(m kube.Manifest) ([]byte, error) {
	if o.Manager == "" {
		return o.Manifest, nil
	}
	return json.Marshal(m.Fields)
}

// isBare reports whether a manifest says nothing of its object but the name: the API notes no
// manager then.
func isBare(m kube.Manifest) bool {
	meta, _ := m.Fields["metadata"].(map[string]any)
	for _, fields := range []map[string]any{m.Fields, meta} {
		for key := range fields {
			if !slices.Contains([]string{"apiVersion", "kind", "metadata", "name", "namespace"}, key) {
				return false
			}
		}
	}
	return true
}
