package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path"

	"kbootstrap/host"
)

// metadataOnly asks for objects without what is in them
// (https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches).
const metadataOnly = "application/json;as=PartialObjectMetadata%s;g=meta.k8s.io;v=v1"

// rewritePage is how many objects are asked for at a time.
const rewritePage = "500"

// Paths returns the paths of all objects of a kind in all namespaces, and nothing else of them. The
// collection is a path too: "/api/v1/secrets".
func (a *API) Paths(ctx context.Context, collection string) ([]string, error) {
	query := url.Values{"limit": {rewritePage}}
	var all []string
	for {
		data, err := a.ask(ctx, fmt.Sprintf(metadataOnly, "List"), http.MethodGet, collection, "", query, nil)
		if err != nil {
			return nil, err
		}
		var list struct {
			Metadata struct{ Continue string }
			Items    []struct {
				Metadata struct{ Name, Namespace string }
			}
		}
		if err := json.Unmarshal(data, &list); err != nil {
			return nil, fmt.Errorf("%s: %w", collection, err)
		}
		for _, item := range list.Items {
			all = append(all, namespaced(collection, item.Metadata.Namespace, item.Metadata.Name))
		}
		if list.Metadata.Continue == "" {
			return all, nil
		}
		query.Set("continue", list.Metadata.Continue)
	}
}

// namespaced is the path of an object in the collection of its namespace.
func namespaced(collection, namespace, name string) string {
	group, kind := path.Split(collection)
	return group + "namespaces/" + url.PathEscape(namespace) + "/" + kind + "/" + url.PathEscape(name)
}

// Rewrite sends a change of nothing. The API server then compares how the object lies in etcd with
// how it would write it now, and writes it again when that differs: encrypted with another key, for
// instance. An object that is gone meanwhile is no error.
func (a *API) Rewrite(ctx context.Context, object string) error {
	err := a.sys.Step(host.Step{Op: host.OpRequest, Path: http.MethodPatch + " " + object}, func() error {
		_, err := a.ask(ctx, fmt.Sprintf(metadataOnly, ""), http.MethodPatch, object, "application/merge-patch+json",
			nil, []byte("{}"))
		return err
	})
	if IsCode(err, http.StatusNotFound) {
		return nil
	}
	return err
}

// GetMetadata reads a list of objects of which only the metadata are wanted, such as of Secrets.
func (a *API) GetMetadata(ctx context.Context, path string) ([]byte, error) {
	return a.ask(ctx, fmt.Sprintf(metadataOnly, "List"), http.MethodGet, path, "", nil, nil)
}
