package provision

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"kbootstrap/inventory"
	"kbootstrap/provision/resource"
	"kbootstrap/templates"
)

const superAdmin = "/etc/kubernetes/super-admin.conf"

// access is who may do what in the cluster before anybody else is in it. It is bound with super-admin.conf, whose group
// needs no binding; nothing else uses that file.
var access = Component{
	Name:  "access",
	On:    Target.first,
	After: []string{"kube-apiserver"},
	Resources: func(t Target) []resource.Resource {
		return objects(superAdmin, templates.AccessYAML.Render(struct{}{}))
	},
}

// joined waits until the cluster has taken the node in. What needs the node's subnet starts only then: flanneld would exit
// and be started again and again, and kube-proxy would be in a back-off of seconds.
func (t Target) joined() []resource.Resource {
	return one(resource.NodeStatus{
		Name: t.Host.Name, Is: resource.HasSubnet, Kubeconfig: kubeletConfig, Timeout: 180 * time.Second,
	})
}

// nodes are the labels and taints that the inventory gives to nodes. The API is asked, and not the kubelet, since a
// kubelet may not label itself as a control plane.
var nodes = Component{
	Name:  "nodes",
	On:    Target.first,
	After: []string{"access"},
	Needs: []string{"kubelet"},
	Resources: func(t Target) []resource.Resource {
		var rs []resource.Resource
		for _, h := range t.Cluster.Hosts {
			host := t
			host.Host = h
			rs = append(rs, host.node())
		}
		return rs
	},
}

// node is the node of this host with its labels and taints.
func (t Target) node() resource.Resource {
	labels := map[string]string{}
	for key, value := range t.Host.Labels {
		labels[key] = value
	}
	if t.Has(inventory.ControlPlane) {
		labels["node-role.kubernetes.io/control-plane"] = ""
	}
	var taints []string
	for _, taint := range t.taints() {
		taints = append(taints, taintText(taint))
	}
	return resource.Node{
		Name: t.Host.Name, Kubeconfig: superAdmin, Labels: labels, Taints: taints, Timeout: 120 * time.Second,
	}
}

// coreDNS is the first add-on: the names of Services.
var coreDNS = Component{
	Name:  "coredns",
	On:    Target.first,
	After: []string{"access", "kube-controller-manager"},
	Resources: func(t Target) []resource.Resource {
		return objects(superAdmin, templates.CoreDNSYAML.Render(templates.DNSManifest{
			Image: t.Release.Image("coredns"), ClusterDomain: t.Cluster.Network.Domain,
			Address: t.Cluster.ServiceIP(10), Replicas: 2, Upstream: t.Upstream,
		}))
	},
}

// health is what "done" means on each host: its node is Ready, and a name of the cluster resolves from it, which takes
// kube-proxy, flannel and CoreDNS together.
var health = Component{
	Name:  "health",
	On:    everywhere,
	After: []string{"images", "docker", "kube-proxy", "flannel", "tools"},
	Needs: []string{"coredns", "kube-scheduler", "nodes"},
	Resources: func(t Target) []resource.Resource {
		return one(
			resource.NodeStatus{Name: t.Host.Name, Is: resource.IsReady, Kubeconfig: kubeletConfig, Timeout: 120 * time.Second},
			resource.Ready{
				Name:    "cluster DNS answers",
				URL:     fmt.Sprintf("dns://%s/kubernetes.default.svc.%s", t.Cluster.ServiceIP(10), t.Cluster.Network.Domain),
				Expect:  t.Cluster.ServiceIP(1).String(),
				Timeout: 120 * time.Second,
			},
		)
	},
}

// objects turns a YAML stream into one Object a document.
func objects(kubeconfig string, manifests []byte) []resource.Resource {
	var rs []resource.Resource
	for i, document := range strings.Split(string(manifests), "\n---\n") {
		var object map[string]any
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			panic("provision: manifest " + strconv.Itoa(i) + ": " + err.Error())
		}
		manifest, err := json.Marshal(object)
		if err != nil {
			panic("provision: manifest " + strconv.Itoa(i) + ": " + err.Error())
		}
		rs = append(rs, resource.Object{Manifest: manifest, Kubeconfig: kubeconfig})
	}
	return rs
}
