package api

import (
	"context"

	"kbootstrap/host"
	"kbootstrap/resource"
)

// StaleNote is the note of a Rewritten that says something else than what API servers are about to
// write. It has to be gone before the first of them does: a run that is cut off after that, and
// turned round by the inventory, would find the note true again, and leave the secrets that were
// written meanwhile.
type StaleNote struct {
	Kubeconfig string
	With, Sum  string // what is about to be written, as in Rewritten
	Noted      bool   // the cluster has a note of something else
}

// ID is that of the note.
func (n StaleNote) ID() string { return "note of how secrets in etcd were written before" }

// State is "there", or empty.
func (n StaleNote) State() string { return resource.States(resource.Flag("there", n.Noted)) }

// Answers returns the API server of the host.
func (n StaleNote) Answers() (unit string, all bool) { return apiUnit, false }

// Absence is a cluster without such a note.
func (n StaleNote) Absence() resource.Resource {
	n.Noted = false
	return n
}

// Observe reads the note.
func (n StaleNote) Observe(ctx context.Context, sys *host.System) (resource.Resource, error) {
	found, err := Rewritten{Kubeconfig: n.Kubeconfig}.Observe(ctx, sys)
	if err != nil {
		return nil, err
	}
	note, _ := found.(Rewritten)
	n.Noted = note.With != "" && (note.With != n.With || note.Sum != n.Sum)
	return n, nil
}

// Apply deletes the note.
func (n StaleNote) Apply(ctx context.Context, sys *host.System) error {
	found, err := n.Observe(ctx, sys)
	if err != nil || n.Noted || !resource.Changed(found, n) {
		return err
	}
	manifest := `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": ` +
		`{"namespace": "` + noteNamespace + `", "name": "` + noteName + `"}}`
	return Object{Manifest: []byte(manifest), Kubeconfig: n.Kubeconfig, Absent: true}.Apply(ctx, sys)
}
