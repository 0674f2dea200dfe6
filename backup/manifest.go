// Package backup is the file of a backup: a snapshot of etcd with the keys and the inventory that
// it is worthless without. It is written whole or not at all, sealed for those who may open it, and
// nothing of it is believed before its sums are compared. It knows no host and no session. Start at
// Manifest, then Write and Read.
package backup

import (
	"time"

	"kbootstrap/resource"
)

// Manifest is manifest.json, the first file in a backup: what is in it, and of what.
type Manifest struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Version is that of the tool that made the backup.
	Version string    `json:"version"`
	Cluster string    `json:"cluster"`
	Created time.Time `json:"created"`
	// Kubernetes is its version, and Versions are those of the other components.
	Kubernetes string            `json:"kubernetes"`
	Versions   map[string]string `json:"versions"`
	Etcd       Etcd              `json:"etcd"`
	// Part says that the backup is a part of one: see HostPart. A whole one has "".
	Part Part `json:"part,omitempty"`
	// Fingerprints tell keys apart and tell nothing of them, by the names of their files: see
	// certs.Fingerprints.
	Fingerprints map[string]string `json:"fingerprints"`
	Files        []File            `json:"files"`
}

// Part is what a backup consists of when it is not all of it.
type Part string

// HostPart is what a host makes by itself: the snapshot, and neither keys nor inventory, of which
// only the control machine has all. The fingerprints say which keys belong to it.
const HostPart Part = "host"

// Etcd is the snapshot.
type Etcd struct {
	Host    string `json:"host"` // whose member it was taken of
	Members int    `json:"members"`
	resource.EtcdStore
	Hash uint32 `json:"hash"` // of the database, as `etcdutl snapshot status` prints it
}

// File is one file of a backup.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"` // in bytes
	SHA256 string `json:"sha256"`
}

// The version and the kind of manifests.
const (
	apiVersion = "kbootstrap/v1"
	kind       = "Backup"
)

// The names of files in a backup. Those of the state directory begin with StatePrefix.
const (
	ManifestName  = "manifest.json"
	SnapshotName  = "etcd.snapshot"
	StatePrefix   = "state/"
	InventoryName = "inventory/hosts.yaml"
	LockName      = "inventory/artifacts.lock"
)

// Snapshot is the snapshot among the files.
func (m Manifest) Snapshot() File {
	for _, f := range m.Files {
		if f.Name == SnapshotName {
			return f
		}
	}
	return File{}
}
