package host

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"maps"
	"slices"

	"github.com/goccy/go-yaml"
)

// EncryptionConfig is the file that says how kube-apiserver encrypts secrets before etcd has them.
const EncryptionConfig = "/etc/kubernetes/encryption.yaml"

// Provider is one way to encrypt and to read: a key, or Identity. The first of a configuration
// writes, and all of them read
// (https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/).
type Provider struct {
	Name   string
	Secret string `json:",omitempty"` // the key in base64; empty where only the Sum is told
	Sum    string `json:",omitempty"` // the sha256 of the key in hex
}

// Identity is the name of the provider that does not encrypt.
const Identity = "identity"

// ParseProviders reads the providers for secrets of a configuration, in their order.
func ParseProviders(text []byte) ([]Provider, error) {
	var config struct {
		Resources []struct {
			Resources []string
			Providers []map[string]struct {
				Keys []Provider
			}
		}
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		return nil, errors.New("not YAML") // the error of the reader shows lines of the file
	}
	var found []Provider
	for _, r := range config.Resources {
		if !slices.Contains(r.Resources, "secrets") {
			continue
		}
		for _, p := range r.Providers {
			for _, kind := range slices.Sorted(maps.Keys(p)) {
				if kind == Identity {
					found = append(found, Provider{Name: Identity})
				}
				for _, key := range p[kind].Keys {
					key.Sum = SumOfKey(key.Secret)
					found = append(found, key)
				}
			}
		}
	}
	return found, nil
}

// SumOfKey is the sha256 of a key that is written in base64, in hex.
func SumOfKey(secret string) string {
	key, err := base64.StdEncoding.DecodeString(secret)
	if err != nil {
		key = []byte(secret)
	}
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:])
}

// providers are those of the host's own configuration, without the keys themselves; a file that
// cannot be read tells nothing.
func (g gatherer) providers() []Provider {
	found, _ := ParseProviders([]byte(g.text(EncryptionConfig[1:])))
	for i := range found {
		found[i].Secret = ""
	}
	return found
}
