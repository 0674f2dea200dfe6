package provision

import (
	"context"
	"path/filepath"

	"kbootstrap/certs"
	"kbootstrap/fault"
)

// EncryptState lists how `state encrypt` seals the secrets of the state directory. No host is
// asked.
func EncryptState(to certs.Sealing) []Stage {
	return []Stage{LockState, NeedUsedStore, SealStore(to)}
}

// DecryptState lists how `state decrypt` has the secrets in the clear again.
func DecryptState() []Stage { return []Stage{LockState, NeedUsedStore, UnsealStore} }

// NeedUsedStore ends a run on a cluster whose keys are not here.
func NeedUsedStore(_ context.Context, r *Run) error {
	store, err := storeOf(r)
	if err != nil {
		return err
	}
	used, err := store.Used()
	if err != nil {
		return err
	}
	if !used {
		return noKeysHere(r)
	}
	return nil
}

// SealStore seals the secrets, and removes the administrator's kubeconfig, which has a key in it.
func SealStore(to certs.Sealing) Stage {
	return func(_ context.Context, r *Run) error {
		if err := r.store.Seal(to); err != nil {
			return err
		}
		return removeIfThere(kubeconfigPath(r.Cluster))
	}
}

// UnsealStore has the secrets in the clear again.
func UnsealStore(_ context.Context, r *Run) error {
	sealed, err := r.store.IsSealed()
	if err != nil {
		return err
	}
	if !sealed {
		return nil
	}
	return r.store.Unseal()
}

// noKeysHere is the error of a run that has to do with keys which are not in the state directory.
func noKeysHere(r *Run) error {
	return fault.AuthorityLost.Errorf("%s has no keys of the cluster %s: run the command where its state "+
		"directory is, or restore that from a backup; `kbootstrap up` makes them with a new cluster",
		pkiDir(r.Cluster), r.Cluster.Name)
}

// PlainBackups are the backups in the state directory that are not sealed.
func (r *Run) PlainBackups() []string {
	found, _ := filepath.Glob(filepath.Join(BackupDir(r.Cluster), "*.plaintext")) // the pattern is good
	return found
}
