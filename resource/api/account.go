package api

import (
	"context"
	"encoding/json"
	"net/url"

	"kbootstrap/host"
	"kbootstrap/kube"
	"kbootstrap/resource"
)

// Account is a service account whose token pods get only when they ask for it, or one that is left
// to its owner. What an owner has set stays: given up is only what the tool set itself, which the
// API notes by the name of the field's manager.
type Account struct {
	Namespace, Name, Kubeconfig string
	WithoutToken                bool
}

// ID is "service account NAMESPACE/NAME".
func (a Account) ID() string { return "service account " + a.Namespace + "/" + a.Name }

// State reports whether pods get the token without asking for it.
func (a Account) State() string {
	return resource.States(resource.Flag("its token is mounted only where a pod asks for it", a.WithoutToken))
}

// Answers returns the API server.
func (a Account) Answers() (unit string, all bool) { return apiUnit, false }

// Absence is an account that is as Kubernetes makes it.
func (a Account) Absence() resource.Resource {
	a.WithoutToken = false
	return a
}

func (a Account) path() string {
	return "/api/v1/namespaces/" + url.PathEscape(a.Namespace) + "/serviceaccounts/" + url.PathEscape(a.Name)
}

// mountField is the field, as managedFields name it.
const mountField = "f:automountServiceAccountToken"

// Observe reads the account. Where the account is to be left to its owner, what the owner has set
// is not looked at.
func (a Account) Observe(ctx context.Context, sys *host.System) (resource.Resource, error) {
	data, err := kube.Look(ctx, sys, a.Kubeconfig, a.path())
	if err != nil || data == nil {
		return a.Absence(), err
	}
	var found struct {
		Automount *bool `json:"automountServiceAccountToken"`
		Metadata  struct {
			ManagedFields []struct {
				Manager  string
				FieldsV1 map[string]any
			}
		}
	}
	if err := json.Unmarshal(data, &found); err != nil {
		return nil, err
	}
	isSet, isOurs := found.Automount != nil && !*found.Automount, false
	for _, m := range found.Metadata.ManagedFields {
		_, has := m.FieldsV1[mountField]
		isOurs = isOurs || has && m.Manager == fieldManager
	}
	now := a
	now.WithoutToken = isSet && (a.WithoutToken || isOurs)
	return now, nil
}

// Apply takes the field over, or gives it up: a field that no manager applies any more is gone.
func (a Account) Apply(ctx context.Context, sys *host.System) error {
	manifest := map[string]any{
		"apiVersion": "v1", "kind": "ServiceAccount",
		"metadata": map[string]any{"namespace": a.Namespace, "name": a.Name},
	}
	if a.WithoutToken {
		manifest["automountServiceAccountToken"] = false
	} else if found, err := a.Observe(ctx, sys); err != nil || !resource.Changed(found, a) {
		return err // nothing of ours is there
	}
	data, err := json.Marshal(manifest)
	if err != nil {
		return err
	}
	return Object{Manifest: data, Kubeconfig: a.Kubeconfig}.Apply(ctx, sys)
}
