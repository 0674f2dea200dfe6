package certs

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"

	"kbootstrap/fault"
)

// keyPair is the pair of keys for service account tokens.
type keyPair struct{ private, public []byte }

// serviceKeys are the pair that signs tokens, and one that only verifies them, while another pair
// takes the place of it.
type serviceKeys struct {
	keyPair
	aside keyPair
	stage Stage
}

// verifiers are all public keys that tokens are verified with, that of the pair which signs first.
func (k serviceKeys) verifiers() []byte { return slices.Concat(k.public, k.aside.public) }

// serviceAccount loads the keys, and makes those that a new cluster lacks. Like an authority they
// are never replaced, unless a rotation asks for it: every pod's token would be void.
func (s *Store) serviceAccount(
	root *tree, used bool, rotation Rotation, todo *pending,
) (serviceKeys, error) {
	k, err := loadServiceKeys(root, s, used, todo)
	if err == nil && rotation.Of == RotateServiceAccount {
		k, err = k.advance(rotation.To, todo)
	}
	if err != nil {
		return serviceKeys{}, fmt.Errorf("%s: %w", filepath.Join(s.dir, serviceAccount+".key"), err)
	}
	return k, nil
}

// loadServiceKeys loads the pairs.
func loadServiceKeys(root *tree, s *Store, used bool, todo *pending) (serviceKeys, error) {
	k := serviceKeys{stage: Stable}
	next, hasNext, err := readServiceKeys(root, path.Join(nextDir, serviceAccount))
	if err != nil {
		return k, err
	}
	old, hasOld, err := readServiceKeys(root, path.Join(oldDir, serviceAccount))
	if err != nil {
		return k, err
	}
	switch {
	case hasNext && hasOld:
		// A run was killed while the next pair took its place: it has.
		todo.putKeys(next, nextDir)
		return serviceKeys{next, old, Issue}, nil
	case hasNext:
		k.aside, k.stage = next, Trust
	case hasOld:
		k.aside, k.stage = old, Issue
	}
	k.keyPair, err = s.loadServiceAccount(root, used, todo)
	return k, err
}

// readServiceKeys reads a pair that is not that of today. It is there when its public key is, which
// is written last and removed first.
func readServiceKeys(root *tree, name string) (k keyPair, there bool, err error) {
	public, err := readIfThere(root, name+".pub")
	if err != nil || public == nil {
		return keyPair{}, false, err
	}
	private, err := readIfThere(root, name+".key")
	if err != nil {
		return keyPair{}, false, err
	}
	key, err := parseKey(private)
	if err != nil {
		return keyPair{}, false, fmt.Errorf("%s: %w", name, fault.AuthorityDamaged.Wrap(err))
	}
	own, err := encodePublic(key)
	if err != nil || !bytes.Equal(own, public) {
		return keyPair{}, false, errors.Join(err,
			fault.AuthorityDamaged.Errorf("%s.pub is not the public key of the key "+
				"next to it", name))
	}
	return keyPair{private, public}, true, nil
}

// putKeys has a pair become that of today, and the same pair in the directory go.
func (p *pending) putKeys(is keyPair, from string) {
	p.then = append(p.then, content{serviceAccount + ".key", is.private}, content{serviceAccount + ".pub", is.public})
	p.last = append(p.last, path.Join(from, serviceAccount+".pub"), path.Join(from, serviceAccount+".key"))
}

// advance brings the keys to another stage.
func (k serviceKeys) advance(to Stage, todo *pending) (serviceKeys, error) {
	next, old := path.Join(nextDir, serviceAccount), path.Join(oldDir, serviceAccount)
	switch {
	case k.stage == Stable && to == Trust:
		made, err := newServiceKeys()
		if err != nil {
			return k, err
		}
		todo.first = append(todo.first, content{next + ".key", made.private})
		todo.then = append(todo.then, content{next + ".pub", made.public})
		k.aside = made
	case k.stage == Trust && to == Issue:
		k.swap(old, nextDir, todo)
	case k.stage == Issue && to == Trust:
		k.swap(next, oldDir, todo)
	case k.stage == Trust && to == Stable:
		todo.last = append(todo.last, next+".pub", next+".key")
		k.aside = keyPair{}
	case k.stage == Issue && to == Distrust:
		todo.last = append(todo.last, old+".pub", old+".key")
		k.aside, to = keyPair{}, Stable
	default:
		return k, errNoWay(serviceAccount, k.stage, to)
	}
	k.stage = to
	return k, nil
}

// swap has the pair aside become that of today, and that of today go aside, to another place.
func (k *serviceKeys) swap(to, from string, todo *pending) {
	todo.first = append(todo.first, content{to + ".key", k.private}, content{to + ".pub", k.public})
	todo.putKeys(k.aside, from)
	k.keyPair, k.aside = k.aside, k.keyPair
}

func newServiceKeys() (keyPair, error) {
	key, err := newKey()
	if err != nil {
		return keyPair{}, err
	}
	private, err := encodeKey(key)
	if err != nil {
		return keyPair{}, err
	}
	public, err := encodePublic(key)
	return keyPair{private, public}, err
}

// encodePublic is the public half of a key in PEM.
func encodePublic(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

func (s *Store) loadServiceAccount(root *tree, used bool, todo *pending) (keyPair, error) {
	private, err := readIfThere(root, serviceAccount+".key")
	if err != nil {
		return keyPair{}, err
	}
	public, err := readIfThere(root, serviceAccount+".pub")
	if err != nil {
		return keyPair{}, err
	}
	if private == nil {
		if used || public != nil {
			return keyPair{}, fmt.Errorf("%w%s", s.lost(serviceAccount+".key"), seeDoc)
		}
		made, err := newServiceKeys()
		if err != nil {
			return keyPair{}, err
		}
		private = made.private
		todo.first = append(todo.first, content{serviceAccount + ".key", private})
	}
	key, err := parseKey(private)
	if err != nil {
		return keyPair{}, fault.AuthorityDamaged.Errorf("%w%s", err, seeDoc)
	}
	own, err := encodePublic(key)
	if err != nil {
		return keyPair{}, err
	}
	switch {
	case public == nil:
		todo.then = append(todo.then, content{serviceAccount + ".pub", own})
	case !bytes.Equal(public, own):
		return keyPair{}, fault.AuthorityDamaged.Errorf("%s.pub next to it is not its public key%s",
			serviceAccount, seeDoc)
	}
	return keyPair{private, own}, nil
}
