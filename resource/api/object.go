// Package api has the kinds of resources that lie in the Kubernetes API, and what a cluster says of
// its members. Start at Object.
package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/kube"
	"kbootstrap/resource"
)

// Object is an object of the Kubernetes API. It is equal to what is found when every field of
// Manifest is there with the same value; what others have set next to it, defaults included, is not
// looked at.
type Object struct {
	Manifest   []byte // one JSON object
	Kubeconfig string // path on the host, below System.Root
	// BreakGlass is a kubeconfig for when the API refuses the user of Kubeconfig, if the host has
	// one.
	BreakGlass string
	// Early says that the object is made ahead of those who need it, if an API server of an earlier
	// run serves; without one there is no such user yet.
	Early  bool
	Absent bool
	// Takers says, of an object with pods, how many nodes must take pods before it is made, so that
	// its replicas do not all come to be on the first one; see awaitTakers.
	Takers int `json:",omitempty"`
	// Manager is the name under which the API notes which fields the object sets; "" means the
	// tool's own. Objects of users have another, and are looked at more closely: see tried.
	Manager string `json:",omitempty"`
	// Foreign says, of an object that was found, that the manager has set no field of it.
	Foreign bool `json:",omitempty"`
}

// ID is "object KIND NAMESPACE/NAME", and ", early" where another component has it too.
func (o Object) ID() string {
	m, err := kube.ParseManifest(o.Manifest)
	if err != nil {
		return "object that is not valid"
	}
	id := "object " + m.Type() + " " + m.Where()
	if o.Early {
		return id + ", early"
	}
	return id
}

// State shows the fields of Manifest, a line each, sorted; a Secret's data as digests.
func (o Object) State() string {
	if o.Absent {
		return ""
	}
	m, err := kube.ParseManifest(o.Manifest)
	if err != nil {
		return resource.States("not valid: " + err.Error())
	}
	if o.Manager != "" && o.Foreign && !isBare(m) {
		return resource.States("made by others") + StateOf(m)
	}
	return StateOf(m)
}

// Answers returns the API server: objects are asked for on control planes only.
func (o Object) Answers() (unit string, all bool) { return apiUnit, false }

// Absence is an object that is not there.
func (o Object) Absence() resource.Resource {
	o.Absent, o.Foreign = true, false
	return o
}

// apiUnit is the service that answers for objects and nodes.
const apiUnit = "kube-apiserver.service"

// fieldManager is the name under which the API notes the fields that are ours.
const fieldManager = "kbootstrap"

// manager is the name of the manager of the object's fields.
func (o Object) manager() string { return cmp.Or(o.Manager, fieldManager) }

// Observe reads the object and keeps of it the fields of the wanted Manifest.
func (o Object) Observe(ctx context.Context, sys *host.System) (resource.Resource, error) {
	wanted, path, err := o.Read()
	if unknown := new(kube.UnknownKindError); errors.As(err, &unknown) {
		path, err = o.find(ctx, sys, wanted)
	}
	switch {
	case err != nil:
		return nil, err
	case path == "":
		return o.Absence(), nil
	}
	data, err := o.look(ctx, sys, path)
	switch {
	case err != nil:
		return nil, err
	case data == nil:
		return o.Absence(), nil
	}
	found, err := kube.ParseManifest(data)
	if err != nil {
		return nil, err
	}
	fields := kube.Project(found.Fields, wanted.Fields, "")
	if o.Manager != "" {
		if fields, err = o.tried(ctx, sys, path, found, wanted); err != nil {
			return nil, err
		}
	}
	kept, err := json.Marshal(fields)
	o.Manifest, o.Absent, o.Foreign = kept, false, !hasFieldsOf(found, o.manager())
	return o, err
}

// hasFieldsOf reports whether a manager has set a field of an object, as the API notes it.
func hasFieldsOf(m kube.Manifest, manager string) bool {
	meta, _ := m.Fields["metadata"].(map[string]any)
	managers, _ := meta["managedFields"].([]any)
	return slices.ContainsFunc(managers, func(v any) bool {
		m, _ := v.(map[string]any)
		return m["manager"] == manager
	})
}

// Read is the Manifest in the form in which the API returns it, and its path.
func (o Object) Read() (kube.Manifest, string, error) {
	m, err := kube.ParseManifest(o.Manifest)
	if err != nil {
		return m, "", err
	}
	path, err := m.Path()
	return m, path, err
}

// Apply sends the Manifest as a server-side apply, or deletes the object and waits until it is
// gone. It is repeated while the API says that it is not ready for it, for half a minute at most.
func (o Object) Apply(ctx context.Context, sys *host.System) error {
	m, _, err := o.Read()
	if unknown := new(kube.UnknownKindError); err != nil && !errors.As(err, &unknown) {
		return err
	}
	a, err := kube.OpenAPI(sys, o.Kubeconfig)
	if (o.Absent || o.Early) && host.Absent(err) {
		return nil // without a cluster there is no object, and no server that needs it early
	}
	if err != nil {
		return err
	}
	if o.Takers > 0 && !o.Absent {
		if err := o.awaitTakers(ctx, sys, a, m); err != nil {
			return err
		}
	}
	deadline, cancel := context.WithTimeout(ctx, o.patience())
	defer cancel()
	begin, refused := time.Now(), false
	var last error
	err = host.Poll(deadline, kube.APIPoll, func() (bool, error) {
		var done bool
		done, err := o.send(deadline, a, m)
		if kube.IsRefused(err) && !refused {
			refused = true
			if glass := o.breakGlass(sys); glass != nil {
				a = glass
				done, err = o.send(deadline, a, m)
			}
		}
		switch {
		case err == nil || !kube.Passing(err):
			return done, err
		case o.Early && (kube.IsRefused(err) || !kube.IsAnswer(err)):
			return true, nil
		}
		if deadline.Err() == nil || last == nil {
			last = err
		}
		return false, nil
	})
	if kube.IsCode(err, http.StatusUnauthorized) {
		return fault.AdminRefused.Errorf("%s: %w", o.Kubeconfig, err)
	}
	if err == nil || last == nil || deadline.Err() == nil || ctx.Err() != nil {
		return err
	}
	waited := time.Since(begin).Round(time.Millisecond)
	if kube.IsRefused(last) {
		return fault.AdminRefused.Errorf("waited %s for %s to accept %s: %w", waited, a.Server, m.Where(), last)
	}
	return fault.ObjectRefused.Errorf("waited %s for %s to accept %s: %w", waited, a.Server, m.Where(), last)
}

// patience is how long the API may take. What is deleted may have pods that have to end first.
func (o Object) patience() time.Duration {
	if o.Absent {
		return 4 * kube.APITimeout
	}
	return kube.APITimeout
}

// send makes one try; it is done when the object is as wanted.
func (o Object) send(ctx context.Context, a *kube.API, m kube.Manifest) (done bool, err error) {
	path, err := a.Find(ctx, m)
	switch {
	case o.Absent && kube.IsCode(err, http.StatusNotFound):
		return true, nil // with its kind
	case err != nil:
		return false, err
	}
	if !o.Absent {
		query := url.Values{"fieldManager": {o.manager()}, "force": {"true"}}
		body, err := o.body(m)
		if err != nil {
			return false, err
		}
		// JSON is YAML.
		err = a.Change(ctx, http.MethodPatch, path, "application/apply-patch+yaml", query, body)
		return err == nil, err
	}
	query := url.Values{"propagationPolicy": {"Background"}}
	err = a.Change(ctx, http.MethodDelete, path, "", query, nil)
	if kube.IsCode(err, http.StatusNotFound) {
		return true, nil
	}
	return false, err // accepted: it is gone when there is nothing left to delete
}
