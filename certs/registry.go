package certs

import (
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// RegistryLogin is how people, pods and hosts log in to the registry of the cluster.
type RegistryLogin struct {
	User, Password string
	// Hash is the line of a file of users, in the format of htpasswd with bcrypt.
	Hash string
}

// Basic is the login as a header of HTTP has it.
func (l RegistryLogin) Basic() string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(l.User+":"+l.Password))
}

// registryUser is the name of the only user.
const registryUser = "registry"

// The files of the login in the store. The hash is there so that a run that changes nothing finds
// nothing to change: each hash of a password is another.
const (
	registryPassword = "registry.password"
	registryHash     = "registry.htpasswd"
)

// longestPassword is what bcrypt takes, in bytes.
const longestPassword = 72

// Registry is the login of the registry; it is empty in a cluster without one.
func (p *PKI) Registry() RegistryLogin { return p.registry }

// registryLogin loads the login, and makes what is missing of it. The password is its owner's to
// change: the hash follows.
func (s *Store) registryLogin(root *tree, c *inventory.Cluster, todo *pending) (RegistryLogin, error) {
	if !c.AddOns.Registry.Enabled {
		return RegistryLogin{}, nil
	}
	password, err := s.password(root, registryPassword, longestPassword, fault.RegistryPassword, todo)
	if err != nil {
		return RegistryLogin{}, err
	}
	login := RegistryLogin{User: registryUser, Password: password}
	hash, err := readIfThere(root, registryHash)
	if err != nil {
		return RegistryLogin{}, err
	}
	login.Hash = string(hash)
	if login.fits() {
		return login, nil
	}
	made, err := bcrypt.GenerateFromPassword([]byte(login.Password), bcrypt.DefaultCost)
	if err != nil {
		return RegistryLogin{}, fmt.Errorf("hash of the registry's password: %w", err)
	}
	login.Hash = login.User + ":" + string(made) + "\n"
	todo.then = append(todo.then, content{registryHash, []byte(login.Hash)})
	return login, nil
}

// fits reports whether the hash is that of the password.
func (l RegistryLogin) fits() bool {
	hash, ours := strings.CutPrefix(strings.TrimSuffix(l.Hash, "\n"), l.User+":")
	return ours && bcrypt.CompareHashAndPassword([]byte(hash), []byte(l.Password)) == nil
}
