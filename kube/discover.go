package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// An UnknownKindError is a kind of which only the API knows where its objects are.
type UnknownKindError struct{ APIVersion, Kind string }

// Error names the kind.
func (e *UnknownKindError) Error() string {
	return fmt.Sprintf("kind %s %s: not one that we know", e.APIVersion, e.Kind)
}

// Find returns the path of the manifest's object, and asks the API for it if the kind is not one of
// Kubernetes' own. The error of a kind that the API does not have is Passing, because its
// definition may have come a moment ago, and IsCode with 404.
func (a *API) Find(ctx context.Context, m Manifest) (string, error) {
	path, err := m.Path()
	var unknown *UnknownKindError
	if !errors.As(err, &unknown) {
		return path, err
	}
	data, err := a.Get(ctx, groupPath(m.apiVersion))
	if err != nil {
		return "", err
	}
	var list struct {
		Resources []struct {
			Name, Kind string
			Namespaced bool
		}
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return "", fmt.Errorf("%s: %w", groupPath(m.apiVersion), err)
	}
	for _, r := range list.Resources {
		if r.Kind == m.Kind && !strings.Contains(r.Name, "/") { // those with a slash are parts of objects
			return pathOf(plural{r.Name, r.Namespaced}, m.apiVersion, m.namespace, m.name), nil
		}
	}
	return "", &apiError{http.StatusNotFound, fmt.Sprintf("the API has no kind %s of %s", m.Kind, m.apiVersion)}
}

// groupPath is where the API lists the kinds of a group.
func groupPath(apiVersion string) string {
	if apiVersion == "v1" {
		return "/api/v1"
	}
	return "/apis/" + apiVersion
}

// TryApply asks what a server-side apply would make of an object, without making it.
func (a *API) TryApply(ctx context.Context, path, manager string, manifest []byte) ([]byte, error) {
	query := map[string][]string{"fieldManager": {manager}, "force": {"true"}, "dryRun": {"All"}}
	return a.do(ctx, http.MethodPatch, path, "application/apply-patch+yaml", query, manifest)
}
