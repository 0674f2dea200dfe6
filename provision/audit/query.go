package audit

import (
	"slices"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/resource/api"
)

// Programs are the executables whose processes are looked at.
func Programs() []string {
	return []string{
		apiServerProgram, controllerProgram, schedulerProgram, etcdProgram, kubeletProgram, proxyProgram, "flanneld",
		"containerd", "dockerd", "cri-dockerd", "haproxy", "kube-router",
	}
}

var (
	programFiles = []string{component.ProgramsDir + "/**"}
	socketFiles  = []string{"/run/containerd/containerd.sock", "/run/docker.sock", "/run/cri-dockerd.sock"}
	configDirs   = []string{"/etc/kubernetes", "/etc/etcd", "/var/lib/kubelet/pki", "/etc/cni/net.d", "/etc/containerd"}
)

// documentFlags are the flags that name a configuration.
var documentFlags = []string{
	"config", "config-file", "kubeconfig", "authentication-config", "authorization-config",
	"admission-control-config-file", "audit-policy-file", "encryption-provider-config",
}

// Query is what a host is asked.
func Query() host.InspectionQuery {
	q := host.InspectionQuery{
		Programs: Programs(), Variables: []string{"ETCD_"}, DocumentFlags: documentFlags,
		// An AdmissionConfiguration may name others.
		Documents: []string{"/etc/kubernetes/*.yaml"},
		Files: slices.Concat(programFiles, socketFiles, []string{
			"/var/lib/cni/networks/**", "/var/lib/etcd", "/root/.kube/config", "/var/lib/kubelet/config.yaml",
			runtimeProgram,
		}),
	}
	for _, dir := range configDirs {
		q.Files = append(q.Files, dir+"/**")
	}
	for _, c := range component.Components() {
		for _, u := range c.Units {
			q.Units = append(q.Units, u)
			q.Files = append(q.Files, "/etc/systemd/system/"+u, "/etc/systemd/system/"+u+".d/*",
				"/run/systemd/system/"+u+".d/*")
		}
	}
	return q
}

// Listing is what the API is asked, through a kubeconfig on a host.
func Listing(kubeconfig string, c *inventory.Cluster) api.ListingQuery {
	q := api.ListingQuery{
		Kubeconfig: kubeconfig,
		Lists: []string{
			clusterRoles, clusterRoleBindings, roles, roleBindings, namespaces, serviceAccounts, pods, services,
			networkPolicies, validatingWebhooks,
		},
		Metadata: []string{legacyTokens, bootstrapTokens},
	}
	for _, h := range c.Hosts {
		q.Kubelets = append(q.Kubelets, h.Name)
	}
	return q
}

// portsOf are the ports of TCP that components declare for others than the host itself.
func portsOf(c *inventory.Cluster) map[int]component.Port {
	ports := map[int]component.Port{}
	for _, of := range component.Components() {
		for _, p := range of.Ports {
			if p.Network == "tcp" && (!p.Loopback || p.Address) {
				ports[p.In(c)] = p
			}
		}
	}
	return ports
}
