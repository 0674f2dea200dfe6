package certs

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// EncryptionKey is a key with which API servers encrypt secrets before they give them to etcd.
type EncryptionKey struct {
	Name   string // "key1", as the configuration of kube-apiserver and each value in etcd name it
	Secret string // the key in base64, as that configuration has it
	Sum    string // the sha256 of the key in hex, which tells keys apart and tells nothing of them
}

// encryptionKeySize is what the provider secretbox of kube-apiserver asks for, in bytes
// (https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/).
const encryptionKeySize = 32

// encryptionFile is the name of a key in the store, by its number.
func encryptionFile(number int) string { return fmt.Sprintf("encryption-%d.key", number) }

// EncryptionKeys are all that the cluster ever had, the one for new values first: what an older one
// has encrypted must stay readable. A cluster that was never encrypted has none.
func (p *PKI) EncryptionKeys() []EncryptionKey { return p.encryption }

// encryptionKeys loads the keys, and makes the one that the inventory asks for and the store lacks.
// Whether hosts know keys that the store has lost, only they can tell.
func (s *Store) encryptionKeys(root *tree, c *inventory.Cluster, todo *pending) ([]EncryptionKey, error) {
	wanted := 0
	if c.Security.Encryption == inventory.Secretbox {
		wanted = c.Security.EncryptionKey
	}
	var keys []EncryptionKey
	for number := 1; number <= inventory.MostEncryptionKeys; number++ {
		text, err := readIfThere(root, encryptionFile(number))
		if err == nil && text == nil && number == wanted {
			text = newEncryptionKey()
			todo.first = append(todo.first, content{encryptionFile(number), text})
		}
		if err == nil && text == nil {
			continue
		}
		var key EncryptionKey
		if err == nil {
			key, err = parseEncryptionKey(number, text)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(s.dir, encryptionFile(number)), err)
		}
		if number == wanted {
			keys = append([]EncryptionKey{key}, keys...)
		} else {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

func newEncryptionKey() []byte {
	key := make([]byte, encryptionKeySize)
	_, _ = rand.Read(key) // crypto/rand: it never returns an error
	return []byte(base64.StdEncoding.EncodeToString(key) + "\n")
}

func parseEncryptionKey(number int, text []byte) (EncryptionKey, error) {
	key, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil || len(key) != encryptionKeySize {
		return EncryptionKey{}, fault.EncryptionKeyDamaged.Errorf("not a key of %d bytes in base64", encryptionKeySize)
	}
	sum := sha256.Sum256(key)
	return EncryptionKey{
		Name: fmt.Sprintf("key%d", number), Secret: strings.TrimSpace(string(text)), Sum: hex.EncodeToString(sum[:]),
	}, nil
}
