package provision

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"kbootstrap/certs"
	"kbootstrap/host"
	"kbootstrap/node"
	"kbootstrap/provision/component"
	"kbootstrap/provision/keyring"
)

// CertsStatus lists how `certs status` finds out which certificates and keys there are. It needs no
// plan, no artifact and no API, so it tells of a cluster that is dead.
func CertsStatus() []Stage {
	return []Stage{TolerateAll, Connect, NeedTrace, LookAtKeys}
}

// LookAtKeys asks all hosts for their certificates and keys.
func LookAtKeys(ctx context.Context, r *Run) error {
	queries := map[string]node.Query{}
	for name, m := range r.Fleet {
		query := keyring.Query(r.Cluster, m.Host)
		queries[name] = node.Query{Keyring: &query}
	}
	answers, failed := r.Fleet.Look(ctx, r.Cluster.Hosts, queries)
	if err := r.leaveOut(failed.ErrOrNil()); err != nil {
		return err
	}
	r.keyrings = map[string]host.Keyring{}
	for name, a := range answers {
		if a.KeyringErr != nil {
			r.Warnings = append(r.Warnings, name+": "+a.KeyringErr.Error())
			continue
		}
		r.keyrings[name] = a.Keyring
		for _, e := range a.Keyring.Errors {
			r.Warnings = append(r.Warnings, name+": "+e)
		}
	}
	return nil
}

// Keyring returns all certificates and keys of the hosts that answered and of the state directory,
// the worst first.
func (r *Run) Keyring() []keyring.Entry {
	own, errs := ownKeyring(r)
	r.Warnings = append(r.Warnings, errs...)
	scene := keyring.Scene{Cluster: r.Cluster, Now: time.Now(), Minor: component.Target{Cluster: r.Cluster}.Minor(),
		Own: own}
	for _, h := range r.Cluster.Hosts {
		if found, ok := r.keyrings[h.Name]; ok {
			scene.Hosts = append(scene.Hosts, keyring.Host{Host: h, Keyring: found})
		}
	}
	return keyring.Judge(scene)
}

// ownKeyring is what the state directory has.
func ownKeyring(r *Run) (host.Keyring, []string) {
	var found host.Keyring
	var errs []string
	dir := pkiDir(r.Cluster)
	for _, p := range certs.OwnPlaces(r.Cluster) {
		if p.Key {
			if info, err := os.Stat(filepath.Join(dir, p.Path)); err == nil {
				found.Keys = append(found.Keys, host.KeyFile{Path: p.Path, Modified: info.ModTime()})
			}
			continue
		}
		certificates, err := host.Certificates(dir, []string{p.Path})
		if err != nil {
			errs = append(errs, err.Error())
		}
		found.Certificates = append(found.Certificates, certificates...)
	}
	return found, errs
}
