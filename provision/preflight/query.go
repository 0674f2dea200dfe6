package preflight

import (
	"slices"
	"strings"

	"kbootstrap/host"
	"kbootstrap/inventory"
)

// places are the paths that the tool and what it starts write to.
var places = []string{
	"/", "/etc/kubernetes", "/opt/kbootstrap", "/opt/cni/bin", "/run", "/usr/local/bin", "/var/lib/containerd", "/var/lib/docker",
	"/var/lib/etcd", "/var/lib/kbootstrap", "/var/lib/kubelet", "/var/log",
}

// Place returns that of the paths in a Query under which a path is; Writes are counted by it.
func Place(path string) string {
	best := "/"
	for _, place := range places {
		if (path == place || strings.HasPrefix(path, place+"/")) && len(place) > len(best) {
			best = place
		}
	}
	return best
}

// Query is what the checks want to know of a host besides its facts.
func Query(c *inventory.Cluster, h inventory.Host) host.SurveyQuery {
	q := host.SurveyQuery{
		Paths:   places,
		Units:   slices.Concat([]string{firewalld, "kube-api-proxy.service"}, runtimes, clusters),
		Modules: []string{"overlay", "br_netfilter", "nf_conntrack"},
		Traces:  traces, DataDir: "/var/lib/etcd", CA: "/etc/kubernetes/pki/ca.crt", Packages: true,
	}
	if c.Network.Flannel.Backend == "vxlan" {
		q.Modules = append(q.Modules, "vxlan")
	}
	for _, l := range listeners(c, h) {
		if l.network == "udp" {
			q.UDP = append(q.UDP, l.port)
		} else {
			q.TCP = append(q.TCP, l.port)
		}
	}
	return q
}
