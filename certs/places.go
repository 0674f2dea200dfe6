package certs

import (
	"path"

	"kbootstrap/inventory"
)

// Place is where a host has a certificate or a key, of a row of the tables.
type Place struct {
	Name      string // in the store: "apiserver", "etcd/ca", "sa"
	Component string // that it goes with
	Path      string // on the host
	Authority bool
	Key       bool // a private key that is no certificate's, or that signs for others
}

// Places are where a host of a cluster has certificates, and the keys whose age counts: what the
// table wants there, whether it is there or not. No store is read.
func Places(c *inventory.Cluster, h inventory.Host) []Place {
	var places []Place
	for _, f := range authorityFiles {
		if f.role != everyHost && !h.Has(f.role) || f.suffix == ".pub" {
			continue
		}
		places = append(places, Place{
			Name: f.of, Component: f.component, Path: f.path + f.suffix, Authority: f.suffix == ".crt",
			Key: f.suffix == ".key",
		})
	}
	for _, r := range table {
		if !r.isOn(c, h) {
			continue
		}
		if r.pair != "" {
			places = append(places, Place{Name: r.name, Component: r.component, Path: r.pair + ".crt"})
		}
		for _, config := range r.configs {
			places = append(places, Place{Name: r.name, Component: r.component, Path: config})
		}
	}
	return places
}

// OwnPlaces are what the store has that lies on no host or that hosts depend on, by paths in the
// store: authorities, the administrator's certificate, those of Services, and keys.
func OwnPlaces(c *inventory.Cluster) []Place {
	var places []Place
	for _, a := range authorityTable {
		places = append(places, Place{Name: a.name, Component: "pki", Path: a.name + ".crt", Authority: true})
	}
	places = append(places, Place{Name: admin.name, Component: "admin", Path: admin.name + ".crt"})
	for _, s := range served {
		if s.isOn(c) {
			places = append(places,
				Place{Name: path.Base(servedPath(s.name)), Component: s.name, Path: servedPath(s.name) + ".crt"})
		}
	}
	places = append(places, Place{Name: serviceAccount, Component: "kube-apiserver", Path: serviceAccount + ".key",
		Key: true})
	for number := 1; number <= inventory.MostEncryptionKeys; number++ {
		name := encryptionFile(number)
		places = append(places, Place{Name: name, Component: "kube-apiserver", Path: name, Key: true})
	}
	return places
}
