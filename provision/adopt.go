package provision

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"time"

	"filippo.io/age"

	"kbootstrap/backup"
	"kbootstrap/certs"
	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
)

// Adopted is what `adopt` has found.
type Adopted struct {
	Proof string // what shows the hosts to be of this cluster
	// Lost are the authorities whose keys are lost, as `certs rotate-ca` names them.
	Lost []string
	// Issued are the certificates that the next run issues, because they were found nowhere.
	Issued []string
	// Unproven says why the identity of the cluster could not be compared with the backup; empty
	// where it was, or where there is no backup.
	Unproven string
}

// Adopt lists how `adopt` makes the state directory of a running cluster again, of what its hosts
// have and of a backup, which may be nil. No host is changed.
func Adopt(set *backup.Set, adopted *Adopted) []Stage {
	return []Stage{
		LockState,
		NeedNoStore,
		TolerateAll,
		ConnectLocked,
		FindOurs,
		JudgeReset, // whose a host is, is asked there too
		Refuse,
		ProveCluster(set, adopted),
		GatherKeys(set, adopted),
	}
}

// ReadSet reads the backup that a cluster is adopted with, and compares its sums.
func ReadSet(path string, identities []age.Identity) (*backup.Set, error) {
	return backup.Read(path, identities, io.Discard)
}

// NeedNoStore ends a run on a cluster whose keys are here.
func NeedNoStore(_ context.Context, r *Run) error {
	store, err := storeOf(r)
	if err != nil {
		return err
	}
	used, err := store.Used()
	if err == nil && used {
		err = fault.AdoptHeld.Errorf("%s has the keys of a cluster already", pkiDir(r.Cluster))
	}
	return err
}

// ProveCluster refuses to adopt where nothing is, and where the backup is of another cluster than
// the one that runs: the namespace kube-system has one UID from a cluster's founding to its end.
func ProveCluster(set *backup.Set, adopted *Adopted) Stage {
	return func(ctx context.Context, r *Run) error {
		adopted.Proof = r.Proof
		if r.lead == "" || r.Proof == "" || !situation(r).IsLive() {
			return fault.AdoptNothing.Errorf("no host that answers tells of the cluster %s", r.Cluster.Name)
		}
		if set == nil {
			return nil
		}
		if set.Manifest.Cluster != r.Cluster.Name {
			return fault.AdoptForeign.Errorf("the backup is of the cluster %s, and the inventory is of %s",
				set.Manifest.Cluster, r.Cluster.Name)
		}
		var failed []string
		for _, h := range r.Cluster.With(inventory.Etcd) {
			m := r.Fleet[h.Name]
			if m == nil {
				continue
			}
			store, err := m.Client.Store(ctx, component.OwnEtcd())
			if err != nil {
				failed = append(failed, h.Name+": "+err.Error())
				continue
			}
			if store.System != set.Manifest.Etcd.System {
				return fault.AdoptForeign.Errorf("%s: the namespace kube-system has the UID %s, and in the backup %s",
					h.Name, store.System, set.Manifest.Etcd.System)
			}
			return nil
		}
		adopted.Unproven = "no member of etcd answers: " + strings.Join(failed, "; ")
		return nil
	}
}

// GatherKeys makes the state directory, of what the hosts and the backup have.
func GatherKeys(set *backup.Set, adopted *Adopted) Stage {
	return func(ctx context.Context, r *Run) error {
		found, keys, err := keptOnHosts(ctx, r)
		if err != nil {
			return err
		}
		files, err := stateOf(set)
		if err != nil {
			return err
		}
		adoption, err := certs.Adopt(r.Cluster, found, keys, files, time.Now())
		if err != nil {
			return err
		}
		adopted.Lost = adoption.Lost
		return r.store.Replace(adoption.Files, "", func(made *certs.Store) error {
			pki, err := made.Preview(r.Cluster, time.Now())
			if err == nil {
				adopted.Issued = pki.Issued()
			}
			return err
		})
	}
}

// keptOnHosts asks all hosts for what the store has of them, and for the keys that secrets are
// encrypted with.
func keptOnHosts(ctx context.Context, r *Run) (certs.OnHosts, []certs.EncryptionKey, error) {
	queries := map[string]node.Query{}
	for name, m := range r.Fleet {
		var query node.Query
		for _, path := range append(certs.KeptOn(r.Cluster, m.Host), host.EncryptionConfig) {
			query.Witnesses = append(query.Witnesses, resource.File{Path: path, Absent: true})
		}
		queries[name] = query
	}
	answers, failed := r.Fleet.Look(ctx, r.Cluster.Hosts, queries)
	for _, h := range r.Cluster.Hosts {
		if err := answers[h.Name].WitnessesErr; err != nil {
			failed = append(failed, plan.Failure{Host: h.Name, Component: "observe", Err: err})
		}
	}
	found := certs.OnHosts{}
	keys := map[string]certs.EncryptionKey{}
	var errs []error
	for name, a := range answers {
		found[name] = map[string][]byte{}
		for _, w := range a.Witnesses {
			file, ok := w.(resource.File)
			if !ok || file.Absent || file.Target != "" {
				continue
			}
			if file.Path != host.EncryptionConfig {
				found[name][file.Path] = file.Content
				continue
			}
			providers, err := host.ParseProviders(file.Content)
			if err != nil {
				errs = append(errs, plan.Failure{Host: name, Component: "encryption", Err: err})
			}
			for _, p := range providers {
				key := certs.EncryptionKey{Name: p.Name, Secret: p.Secret, Sum: p.Sum}
				if other, ok := keys[p.Name]; ok && other.Sum != p.Sum {
					errs = append(errs, fault.AdoptForeign.Errorf("%s: %s has another key %s than other control planes",
						name, file.Path, p.Name))
				}
				if p.Name != host.Identity {
					keys[p.Name] = key
				}
			}
		}
	}
	var all []certs.EncryptionKey
	for _, key := range keys {
		all = append(all, key)
	}
	return found, all, errors.Join(r.leaveOut(failed.Sorted(r.Cluster.Hosts).ErrOrNil()), errors.Join(errs...))
}

// stateOf are the files of the store in a backup; nil without one.
func stateOf(set *backup.Set) (map[string][]byte, error) {
	if set == nil {
		return nil, nil
	}
	files := map[string][]byte{}
	for name, text := range set.Files {
		if below, ok := strings.CutPrefix(name, backup.StatePrefix+"pki/"); ok && fs.ValidPath(below) {
			files[below] = text
		}
	}
	return files, sumsFit(files, set.Manifest.Fingerprints)
}
