package component

import (
	"time"

	"kbootstrap/inventory"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// nodes is the label and taints that the inventory gives to the node of a host. The API is asked,
// and not the kubelet, because a kubelet may not label itself as a control plane.
var nodes = Component{
	Name:      "nodes",
	On:        everywhere,
	AtLead:    true,
	After:     []string{"access", "kubelet"},
	Resources: func(t Target) []resource.Resource { return one(nodeOf(t)) },
}

// joined waits until the cluster has taken the node in, which a component does. What needs the
// node's subnet starts only then: flanneld would exit and be started again and again, and
// kube-proxy would be in a back-off of seconds.
func (t Target) joined(by string) []resource.Resource {
	return one(api.NodeStatus{
		Name: t.Host.Name, Is: api.HasSubnet, Kubeconfig: KubeletConfig, Timeout: 180 * time.Second, For: by,
	})
}

// enlisted is a kubelet that has registered its node, also where the node was deleted since.
func (t Target) enlisted() []resource.Resource {
	return one(api.Registration{Node: t.Host.Name, Kubeconfig: KubeletConfig, Timeout: 180 * time.Second})
}

// nodeOf is the node of this host with its labels and taints.
func nodeOf(t Target) resource.Resource {
	labels := map[string]string{}
	for key, value := range t.Host.Labels {
		labels[key] = value
	}
	if t.Has(inventory.ControlPlane) {
		labels["node-role.kubernetes.io/control-plane"] = ""
	}
	var taints []string
	for _, taint := range taintsOf(t) {
		taints = append(taints, taintText(taint))
	}
	return api.Node{
		Name: t.Host.Name, Kubeconfig: Admin, Labels: labels, Taints: taints, Timeout: 120 * time.Second,
	}
}
