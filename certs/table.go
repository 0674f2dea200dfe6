package certs

import (
	"crypto/x509"
	"slices"
	"strings"

	"kbootstrap/inventory"
)

// The certificate authorities, by their path in the store. They are apart so that trust is: a
// certificate of the cluster's does not open etcd, and one of the cluster's users cannot pose as
// the aggregator (CIS 2.7; the kubeadm reference, "PKI certificates and requirements").
const (
	kubernetesCA = "ca"
	etcdCA       = "etcd/ca"
	frontProxyCA = "front-proxy-ca"
)

// authority is a row of the table of certificate authorities.
type authority struct {
	name string // its path in the store, without suffix
	cn   string // its common name, as kubeadm gives it
}

var authorityTable = []authority{
	{kubernetesCA, "kubernetes"},
	{etcdCA, "etcd-ca"},
	{frontProxyCA, "front-proxy-ca"},
}

// serviceAccount is the key pair that signs service account tokens: sa.key and sa.pub. It is no
// certificate.
const serviceAccount = "sa"

// everyHost is the role of a row that every host has.
const everyHost inventory.Role = ""

// row is a row of the table of certificates: one identity on each host of a role, and where the
// host wants it, either as a pair of files or inside kubeconfigs.
type row struct {
	name      string
	role      inventory.Role
	first     bool                                              // only the first host of the role has it
	only      func(c *inventory.Cluster, h inventory.Host) bool // whether a host of the role has it; nil for each
	issuer    string
	cn, org   string // the subject; {host} stands for the host's name
	usages    []x509.ExtKeyUsage
	sans      func(c *inventory.Cluster, h inventory.Host) []string // nil for clients
	component string
	pair      string                                              // path on the host without .crt and .key
	configs   []string                                            // paths of kubeconfigs on the host
	server    func(c *inventory.Cluster, h inventory.Host) string // the API server of those kubeconfigs
}

var (
	client = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	server = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	// etcd uses its serving certificate as a client too: for its own gateway, and to its peers.
	both = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
)

// The groups that bind rights. ClusterAdmins is bound to cluster-admin by an ordinary
// ClusterRoleBinding, so it can be taken away; masters is built into the API server and cannot, so
// only the break-glass kubeconfig has it (CIS 5.1.7).
const (
	ClusterAdmins = "kubeadm:cluster-admins"
	masters       = "system:masters"
	nodes         = "system:nodes"
)

// FlannelUser is what the name of flanneld's user begins with, before that of the host, and
// FlannelGroup the group of all of them.
const (
	FlannelUser  = "flannel:"
	FlannelGroup = "kbootstrap:flannel"
)

// KubeRouterUser is what the name of kube-router's user begins with, before that of the host.
const KubeRouterUser = "kube-router:"

// EtcdPeer is the common name by which etcd's members tell each other from clients, which have
// certificates of the same authority. Only the host's addresses in a certificate say which member
// it is.
const EtcdPeer = "etcd-peer"

// KubeletClient is the user as whom API servers call kubelets. The role system:kubelet-api-admin
// is bound to it, and no other.
const KubeletClient = "kube-apiserver-kubelet-client"

// table is every certificate of every host. Names, subjects and usages follow kubeadm's, so that
// what is written about clusters made by kubeadm holds here. etcd's own keys lie outside
// /etc/kubernetes/pki, where everything must belong to root (CIS 1.1.19), because etcd runs as its
// own user (CIS 1.1.12).
var table = []row{
	{name: "etcd-server", role: inventory.Etcd, issuer: etcdCA,
		cn: "{host}", usages: both, sans: etcdSANs,
		component: "etcd", pair: "/etc/etcd/pki/server"},
	{name: "etcd-peer", role: inventory.Etcd, issuer: etcdCA,
		cn: EtcdPeer, usages: both, sans: etcdSANs,
		component: "etcd-peers", pair: "/etc/etcd/pki/peer"},
	{name: "etcd-healthcheck-client", role: inventory.Etcd, issuer: etcdCA,
		cn: "kube-etcd-healthcheck-client", usages: client,
		component: "etcd", pair: "/etc/etcd/pki/healthcheck-client"},

	{name: "apiserver", role: inventory.ControlPlane, issuer: kubernetesCA,
		cn: "kube-apiserver", usages: server, sans: apiserverSANs,
		component: "kube-apiserver", pair: "/etc/kubernetes/pki/apiserver"},
	{name: "apiserver-kubelet-client", role: inventory.ControlPlane, issuer: kubernetesCA,
		cn: KubeletClient, usages: client,
		component: "kube-apiserver", pair: "/etc/kubernetes/pki/apiserver-kubelet-client"},
	{name: "apiserver-etcd-client", role: inventory.ControlPlane, issuer: etcdCA,
		cn: "kube-apiserver-etcd-client", usages: client,
		component: "kube-apiserver", pair: "/etc/kubernetes/pki/apiserver-etcd-client"},
	{name: "front-proxy-client", role: inventory.ControlPlane, issuer: frontProxyCA,
		cn: "front-proxy-client", usages: client,
		component: "kube-apiserver", pair: "/etc/kubernetes/pki/front-proxy-client"},

	{name: "controller-manager", role: inventory.ControlPlane, issuer: kubernetesCA,
		cn: "system:kube-controller-manager", usages: client,
		component: "kube-controller-manager", configs: []string{"/etc/kubernetes/controller-manager.conf"},
		server: ownServer},
	// Without one it would serve its health with a self-signed certificate that no client can
	// verify.
	{name: "controller-manager-server", role: inventory.ControlPlane, issuer: kubernetesCA,
		cn: "kube-controller-manager", usages: server, sans: localSANs,
		component: "kube-controller-manager", pair: "/etc/kubernetes/pki/controller-manager"},
	{name: "scheduler", role: inventory.ControlPlane, issuer: kubernetesCA,
		cn: "system:kube-scheduler", usages: client,
		component: "kube-scheduler", configs: []string{"/etc/kubernetes/scheduler.conf"}, server: ownServer},
	{name: "scheduler-server", role: inventory.ControlPlane, issuer: kubernetesCA,
		cn: "kube-scheduler", usages: server, sans: localSANs,
		component: "kube-scheduler", pair: "/etc/kubernetes/pki/scheduler"},
	{name: "admin", role: inventory.ControlPlane, issuer: kubernetesCA,
		cn: adminUser, org: ClusterAdmins, usages: client,
		component: "admin", configs: []string{"/etc/kubernetes/admin.conf", "/root/.kube/config"}, server: ownServer},
	// The break-glass key lies where an administrator finds it, and nowhere else: it cannot be
	// revoked.
	{name: "super-admin", role: inventory.ControlPlane, first: true, issuer: kubernetesCA,
		cn: "kubernetes-super-admin", org: masters, usages: client,
		component: "admin", configs: []string{"/etc/kubernetes/super-admin.conf"}, server: ownServer},

	// The subjects are what the Node authorizer wants of a client, and the signer
	// kubernetes.io/kubelet-serving of a server.
	{name: "kubelet-client", role: everyHost, issuer: kubernetesCA,
		cn: "system:node:{host}", org: nodes, usages: client,
		component: "kubelet", configs: []string{"/etc/kubernetes/kubelet.conf"}, server: anyServer},
	{name: "kubelet", role: everyHost, issuer: kubernetesCA,
		cn: "system:node:{host}", org: nodes, usages: server, sans: kubeletSANs,
		component: "kubelet", pair: "/var/lib/kubelet/pki/kubelet"},
	// A key of its own for each host, though the user is the same, which may only read: a key that
	// leaks names the host it leaked from.
	{name: "kube-proxy", role: everyHost, issuer: kubernetesCA,
		cn: "system:kube-proxy", usages: client,
		component: "kube-proxy", configs: []string{"/etc/kubernetes/kube-proxy.conf"}, server: anyServer},
	// A user of its own for each host, because flanneld writes to its node, and root on one host
	// must not write to the nodes of others.
	{name: "flannel", role: everyHost, issuer: kubernetesCA,
		cn: FlannelUser + "{host}", org: FlannelGroup, usages: client,
		component: "flannel", configs: []string{"/etc/kubernetes/flannel.conf"}, server: anyServer},
	// A user for each host, so that the audit log tells them apart, and so that what one may read
	// can be taken away.
	{name: "kube-router", role: everyHost, issuer: kubernetesCA,
		cn: KubeRouterUser + "{host}", usages: client,
		component: "kube-router", configs: []string{"/etc/kubernetes/kube-router.conf"}, server: anyServer},
	// Outside of /etc/kubernetes/pki, where everything is root's, because it has a user of its own.
	{name: "registry", role: everyHost, only: hasRegistry, issuer: kubernetesCA,
		cn: "registry", usages: server, sans: registrySANs,
		component: "registry", pair: RegistryConfig + "/registry"},
}

// admin is the one certificate of the control machine, for PKI.Kubeconfig.
var admin = leaf{name: "admin", issuer: kubernetesCA, cn: adminUser, org: ClusterAdmins, usages: client}

const adminUser = "kubernetes-admin"

// The Services with certificates: metrics-server, which the API server calls, and what people call.
// Logs and Graphs are pages, and take in what agents send.
const (
	MetricsServer = "metrics-server"
	Ingress       = "traefik"
	UI            = "headlamp"
	Logs          = "logs"
	Graphs        = "graphs"
)

// served are the certificates of Services in the namespace kube-system. They lie in Secrets, and on
// no host.
var served = []struct {
	name string // of the Service
	isOn func(*inventory.Cluster) bool
	sans func(*inventory.Cluster) []string // besides the Service's own names; nil for none
}{
	{MetricsServer, func(c *inventory.Cluster) bool { return c.AddOns.Metrics.Enabled }, nil},
	{Ingress, func(c *inventory.Cluster) bool {
		return c.AddOns.Ingress.Enabled && c.AddOns.Ingress.Certificate == ""
	}, ingressSANs},
	{UI, func(c *inventory.Cluster) bool { return c.AddOns.UI.Enabled }, uiSANs},
	{Logs, hasLogging, pageSANs},
	{Graphs, hasMonitoring, pageSANs},
}

// servedPath is where the store keeps the certificate of a Service, without suffix.
func servedPath(service string) string { return "services/" + service }

// leaf is one certificate that the cluster wants: a row of the table, made out for one host.
type leaf struct {
	name    string // its path in the store, without suffix
	host    string // empty for the control machine
	issuer  string
	cn, org string
	sans    []string // sorted, each once, addresses in their canonical form
	usages  []x509.ExtKeyUsage
}

// leaves is the table made out for every host of a cluster.
func leaves(c *inventory.Cluster) []leaf {
	all := []leaf{admin}
	for _, s := range served {
		if s.isOn(c) {
			name := s.name + ".kube-system.svc"
			l := leaf{name: servedPath(s.name), issuer: kubernetesCA, cn: name, usages: server,
				sans: []string{name, name + "." + c.Network.Domain}}
			if s.sans != nil {
				l.sans = sortedOnce(append(l.sans, s.sans(c)...))
			}
			all = append(all, l)
		}
	}
	for _, h := range c.Hosts {
		for _, r := range table {
			if r.isOn(c, h) {
				all = append(all, r.leaf(c, h))
			}
		}
	}
	return all
}

// isOn reports whether the host has the certificate.
func (r row) isOn(c *inventory.Cluster, h inventory.Host) bool {
	if r.first && c.With(r.role)[0].Name != h.Name {
		return false
	}
	return (r.role == everyHost || h.Has(r.role)) && (r.only == nil || r.only(c, h))
}

// hasRegistry reports whether a host serves the registry of the cluster.
func hasRegistry(c *inventory.Cluster, h inventory.Host) bool {
	return c.AddOns.Registry.Enabled && c.AddOns.Registry.Host == h.Name
}

// path is where the store keeps the host's certificate, without suffix.
func (r row) path(h inventory.Host) string { return "hosts/" + h.Name + "/" + r.name }

func (r row) leaf(c *inventory.Cluster, h inventory.Host) leaf {
	cn := strings.ReplaceAll(r.cn, "{host}", h.Name)
	l := leaf{name: r.path(h), host: h.Name, issuer: r.issuer, cn: cn, org: r.org, usages: r.usages}
	if r.sans != nil {
		l.sans = sortedOnce(r.sans(c, h))
	}
	return l
}

// sortedOnce sorts names, each once.
func sortedOnce(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}
