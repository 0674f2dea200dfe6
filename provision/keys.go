package provision

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"kbootstrap/certs"
	"kbootstrap/internal/atomic"
	"kbootstrap/inventory"
	"kbootstrap/provision/guard"
)

// LoadKeys loads the certificates of the cluster, and issues in memory what is missing or unfit,
// when the state directory has any. Without any it is for IssueKeys to say what happens, when the
// hosts have been asked.
func LoadKeys(_ context.Context, r *Run) error {
	store, err := storeOf(r)
	if err != nil {
		return err
	}
	used, err := store.Used()
	if err != nil || !used {
		return err
	}
	return previewKeys(r)
}

// storeOf is the store of the keys of the run's cluster, which opens what is sealed.
func storeOf(r *Run) (*certs.Store, error) {
	if r.store == nil {
		store, err := certs.At(pkiDir(r.Cluster))
		if err != nil {
			return nil, err
		}
		r.store = store.Unlocked(r.options.Unlock)
	}
	return r.store, nil
}

// pkiDir is where the keys of a cluster are.
func pkiDir(c *inventory.Cluster) string { return filepath.Join(c.StateDir(), "pki") }

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
// user's own. Where keys are sealed none is kept, and the path is empty.
func (r *Run) WriteKubeconfig() (string, error) {
	path := kubeconfigPath(r.Cluster)
	sealed, err := r.store.IsSealed()
	if err != nil {
		return "", err
	}
	if sealed {
		return "", removeIfThere(path)
	}
	if err := atomic.WriteFile(path, r.PKI.Kubeconfig(r.Cluster), 0o600); err != nil {
		return "", fmt.Errorf("write the kubeconfig: %w", err)
	}
	return path, nil
}

// kubeconfigPath is where the administrator's kubeconfig is kept.
func kubeconfigPath(c *inventory.Cluster) string {
	return filepath.Join(c.StateDir(), "admin.kubeconfig")
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// AdminKubeconfig is the administrator's kubeconfig: that which is kept, or one that is made of
// sealed keys. Without a cluster it is nil.
func AdminKubeconfig(c *inventory.Cluster, unlock certs.Unlocker) ([]byte, error) {
	store, err := certs.At(pkiDir(c))
	if err != nil {
		return nil, err
	}
	sealed, err := store.IsSealed()
	if err != nil {
		return nil, err
	}
	if !sealed {
		text, err := os.ReadFile(kubeconfigPath(c))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return text, err
	}
	pki, err := store.Unlocked(unlock).Preview(c, time.Now())
	if err != nil {
		return nil, err
	}
	return pki.Kubeconfig(c), nil
}
