package component

import (
	"maps"
	"slices"
	"strings"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/resource"
)

// base is what Kubernetes asks of a host: no firewall in the way, no swap, bridged traffic seen by
// iptables, forwarding.
var base = Component{
	Name: "base",
	On:   everywhere,
	Resources: func(t Target) []resource.Resource {
		// The first of all that is made, so that it is the last to go.
		rs := one(text(host.ClusterMark, 0o644, []byte(t.Cluster.Name+"\n")))
		if t.Cluster.Firewall == "disable" {
			// First of all: its catch-all REJECT in FORWARD breaks flannel, and turning it off
			// later would flush rules.
			rs = append(rs, resource.Service{Name: "firewalld.service"})
		}
		rs = append(rs, packages(t)...)
		if t.highlyAvailable() {
			// The package's own instance is not wanted; kube-api-proxy.service runs the program
			// with our configuration.
			rs = append(rs, resource.Service{Name: "haproxy.service"})
		}
		rs = append(rs, resource.Swap{}, resource.SELinux{Mode: "permissive"})
		rs = append(rs, modules()...)
		rs = append(rs, sysctls()...)
		rs = append(rs,
			resource.Dir{Path: "/etc/kubernetes", Mode: 0o755},
			resource.Dir{Path: "/etc/kubernetes/pki", Mode: 0o755},
		)
		return append(rs, t.keys("pki")...)
	},
}

// highlyAvailable reports whether there is more than one API server, so that hosts need a proxy to
// reach any of them.
func (t Target) highlyAvailable() bool { return len(t.Cluster.With(inventory.ControlPlane)) > 1 }

// packages are the programs that come from the distribution. They are installed only where they are
// missing.
func packages(t Target) []resource.Resource {
	rs := one(resource.Package{Program: "iptables", Apt: "iptables", Yum: "iptables"})
	if t.Minor() < 32 { // kube-proxy needs the conntrack program until 1.31
		rs = append(rs, resource.Package{Program: "conntrack", Apt: "conntrack", Yum: "conntrack-tools"})
	}
	if t.highlyAvailable() {
		rs = append(rs, resource.Package{Program: "haproxy", Apt: "haproxy", Yum: "haproxy"})
	}
	return rs
}

// modules are loaded now and at boot. Kernels may have them built in, so the feature is what is
// checked.
func modules() []resource.Resource {
	return one(
		text("/etc/modules-load.d/kbootstrap.conf", 0o644, []byte("overlay\nbr_netfilter\n")),
		resource.Module{Name: "overlay", Features: []string{"filesystem overlay"}},
		resource.Module{Name: "br_netfilter", Features: []string{"/proc/sys/net/bridge/bridge-nf-call-iptables"}},
	)
}

// sysctls are set now and at boot.
func sysctls() []resource.Resource {
	values := map[string]string{
		"net.bridge.bridge-nf-call-iptables":  "1", // kube-proxy sees the traffic between pods of one host
		"net.bridge.bridge-nf-call-ip6tables": "1",
		"net.ipv4.ip_forward":                 "1",
	}
	var rs []resource.Resource
	var file strings.Builder
	for _, key := range slices.Sorted(maps.Keys(values)) {
		file.WriteString(key + " = " + values[key] + "\n")
		rs = append(rs, resource.Sysctl{Key: key, Value: values[key]})
	}
	return append(one(text("/etc/sysctl.d/99-kbootstrap.conf", 0o644, []byte(file.String()))), rs...)
}
