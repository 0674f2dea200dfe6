// Package inventory turns a hosts.yaml into a Cluster: a strict decode, the defaults, and every
// problem at once with its line and column. It touches no host and no network. Start at Load.
package inventory

import "net/netip"

// Role is what a host is for. A host may have several.
type Role string

// The roles of a host.
const (
	Etcd         Role = "etcd"
	ControlPlane Role = "control-plane"
	Worker       Role = "worker"
)

// Cluster is a validated inventory with every default filled in.
type Cluster struct {
	// Name is an RFC 1123 label. It names the kubeconfig context, the state directory and the etcd
	// token.
	Name string
	// File is the path the inventory was read from; relative paths in it are resolved against its
	// directory.
	File string
	// Kubernetes is the version of all Kubernetes components, such as "v1.36.3". It has no default:
	// the inventory says it.
	Kubernetes string
	// Versions pins the other components; see package release for the defaults by Kubernetes minor
	// version. The keys are of Rules.Versions; the values have no leading v.
	Versions map[string]string
	Network  Network
	// Runtime is "docker" (dockerd, which shares containerd) or "containerd" (no docker).
	Runtime string
	// CRI is the runtime that the kubelet talks to: "containerd" or "dockerd" (through
	// cri-dockerd).
	CRI string
	// Firewall is FirewallDisable, FirewallConfigure or FirewallLeave.
	Firewall string
	// SELinux is SELinuxPermissive or SELinuxLeave.
	SELinux string
	// RestoreOnReset reports whether `reset` turns firewalld and swap on again where the tool had
	// turned them off.
	RestoreOnReset bool
	Security       Security
	Backup         Backup
	AddOns         AddOns
	Registries     Registries
	Proxy          Proxy
	Artifacts      Artifacts
	// Arguments are extra command line flags by program, such as Arguments["kube-apiserver"]["v"] =
	// "4". They win over the tool's own, or are joined with them where Rules.Programs says so.
	Arguments map[string]map[string]string
	Hosts     []Host
	// Warnings are what the inventory may say, and better does not.
	Warnings Problems
}

// Network holds the address plan of the cluster.
type Network struct {
	Pods     netip.Prefix // pod CIDR; each node gets a /24 of it
	Services netip.Prefix // service CIDR, /12 to /28; its first address is the API's, its tenth is the DNS's
	// NodePorts is the range that Services of type NodePort may use (--service-node-port-range).
	NodePorts PortRange
	// APIPort is the port of kube-apiserver on control planes; 6443 by default.
	APIPort int
	// LocalAPIPort is the port on 127.0.0.1 of every host where the proxy to all API servers
	// listens when there is more than one control plane; 7443 by default.
	LocalAPIPort int
	Domain       string // the cluster domain of DNS names; "cluster.local"
	IPv6         IPv6
	Flannel      Flannel
	// Policy is who enforces NetworkPolicy: PolicyKubeRouter, or PolicyNone.
	Policy string
}

// IPv6 is the part of the address plan that makes a cluster one of both families.
type IPv6 struct {
	Pods     netip.Prefix // each node gets a /64 of it
	Services netip.Prefix // /108 to /124; its first address is the API's, its tenth is the DNS's
}

// IsDualStack reports whether pods, Services and nodes have addresses of IPv6 next to those of
// IPv4.
func (n Network) IsDualStack() bool { return n.IPv6.Pods.IsValid() }

// PodNetworks are the networks of pods, that of IPv4 first.
func (n Network) PodNetworks() []netip.Prefix { return valid(n.Pods, n.IPv6.Pods) }

// ServiceNetworks are the networks of Services, that of IPv4 first.
func (n Network) ServiceNetworks() []netip.Prefix { return valid(n.Services, n.IPv6.Services) }

// The values of Network.Policy.
const (
	PolicyKubeRouter = "kube-router"
	PolicyNone       = "none" // the API takes policies, and they have no effect
)

// PortRange is an inclusive range of ports, written "30000-32767".
type PortRange struct{ First, Last int }

// Flannel configures the overlay network between hosts.
type Flannel struct {
	Backend string // VXLAN, HostGW or WireGuard
	// Port is the UDP port of VXLAN, 8472, the kernel's own, or that of WireGuard, 51820.
	Port int
	// MTU is the largest packet that the network between the hosts carries, where that is less than
	// the MTU of their interfaces; 0 means the latter.
	MTU int
}

// The backends of flannel.
const (
	VXLAN     = "vxlan"
	HostGW    = "host-gw"
	WireGuard = "wireguard"
)

// UDP returns the port on which the hosts of the cluster send each other what pods send; 0 when it
// goes as it is.
func (f Flannel) UDP() int {
	if f.Backend == HostGW {
		return 0
	}
	return f.Port
}

// What is done about SELinux.
const (
	// SELinuxPermissive has it forbid nothing.
	SELinuxPermissive = "permissive"
	// SELinuxLeave touches nothing.
	SELinuxLeave = "leave"
)

// What is done about the firewall of hosts.
const (
	// FirewallDisable stops and disables firewalld and ufw.
	FirewallDisable = "disable"
	// FirewallConfigure lets in what the cluster needs, and nothing else that the owner of a host
	// does not let in: in firewalld where it runs, and by nftables where it does not.
	FirewallConfigure = "configure"
	// FirewallLeave touches nothing.
	FirewallLeave = "leave"
)

// Artifacts says where binaries come from.
type Artifacts struct {
	// Mirror is a directory or an http(s) URL below which the upstream URLs are laid out by host
	// and path ("dl.k8s.io/release/v1.36.3/bin/linux/amd64/kubelet"). Empty means upstream itself.
	Mirror string
	// Others are asked in their order for what Mirror does not have or does not send.
	Others []string
	// Upstreams are URLs that stand in the place of a host of upstream, such as "registry.k8s.io",
	// in the order in which they are asked. Files have the same sums there, and images the same
	// digests.
	Upstreams map[string][]string
	// Lock is the file with the sha256 sum of each URL. Empty means artifacts.lock next to the
	// inventory, if that is there.
	Lock string
	// OwnBuilds reports whether the mirror has files that were not built by the projects, so that
	// only the lock knows their sums; nil when the inventory does not say.
	OwnBuilds *bool
	// PassOn reports whether hosts pass contents that many lack on to each other.
	PassOn bool
}

// Mirrors are all mirrors in the order in which they are asked.
func (a Artifacts) Mirrors() []string {
	if a.Mirror == "" {
		return nil
	}
	return append([]string{a.Mirror}, a.Others...)
}

// Host is one machine: how to reach it, and what it is in the cluster.
type Host struct {
	Name string // the node name, an RFC 1123 subdomain, and the host's own hostname
	// Address is the host's address in the cluster's network, on one of its interfaces. It is often
	// not the SSH address.
	Address netip.Addr
	// IPv6 is the host's address of that family on the same interface, where the cluster has both
	// families. The services of the cluster itself go by Address.
	IPv6   netip.Addr
	SSH    SSH
	Roles  []Role
	Labels map[string]string
	Taints []Taint
	// Line is the line of this host in the inventory, for messages.
	Line int
}

// SSH is how to log in to a host, as far as the inventory says. What it does not say is looked up
// in ssh_config, and only then takes the default that is named here.
type SSH struct {
	// Address is what one would type after `ssh`: a name of ssh_config, a DNS name or an address;
	// the cluster address by default.
	Address string
	Port    int    // 22 by default; 0 when not given
	User    string // "root" by default; empty when not given
	Key     string // path of a private key; empty means the agent, then the default keys of ~/.ssh
	Agent   bool   // use the agent at $SSH_AUTH_SOCK; true by default
	// PasswordFile is the path of a file with the password to log in with, for hosts that take no
	// key; empty means to ask.
	PasswordFile string
	Sudo         *bool // become root with sudo; when not given, true unless the user is root
	// SudoPasswordFile is the path of a file with the password that sudo wants; empty means to ask
	// when it wants one.
	SudoPasswordFile string
	// Config is the path of the ssh_config file to use instead of the user's and the system's, or
	// "none" for no file.
	Config string
	// Jump is the way to the host, from the first jump host to the last. nil means that of
	// ssh_config; not nil and empty means none.
	Jump []Jump
	// KnownHosts is the path of the known_hosts file; ~/.ssh/known_hosts by default, empty when not
	// given.
	KnownHosts string
	// HostKeyPolicy says what happens with a host whose key is not known: "strict" refuses it,
	// "ask" asks, "accept-new" records it. A changed key is refused by all. By default it is ask at
	// a terminal, and strict without one.
	HostKeyPolicy string
	// HostKey pins the key: "SHA256:…" or "ssh-ed25519 AAAA…". It wins over known_hosts.
	HostKey string
}

// Taint is a node taint.
type Taint struct{ Key, Value, Effect string }

// Has reports whether the host has the role.
func (h Host) Has(role Role) bool {
	for _, r := range h.Roles {
		if r == role {
			return true
		}
	}
	return false
}

// Addresses are the addresses of a host in the cluster's network, that of IPv4 first.
func (h Host) Addresses() []netip.Addr {
	all := []netip.Addr{h.Address}
	if h.IPv6.IsValid() {
		all = append(all, h.IPv6)
	}
	return all
}

// With returns the hosts that have the role, in the order of the inventory.
func (c *Cluster) With(role Role) []Host {
	var hosts []Host
	for _, h := range c.Hosts {
		if h.Has(role) {
			hosts = append(hosts, h)
		}
	}
	return hosts
}

// Host returns the host of that name.
func (c *Cluster) Host(name string) (Host, bool) {
	for _, h := range c.Hosts {
		if h.Name == name {
			return h, true
		}
	}
	return Host{}, false
}
