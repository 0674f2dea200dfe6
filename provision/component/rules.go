package component

import (
	"slices"

	"kbootstrap/inventory"
	"kbootstrap/release"
)

// Rules are what inventories are checked against.
func Rules() inventory.Rules {
	oldest, newest := release.Minors()
	return inventory.Rules{
		Programs: programs(), Ports: ports(), Versions: pinnable(), OldestMinor: oldest, NewestMinor: newest,
	}
}

// programs are those that can be given arguments, in the order of their start.
func programs() []inventory.Program {
	noDocker := func(c *inventory.Cluster) string {
		if c.Runtime == "containerd" {
			return "runtime is containerd"
		}
		return ""
	}
	return []inventory.Program{
		{Name: "etcd", Owned: ownedFlags["etcd"]},
		{Name: "dockerd", Owned: ownedFlags["dockerd"], Absent: noDocker},
		{Name: "kube-apiserver", Owned: ownedFlags["kube-apiserver"]},
		{Name: "kube-controller-manager", Owned: ownedFlags["kube-controller-manager"]},
		{Name: "kube-scheduler", Owned: ownedFlags["kube-scheduler"]},
		{Name: "kubelet", Owned: ownedFlags["kubelet"]},
		{Name: "kube-proxy", Owned: ownedFlags["kube-proxy"]},
		{Name: "flanneld", Owned: ownedFlags["flanneld"]},
	}
}

// ports are those that are taken whatever an inventory says, by number
// (kubernetes.io/docs/reference/networking/ports-and-protocols).
func ports() []inventory.Port {
	return []inventory.Port{
		{Network: "tcp", Number: 22, By: "SSH"},
		{Network: "tcp", Number: 2379, By: "etcd, clients"},
		{Network: "tcp", Number: 2380, By: "etcd, members"},
		{Network: "tcp", Number: 8081, By: "flanneld, health"},
		{Network: "tcp", Number: 10248, By: "kubelet, health"},
		{Network: "tcp", Number: 10249, By: "kube-proxy, metrics"},
		{Network: "tcp", Number: 10250, By: "kubelet"},
		{Network: "tcp", Number: 10256, By: "kube-proxy, health"},
		{Network: "tcp", Number: 10257, By: "kube-controller-manager"},
		{Network: "tcp", Number: 10258, By: "cloud-controller-manager"},
		{Network: "tcp", Number: 10259, By: "kube-scheduler"},
	}
}

// pinnable are the components whose version an inventory may choose: all that have sources, except
// for Kubernetes, whose version has a field of its own.
func pinnable() []string {
	var names []string
	for _, s := range Sources() {
		if s.Component != "kubernetes" && !slices.Contains(names, s.Component) {
			names = append(names, s.Component)
		}
	}
	return names
}
