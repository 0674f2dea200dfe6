package certs

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"

	"kbootstrap/fault"
)

// keyPair is the pair of keys for service account tokens.
type keyPair struct{ private, public []byte }

// serviceAccount loads the key pair, and makes the one that a new cluster lacks. Like an authority
// it is never replaced: every pod's token would be void.
func (s *Store) serviceAccount(root *os.Root, used bool, todo *pending) (keyPair, error) {
	k, err := s.loadServiceAccount(root, used, todo)
	if err != nil {
		return keyPair{}, fmt.Errorf("%s: %w", filepath.Join(s.dir, serviceAccount+".key"), err)
	}
	return k, nil
}

func (s *Store) loadServiceAccount(root *os.Root, used bool, todo *pending) (keyPair, error) {
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
		key, err := newKey()
		if err != nil {
			return keyPair{}, err
		}
		if private, err = encodeKey(key); err != nil {
			return keyPair{}, err
		}
		todo.first = append(todo.first, content{serviceAccount + ".key", private})
	}
	key, err := parseKey(private)
	if err != nil {
		return keyPair{}, fault.AuthorityDamaged.Errorf("%w%s", err, seeDoc)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return keyPair{}, err
	}
	own := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	switch {
	case public == nil:
		todo.then = append(todo.then, content{serviceAccount + ".pub", own})
	case !bytes.Equal(public, own):
		return keyPair{}, fault.AuthorityDamaged.Errorf("%s.pub next to it is not its public key%s",
			serviceAccount, seeDoc)
	}
	return keyPair{private, own}, nil
}
