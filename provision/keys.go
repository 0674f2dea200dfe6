package provision

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"kbootstrap/certs"
	"kbootstrap/internal/atomic"
	"kbootstrap/provision/guard"
)

// LoadKeys loads the certificates of the cluster, and issues in memory what is missing or unfit,
// when the state directory has any. Without any it is for IssueKeys to say what happens, when the
// hosts have been asked.
func LoadKeys(_ context.Context, r *Run) error {
	var err error
	if r.store, err = certs.At(filepath.Join(r.Cluster.StateDir(), "pki")); err != nil {
		return err
	}
	used, err := r.store.Used()
	if err != nil || !used {
		return err
	}
	return previewKeys(r)
}

func previewKeys(r *Run) (err error) {
	r.PKI, err = r.store.PreviewWith(r.Cluster, time.Now(), r.change)
	return err
}

// IssueKeys makes the certificates of a new cluster, in memory. Where the hosts tell of a cluster
// already it refuses to: the keys of that one are lost.
func IssueKeys(_ context.Context, r *Run) error {
	if r.PKI != nil {
		return nil
	}
	s := situation(r)
	for _, refused := range []guard.Refusals{guard.Foreign(s), guard.StateLost(s)} {
		if refused != nil {
			return refused
		}
	}
	return previewKeys(r)
}

// PreviewKeys makes the certificates of a cluster that has none, in memory, also where its keys are
// lost: a run that only reads sees health then; that nothing has the new certificates is no news.
func PreviewKeys(_ context.Context, r *Run) error {
	if r.PKI != nil {
		return nil
	}
	r.Refusals = guard.StateLost(situation(r))
	return previewKeys(r)
}

// NeedKeys ends a run on a cluster whose keys are lost, with all that is refused of it: a
// comparison with new ones tells nothing.
func NeedKeys(_ context.Context, r *Run) error {
	if keysLost(r) {
		return r.Refusals
	}
	return nil
}

// KeepKeys writes what was issued into the state directory. It comes when nothing is refused any
// more: a run that changes no host changes no key either.
func KeepKeys(_ context.Context, r *Run) error {
	if len(r.Refusals) > 0 {
		return nil
	}
	r.Issued = r.PKI.Issued()
	return r.store.Keep(r.PKI)
}

// WriteKubeconfig writes the administrator's kubeconfig for the control machine into the state
// directory, readable by its owner only, and returns its path. It touches no kubeconfig of the
// user's own.
func (r *Run) WriteKubeconfig() (string, error) {
	path := filepath.Join(r.Cluster.StateDir(), "admin.kubeconfig")
	if err := atomic.WriteFile(path, r.PKI.Kubeconfig(r.Cluster), 0o600); err != nil {
		return "", fmt.Errorf("write the kubeconfig: %w", err)
	}
	return path, nil
}
