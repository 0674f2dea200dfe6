package api

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/kube"
	"kbootstrap/resource"
)

// Rewritten says what all secrets in etcd are encrypted with. API servers encrypt what they write
// from now on, so what was written before has to be written once more.
//
// That it was done is noted in the cluster itself, in a ConfigMap: the note is as old as the
// secrets when etcd is restored from a backup. The note is written last, so a run that is cut off
// is finished by the next one, for which what is written already costs a request each.
type Rewritten struct {
	Kubeconfig string
	With       string // the name of the key, or host.Identity; empty when nothing was noted
	Sum        string // of the key, in hex
}

// The ConfigMap with the note, and its keys.
const (
	noteNamespace, noteName = "kube-system", "kbootstrap-encryption"
	notePath                = "/api/v1/namespaces/" + noteNamespace + "/configmaps/" + noteName
)

type rewrittenNote struct {
	Provider string `json:"provider"`
	Sum      string `json:"sum"`
}

// ID is that of all secrets.
func (r Rewritten) ID() string { return "secrets in etcd" }

// State shows the key, with a digest.
func (r Rewritten) State() string {
	switch r.With {
	case "":
		return ""
	case host.Identity:
		return resource.States("all as they are, without encryption")
	}
	return resource.States("all encrypted with " + r.With + ", sha256:" + r.Sum)
}

// Answers returns the API server of the control plane that leads.
func (r Rewritten) Answers() (unit string, all bool) { return apiUnit, false }

// Absence is a cluster without a note.
func (r Rewritten) Absence() resource.Resource { return Rewritten{Kubeconfig: r.Kubeconfig} }

// Observe reads the note.
func (r Rewritten) Observe(ctx context.Context, sys *host.System) (resource.Resource, error) {
	data, err := kube.Look(ctx, sys, r.Kubeconfig, notePath)
	if err != nil || data == nil {
		return r.Absence(), err
	}
	var found struct{ Data rewrittenNote }
	if err := json.Unmarshal(data, &found); err != nil {
		return nil, err
	}
	return Rewritten{Kubeconfig: r.Kubeconfig, With: found.Data.Provider, Sum: found.Data.Sum}, nil
}

// rewriters is how many secrets are written at the same time.
const rewriters = 8

// Apply has every secret written again that is not as the API server would write it, and notes it.
// No secret leaves the API server.
func (r Rewritten) Apply(ctx context.Context, sys *host.System) error {
	found, err := r.Observe(ctx, sys)
	if err != nil || r.With == "" || !resource.Changed(found, r) {
		return err
	}
	a, err := kube.OpenAPI(sys, r.Kubeconfig)
	if err != nil {
		return err
	}
	secrets, err := a.Paths(ctx, "/api/v1/secrets")
	if err != nil {
		return err
	}
	if err := rewriteAll(ctx, a, secrets); err != nil {
		return err
	}
	note, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{"namespace": noteNamespace, "name": noteName},
		"data":     rewrittenNote{Provider: r.With, Sum: r.Sum},
	})
	if err != nil {
		return err
	}
	return Object{Manifest: note, Kubeconfig: r.Kubeconfig}.Apply(ctx, sys)
}

// rewriteAll goes on after a secret that is refused: the others are better off.
func rewriteAll(ctx context.Context, a *kube.API, secrets []string) error {
	var (
		mu      sync.Mutex
		first   error
		refused int
		group   errgroup.Group
	)
	hasFailed := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return first != nil
	}
	group.SetLimit(rewriters)
	for _, path := range secrets {
		group.Go(func() error {
			if err := rewrite(ctx, a, path, hasFailed); err != nil {
				mu.Lock()
				defer mu.Unlock()
				if refused++; first == nil {
					first = fmt.Errorf("%s: %w", path, err)
				}
			}
			return nil
		})
	}
	_ = group.Wait() // none returns an error
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case first != nil:
		return fault.SecretsNotEncrypted.Errorf("%d of %d secrets were not written again, the first: %w", refused,
			len(secrets), first)
	}
	return nil
}

// rewrite has one secret written again, and tries again while the API is not ready for it. Once
// that was in vain for another secret, it tries once.
func rewrite(ctx context.Context, a *kube.API, path string, isHopeless func() bool) error {
	deadline, cancel := context.WithTimeout(ctx, kube.APITimeout)
	defer cancel()
	var last error
	err := host.Poll(deadline, kube.APIPoll, func() (bool, error) {
		err := a.Rewrite(deadline, path)
		if err == nil || !kube.Passing(err) || isHopeless() {
			return true, err
		}
		if deadline.Err() == nil || last == nil {
			last = err
		}
		return false, nil
	})
	if err != nil && last != nil && deadline.Err() != nil {
		return last
	}
	return err
}
