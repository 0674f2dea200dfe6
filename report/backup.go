package report

import (
	"time"

	"kbootstrap/backup"
	"kbootstrap/provision"
	"kbootstrap/resource"
)

// Backup is the result of a backup.
type Backup struct {
	// The path of the file, or its name in the store: s3://….
	Path string `json:"path"`
	// How large it is, in bytes.
	Size int64 `json:"size"`
	// The sum of the whole file, in hex.
	SHA256 string `json:"sha256"`
	// For how many public keys it is sealed; 0 means that it is not.
	Recipients int `json:"recipients"`
	// The names of older backups that were removed from the store, because it is to keep so many.
	Removed []string `json:"removed,omitempty"`
	// How long it took, in milliseconds.
	DurationMs int64 `json:"durationMs"`
	// What is in it.
	Manifest Manifest `json:"manifest"`
}

// Manifest is what a backup says of itself.
type Manifest struct {
	// The name of the cluster.
	Cluster string `json:"cluster"`
	// When it was made, in UTC.
	Created Time `json:"created"`
	// The version of the tool that made it.
	Version string `json:"version"`
	// The version of Kubernetes.
	Kubernetes string `json:"kubernetes"`
	// The versions of the other components.
	Versions map[string]string `json:"versions"`
	// What part of a backup it is: "host" for a set that a host has made by itself, which has no
	// keys; left out when it is whole.
	Part string `json:"part,omitempty"`
	// What etcd held.
	Etcd ManifestEtcd `json:"etcd"`
	// How many files are in it.
	Files int `json:"files"`
}

// ManifestEtcd is what etcd held at the revision of the snapshot.
type ManifestEtcd struct {
	// The host whose member the snapshot was taken of.
	Host string `json:"host"`
	// The revision of the snapshot.
	Revision int64 `json:"revision"`
	// How many keys there were.
	Keys int64 `json:"keys"`
	// How large the snapshot is, in bytes.
	Size int64 `json:"size"`
	// The sum of the snapshot, in hex.
	SHA256 string `json:"sha256"`
	// The UID of the namespace kube-system, which tells clusters apart.
	KubeSystemUID string `json:"kubeSystemUID"`
	// The UIDs of the nodes, by name.
	Nodes map[string]string `json:"nodes"`
}

// Rehearsal is the result of verifying a backup.
type Rehearsal struct {
	// Whether the snapshot was restored into an etcd of its own; otherwise only sums were compared.
	Rehearsed bool `json:"rehearsed"`
	// How long it took, in milliseconds.
	DurationMs int64 `json:"durationMs"`
	// What is in the backup.
	Manifest Manifest `json:"manifest"`
}

// NewBackup is the result of a backup that was written.
func NewBackup(w backup.Written, recipients int, removed []string, took time.Duration) Backup {
	return Backup{
		Path: w.Path, Size: w.Size, SHA256: w.SHA256, Recipients: recipients, Removed: removed,
		DurationMs: took.Milliseconds(),
		Manifest:   newManifest(w.Manifest),
	}
}

// NewRehearsal is the result of a rehearsal.
func NewRehearsal(r provision.Rehearsal) Rehearsal {
	return Rehearsal{
		Rehearsed: r.Store != nil, DurationMs: r.Took.Milliseconds(), Manifest: newManifest(r.Manifest),
	}
}

func newManifest(m backup.Manifest) Manifest {
	return Manifest{
		Cluster: m.Cluster, Created: Time{m.Created}, Version: m.Version, Kubernetes: m.Kubernetes,
		Versions: m.Versions, Files: len(m.Files), Part: string(m.Part),
		Etcd: ManifestEtcd{
			Host: m.Etcd.Host, Revision: m.Etcd.Revision, Keys: m.Etcd.Keys,
			Size: m.Snapshot().Size, SHA256: m.Snapshot().SHA256,
			KubeSystemUID: m.Etcd.System, Nodes: m.Etcd.Nodes,
		},
	}
}

// Restore is the result of a restore.
type Restore struct {
	// How long it took, in milliseconds.
	DurationMs int64 `json:"durationMs"`
	// The revision of etcd afterwards.
	Revision int64 `json:"revision"`
	// How many keys etcd holds.
	Keys int64 `json:"keys"`
	// The nodes that the inventory does not have; empty if there are none.
	Strangers []string `json:"strangers"`
	// What was restored.
	Manifest Manifest `json:"manifest"`
}

// NewRestore is the result of a restore.
func NewRestore(m backup.Manifest, store resource.EtcdStore, strangers []string, took time.Duration) Restore {
	return Restore{
		DurationMs: took.Milliseconds(), Revision: store.Revision, Keys: store.Keys,
		Strangers: append([]string{}, strangers...), Manifest: newManifest(m),
	}
}
