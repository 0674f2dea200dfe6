package templates

import "net/netip"

// ContainerdConfig is the data of /etc/containerd/config.toml.
type ContainerdConfig struct {
	// Version is the version of the file's format: 3 from containerd 2.0, 2 before.
	Version int
	Pause   string // the image of pod sandboxes, which must be the one that is on the host already
}

// DockerConfig is the data of /etc/docker/daemon.json.
type DockerConfig struct{ ContainerdSocket string }

// KubeletConfig is the data of /var/lib/kubelet/config.yaml, a KubeletConfiguration.
type KubeletConfig struct {
	ClusterDNS    netip.Addr
	ClusterDomain string
	// RuntimeEndpoint is the CRI socket as a URL.
	RuntimeEndpoint string
	// CgroupV1 writes failCgroupV1: false, without which a kubelet from 1.35 refuses such a host. The field exists from
	// 1.31.
	CgroupV1 bool
	// Resolv is the resolv.conf that pods inherit; systemd-resolved's stub would loop.
	Resolv string
	Taints []Taint
}

// Taint is a taint that a node registers with.
type Taint struct{ Key, Value, Effect string }

// ProxyConfig is the data of /var/lib/kube-proxy/config.yaml, a KubeProxyConfiguration.
type ProxyConfig struct {
	NodeName string
	Pods     netip.Prefix
	// Conntrack is false where the host's limits cannot be written, as in a container; kube-proxy exits otherwise.
	Conntrack bool
}

// APIProxyConfig is the data of /etc/kubernetes/api-proxy.cfg, HAProxy's configuration.
type APIProxyConfig struct {
	Port    int // on 127.0.0.1
	Servers []APIServer
}

// APIServer is one backend of the API proxy.
type APIServer struct {
	Name    string
	Address netip.AddrPort
}

// FlannelConfig is the data of /etc/kube-flannel/net-conf.json.
type FlannelConfig struct {
	Pods    netip.Prefix
	Backend string
	Port    int // UDP, for vxlan
}

// DNSManifest is the data of the CoreDNS add-on.
type DNSManifest struct {
	Image         string
	ClusterDomain string
	Address       netip.Addr
	Replicas      int
	// Upstream says that the hosts know a DNS server for names outside of the cluster. Without one there is nothing to
	// forward to, and CoreDNS would stop at a loop.
	Upstream bool
}

// The configuration files and manifests.
var (
	ContainerdTOML     = Template[ContainerdConfig]{"containerd.toml.tmpl"}
	DockerJSON         = Template[DockerConfig]{"docker-daemon.json.tmpl"}
	KubeletYAML        = Template[KubeletConfig]{"kubelet.yaml.tmpl"}
	ProxyYAML          = Template[ProxyConfig]{"kube-proxy.yaml.tmpl"}
	APIProxyCFG        = Template[APIProxyConfig]{"api-proxy.cfg.tmpl"}
	AuditPolicyYAML    = Template[struct{}]{"audit-policy.yaml.tmpl"}
	AuthenticationYAML = Template[struct{}]{"authentication.yaml.tmpl"}
	FlannelJSON        = Template[FlannelConfig]{"net-conf.json.tmpl"}
	CNIConfigScript    = Template[struct{}]{"cni-config.sh.tmpl"}
	AccessYAML         = Template[struct{}]{"access.yaml.tmpl"}
	CoreDNSYAML        = Template[DNSManifest]{"coredns.yaml.tmpl"}
)
