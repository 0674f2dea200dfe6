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
	Reads: []Reading{
		{What: "drop-ins of our units, in any directory of systemd, and those of all services (`service.d`)",
			Whose: "the operator's, as long as they add an environment variable, a limit or an order; " +
				"`ForeignSetting` fails on what replaces the command, the user, the sandbox or the like"},
		{What: "the environment that systemd gives to all services",
			Whose: "the operator's for containerd and docker, which pull images by it; " +
				"the units of etcd, flannel and Kubernetes take back proxies and what else changes them"},
		{What: "`/etc/ld.so.preload`", Whose: "the operator's; `ServiceEnvironment` warns"},
		{What: "`/etc/sysctl.d` and its like", Whose: "ours is `" + sysctlFile + "`, which comes last; " +
			"`BootSettings` fails on a file that comes after it and says otherwise"},
		{What: "`/etc/modprobe.d` and its like",
			Whose: "the operator's; `BootSettings` fails where a module that is needed may not be loaded"},
		{What: "`/etc/NetworkManager/conf.d`", Whose: "the operator's; ours adds the interfaces of pods to those " +
			"that NetworkManager leaves alone, from its next start or `systemctl reload NetworkManager` on"},
		{What: "`/etc/systemd/network`", Whose: "the operator's; where systemd-networkd is in use, `" +
			resource.NetworkdFile + "` comes first and has networkd leave the interfaces of pods alone"},
		{What: "the packet filter", Whose: "the operator's; " +
			"`PacketFilter` names the chains that drop what pods send, whatever kube-proxy and flannel accept"},
		{What: "`/etc/hosts`, `/etc/nsswitch.conf`, the host's name", Whose: "the operator's: " +
			"our services reach each other by address, and nodes have the names of the inventory. " +
			"The line of the cluster's registry is ours"},
	},
	Resources: func(t Target) []resource.Resource {
		// The first of all that is made, so that it is the last to go.
		rs := one(text(host.ClusterMark, 0o644, []byte(t.Cluster.Name+"\n")))
		if t.Cluster.Firewall == inventory.FirewallDisable {
			// First of all: its catch-all REJECT in FORWARD breaks flannel, and turning it off
			// later would flush rules.
			rs = append(rs, resource.Service{Name: firewalldUnit})
			if t.Facts.Programs["ufw"] != "" {
				rs = append(rs, resource.UFW{})
			}
		}
		rs = append(rs, t.packagesProxied())
		rs = append(rs, packages(t)...)
		if t.highlyAvailable() {
			// The package's own instance is not wanted; kube-api-proxy.service runs the program
			// with our configuration.
			rs = append(rs, resource.Service{Name: "haproxy.service"})
		}
		rs = append(rs, resource.Swap{})
		if t.Cluster.SELinux == inventory.SELinuxPermissive {
			rs = append(rs, resource.SELinux{Mode: "permissive"})
		}
		rs = append(rs, modules()...)
		rs = append(rs, sysctls(t.Cluster)...)
		rs = append(rs, t.unmanaged()...)
		rs = append(rs, t.unnetworked()...)
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
	var rs []resource.Resource
	add := func(program, apt, yum string) {
		p := resource.Package{Program: program, Apt: apt, Yum: yum}
		if hasProxy(t.Cluster) {
			p.Environment = packageProxy
		}
		rs = append(rs, p)
	}
	add("iptables", "iptables", "iptables")
	if t.Minor() < 32 { // kube-proxy needs the conntrack program until 1.31
		add("conntrack", "conntrack", "conntrack-tools")
	}
	if t.filtersByNFTables() {
		add("nft", "nftables", "nftables")
	}
	if hasPolicies(t.Cluster) {
		add("ipset", "ipset", "ipset")
	}
	if t.highlyAvailable() {
		add("haproxy", "haproxy", "haproxy")
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

// sysctlFile sets the kernel parameters at each boot. systemd-sysctl reads the files of all
// directories in the order of their names and keeps the last value, so the name sorts behind those
// that people and distributions choose: /etc/sysctl.d/99-sysctl.conf is /etc/sysctl.conf.
const sysctlFile = "/etc/sysctl.d/zzz-kbootstrap.conf"

// formerSysctlFile is where earlier versions put it.
const formerSysctlFile = "/etc/sysctl.d/99-kbootstrap.conf"

// kernelParameters are those that the network of the cluster needs.
var kernelParameters = map[string]string{
	"net.bridge.bridge-nf-call-iptables":  "1", // kube-proxy sees the traffic between pods of one host
	"net.bridge.bridge-nf-call-ip6tables": "1",
	"net.ipv4.ip_forward":                 "1",
}

// sysctls are set now and at boot.
func sysctls(c *inventory.Cluster) []resource.Resource {
	parameters, _ := KernelParameters(c)
	var rs []resource.Resource
	var file strings.Builder
	for _, key := range slices.Sorted(maps.Keys(parameters)) {
		file.WriteString(key + " = " + parameters[key] + "\n")
		rs = append(rs, resource.Sysctl{Key: key, Value: parameters[key]})
	}
	// ip_forward by its other name: a value that a file before has set already keeps its place in
	// the order of systemd-sysctl, before a file that sets this one.
	file.WriteString("net.ipv4.conf.all.forwarding = 1\n")
	return list(one(
		text(sysctlFile, 0o644, []byte(file.String())),
		resource.File{Path: formerSysctlFile, Absent: true},
	), rs)
}
