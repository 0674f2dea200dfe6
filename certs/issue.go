package certs

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// PKI is every key and certificate of a cluster, loaded and fit for use. It is read only.
type PKI struct {
	cluster        *inventory.Cluster
	authorities    map[string]trust
	serviceAccount serviceKeys
	encryption     []EncryptionKey
	registry       RegistryLogin
	own            map[string]pair // of the cluster's owner, by the Service that has it
	logins         map[string]Login
	leaves         []leaf
	pairs          map[string]pair   // of the leaves, by their path in the store
	todo           pending           // what Keep writes
	was            map[string][]byte // what the store had in the places of todo
}

// Preview loads what the store holds for the cluster, and issues in memory what is missing or
// unfit: a certificate whose subject, names, usages, issuer or key are not what the table wants, or
// that is in the last third of its life. A certificate that is issued again gets a new key, so
// another preview has other keys. Certificates of hosts that the inventory no longer has stay.
//
// An authority or the service account key is never replaced; one that is expired, lost or not
// usable is an error that says what to do.
//
// Preview writes nothing, and the store need not be there; Keep writes what was issued. While
// another run writes to the store, Preview waits for it, up to 30 seconds.
func (s *Store) Preview(c *inventory.Cluster, now time.Time) (*PKI, error) {
	return s.PreviewWith(c, now, Change{})
}

// Change is what a preview changes of keys that are fit. The zero value is nothing.
type Change struct {
	// Renewal says what is issued again.
	Renewal Renewal
	// Rotation is one stage of the replacement of a key.
	Rotation Rotation
}

// PreviewWith is Preview, and changes what is fit.
func (s *Store) PreviewWith(c *inventory.Cluster, now time.Time, change Change) (*PKI, error) {
	for {
		locked := s.hasLock()
		p, err := s.preview(c, now, change, locked)
		if !locked && s.hasLock() {
			continue // another run began to write while this one was reading
		}
		if err != nil {
			return nil, fmt.Errorf("certificates: %w", err)
		}
		return p, nil
	}
}

// preview is one attempt of Preview. A store that never had a lock is read without one: no run has
// written to it yet.
func (s *Store) preview(c *inventory.Cluster, now time.Time, change Change, locked bool) (p *PKI, err error) {
	if locked {
		unlock, err := s.lock()
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, unlock()) }()
	}
	return s.issue(c, now, change)
}

// Keep writes what a preview has issued into the store, which it makes if need be. Everything is on
// the disk when it returns. If another run has written to the store since the preview, Keep writes
// nothing and returns an error.
func (s *Store) Keep(p *PKI) error {
	if p.todo.isEmpty() {
		return nil
	}
	if _, err := create(s.dir); err != nil {
		return err
	}
	unlock, err := s.lock()
	if err != nil {
		return fmt.Errorf("certificates: %w", err)
	}
	err = s.keep(p)
	if err := errors.Join(err, unlock()); err != nil {
		return fmt.Errorf("certificates: %w", err)
	}
	p.todo = pending{}
	return nil
}

func (s *Store) keep(p *PKI) error {
	root, err := s.tree()
	if err != nil {
		return err
	}
	defer func() { _ = root.close() }()
	for name, was := range p.was {
		is, err := readIfThere(root, name)
		if err != nil {
			return err
		}
		if !bytes.Equal(is, was) {
			return fmt.Errorf("%s: another run has written %s meanwhile; run the same command again", s.dir, name)
		}
	}
	if err := p.todo.write(root); err != nil {
		return fmt.Errorf("%s: %w", s.dir, err)
	}
	return nil
}

// issue loads what there is and makes the rest.
func (s *Store) issue(c *inventory.Cluster, now time.Time, change Change) (p *PKI, err error) {
	now = now.UTC().Truncate(time.Second) // the resolution of a certificate
	root, err := s.tree()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, root.close()) }()
	used, err := isUsed(root.dir)
	if err != nil {
		return nil, err
	}
	p = &PKI{cluster: c, leaves: leaves(c), pairs: map[string]pair{}, was: map[string][]byte{}}
	if err := change.Renewal.check(p.leaves); err != nil {
		return nil, err
	}
	if p.authorities, err = s.authorities(root, used, now, change, &p.todo); err != nil {
		return nil, err
	}
	if p.serviceAccount, err = s.serviceAccount(root, used, change.Rotation, &p.todo); err != nil {
		return nil, err
	}
	if p.encryption, err = s.encryptionKeys(root, c, &p.todo); err != nil {
		return nil, err
	}
	if p.registry, err = s.registryLogin(root, c, &p.todo); err != nil {
		return nil, err
	}
	if p.own, err = ownCertificates(c, now); err != nil {
		return nil, err
	}
	if p.logins, err = s.loadLogins(root, c, &p.todo); err != nil {
		return nil, err
	}
	if err = p.load(root, now, change.Renewal); err != nil {
		return nil, err
	}
	for _, name := range p.todo.names() {
		if p.was[name], err = readIfThere(root, name); err != nil {
			return nil, fmt.Errorf("%s: %w", s.dir, err)
		}
	}
	return p, nil
}

// load loads or signs the certificates of all hosts, as many at once as there are processors.
func (p *PKI) load(root *tree, now time.Time, renewal Renewal) error {
	pairs := make([]pair, len(p.leaves))
	fresh := make([]bool, len(p.leaves))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, l := range p.leaves {
		group.Go(func() (err error) {
			pairs[i], fresh[i], err = loadOrSign(root, p.authorities[l.issuer].pair, l, now, renewal.has(l))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i, l := range p.leaves {
		p.pairs[l.name] = pairs[i]
		if fresh[i] {
			p.todo.then = append(p.todo.then,
				content{l.name + ".key", pairs[i].keyPEM}, content{l.name + ".crt", pairs[i].certPEM})
		}
	}
	return nil
}

// loadOrSign loads a certificate that is fit and is not to be renewed, or signs a new one.
func loadOrSign(root *tree, ca pair, l leaf, now time.Time, renew bool) (p pair, fresh bool, err error) {
	p, err = read(root, l.name)
	if err == nil && !renew && checkFit(p, ca.cert, l, now) == nil {
		return p, false, nil
	}
	var unusable damaged
	if err != nil && !errors.As(err, &unusable) {
		return pair{}, false, fmt.Errorf("%s: %w", l.name, err)
	}
	if ca.key == nil {
		return pair{}, false, fault.AuthorityLost.Errorf("%s has to be issued, and the key of its authority is lost: "+
			"`kbootstrap certs rotate-ca %s` goes on to the next one", l.name, RotationOf(l.issuer))
	}
	if p, err = sign(ca, l, now); err != nil {
		return pair{}, false, fmt.Errorf("%s: %w", l.name, err)
	}
	return p, true, nil
}

// isUsed reports whether the store has certificates of a cluster already. They are written after
// the keys of the authorities, so those exist then, unless someone removed them.
func isUsed(root *os.Root) (bool, error) {
	if root == nil {
		return false, nil
	}
	for _, name := range []string{admin.name + ".crt", "hosts"} {
		_, err := root.Lstat(name)
		if err == nil {
			return true, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
	}
	return false, nil
}
