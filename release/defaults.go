package release

import (
	"maps"
	"slices"
)

// set is one version of every component beside Kubernetes.
type set struct{ etcd, coredns, pause string }

// The versions that do not depend on the version of Kubernetes. They are the ones that the lab installs and tests, so
// what is installed without asking is what has been tried: containerd 2.2.0 is within containerd's own support table for
// all of Kubernetes 1.29 to 1.36 (compat.go).
//
// runc 1.1.5 and docker 20.10.24 are Debian 12's, which the lab runs. The upstream builds of these numbers lack the fixes
// that Debian carries; docs/artifacts.md says so, and which newer ones are pinned.
const (
	containerdVersion = "2.2.0"
	runcVersion       = "1.1.5"
	cniPluginsVersion = "1.9.1"
	flannelVersion    = "0.28.4"
	dockerVersion     = "20.10.24"
	criDockerdVersion = "0.3.26"
)

// defaults has the versions that follow Kubernetes, by its minor version: what kubeadm of that version installs, but
// etcd for 1.35 and 1.36, where it is the lab's.
var defaults = map[int]set{
	29: {etcd: "3.5.16", coredns: "1.11.1", pause: "3.9"},
	30: {etcd: "3.5.15", coredns: "1.11.1", pause: "3.9"},
	31: {etcd: "3.5.24", coredns: "1.11.3", pause: "3.10"},
	32: {etcd: "3.5.24", coredns: "1.11.3", pause: "3.10"},
	33: {etcd: "3.5.24", coredns: "1.12.0", pause: "3.10"},
	34: {etcd: "3.6.5", coredns: "1.12.1", pause: "3.10.1"},
	35: {etcd: "3.6.8", coredns: "1.12.4", pause: "3.10.1"},
	36: {etcd: "3.6.8", coredns: "1.14.2", pause: "3.10.2"},
}

// components returns the set by the names of Cluster.Versions.
func (s set) components() map[string]string {
	return map[string]string{
		"etcd":        s.etcd,
		"containerd":  containerdVersion,
		"runc":        runcVersion,
		"cni-plugins": cniPluginsVersion,
		"flannel":     flannelVersion,
		"docker":      dockerVersion,
		"cri-dockerd": criDockerdVersion,
		"coredns":     s.coredns,
		"pause":       s.pause,
	}
}

// Minors are the oldest and the newest minor version of Kubernetes that the tool knows.
func Minors() (oldest, newest int) {
	minors := slices.Sorted(maps.Keys(defaults))
	return minors[0], minors[len(minors)-1]
}
