package component

import (
	"encoding/json"
	"fmt"

	"kbootstrap/inventory"
	"kbootstrap/resource"
)

// Teardown is the book of a reset: what makes hosts what they were before. Hosts leave a cluster
// that stays, which one that is removed as a whole has no need of.
func Teardown(whole bool) []Component {
	if whole {
		return []Component{stop, restore, remove}
	}
	return []Component{leave, stop, restore, remove}
}

// leave takes the node of a host out of the cluster.
var leave = Component{
	Name:   "leave",
	On:     everywhere,
	AtLead: true,
	Resources: func(t Target) []resource.Resource {
		manifest, err := json.Marshal(map[string]any{
			"apiVersion": "v1", "kind": "Node", "metadata": map[string]any{"name": t.Host.Name},
		})
		if err != nil {
			panic(fmt.Sprintf("provision: node %s: %v", t.Host.Name, err)) // a name of the inventory is text
		}
		return one(resource.Object{Manifest: manifest, Kubeconfig: SuperAdmin, Absent: true})
	},
}

// stop is a host on which nothing of ours runs, and nothing that it ran: last started, first
// stopped.
var stop = Component{
	Name:  "stop",
	On:    everywhere,
	After: []string{"leave"},
	Resources: func(Target) []resource.Resource {
		var rs []resource.Resource
		for _, unit := range stopOrder {
			rs = append(rs, resource.Service{Name: unit + ".service"})
		}
		rs = append(rs, resource.Shims{Program: "/opt/kbootstrap/", Absent: true}) // containers outlive their services
		for _, dir := range mountedBelow {
			rs = append(rs, resource.Mounts{Under: dir, Absent: true})
		}
		for _, name := range interfaces {
			rs = append(rs, resource.Interface{Name: name, Absent: true})
		}
		// Never a flush: the operator's own rules, and with them the SSH session, stay.
		return append(rs, resource.Chains{Prefixes: chainPrefixes, Absent: true})
	},
}

// Restore is the name of the component that puts back what was there before, and uses up the
// records of it.
const Restore = "restore"

// restore comes when nothing runs any more. The records are no resource yet: who carries the step
// out asks the host to put them back, but for those in KeptRecords.
var restore = Component{
	Name:      Restore,
	On:        everywhere,
	After:     []string{"stop"},
	Resources: func(Target) []resource.Resource { return nil },
}

// KeptRecords are the IDs of what a reset does not put back: firewalld and swap stay off, unless
// the inventory wants them.
func KeptRecords(c *inventory.Cluster) []string {
	if c.RestoreOnReset {
		return nil
	}
	return []string{resource.Service{Name: "firewalld.service"}.ID(), resource.Swap{}.ID()}
}

// remove is a host without the data of Kubernetes. It comes after the records of what was there
// before are used up.
var remove = Component{
	Name:  "remove",
	On:    everywhere,
	After: []string{Restore},
	Resources: func(Target) []resource.Resource {
		var rs []resource.Resource
		for _, dir := range dataDirs {
			rs = append(rs, resource.Tree{Path: dir, Absent: true})
		}
		return rs
	},
}

var (
	// stopOrder are the services of ours, in reverse order of start.
	stopOrder = []string{
		"flanneld", "kube-proxy", "kubelet", "kube-scheduler", "kube-controller-manager", "kube-apiserver", "kube-api-proxy",
		"cri-dockerd", "docker", "containerd", "etcd",
	}
	mountedBelow = []string{
		"/var/lib/kubelet", "/run/containerd", "/run/docker", "/var/lib/docker", "/var/lib/containerd", "/run/netns",
	}
	interfaces    = []string{"cni0", "flannel.1", "docker0"}
	chainPrefixes = []string{"KUBE-", "FLANNEL-", "CNI-", "DOCKER"}
	dataDirs      = []string{
		"/var/lib/etcd", "/var/lib/kubelet", "/var/lib/kube-proxy", "/var/lib/containerd", "/var/lib/docker", "/var/lib/cni",
		"/var/log/pods", "/var/log/containers", "/var/log/kubernetes", "/run/flannel", "/run/containerd", "/run/docker",
		"/etc/kubernetes", "/etc/etcd", "/etc/kube-flannel", "/etc/cni/net.d", "/opt/cni/bin",
		"/opt/kbootstrap", "/var/lib/kbootstrap",
		"/run/kbootstrap", // last: it tells a run after one that was killed to flush (see host.System.Recover)
	}
)
