package preflight

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"kbootstrap/host"
	"kbootstrap/inventory"
)

// listener is a port that something of ours listens on.
type listener struct {
	network string
	port    int
	by      string // the service
	// loopback says that it listens on 127.0.0.1, address that it does on the cluster address; with neither it listens
	// everywhere.
	loopback, address bool
}

// listeners are the ports of a host's roles (kubernetes.io/docs/reference/networking/ports-and-protocols).
func listeners(c *inventory.Cluster, h inventory.Host) []listener {
	ports := []listener{
		{network: "tcp", port: 10250, by: "kubelet"},
		{network: "tcp", port: 10248, by: "kubelet", loopback: true},
		{network: "tcp", port: 10249, by: "kube-proxy", loopback: true},
		{network: "tcp", port: 10256, by: "kube-proxy"},
		{network: "tcp", port: 8081, by: "flanneld", loopback: true},
	}
	if c.Network.Flannel.Backend == "vxlan" {
		ports = append(ports, listener{network: "udp", port: c.Network.Flannel.Port, by: "flanneld"})
	}
	if h.Has(inventory.Etcd) {
		ports = append(ports, listener{network: "tcp", port: 2379, by: "etcd", loopback: true, address: true},
			listener{network: "tcp", port: 2380, by: "etcd", address: true})
	}
	if h.Has(inventory.ControlPlane) {
		ports = append(ports, listener{network: "tcp", port: c.Network.APIPort, by: "kube-apiserver"},
			listener{network: "tcp", port: 10257, by: "kube-controller-manager", loopback: true},
			listener{network: "tcp", port: 10259, by: "kube-scheduler", loopback: true})
	}
	if len(c.With(inventory.ControlPlane)) > 1 {
		ports = append(ports, listener{network: "tcp", port: c.Network.LocalAPIPort, by: "kube-api-proxy", loopback: true})
	}
	return ports
}

// collides reports whether somebody who has the port keeps the service from it.
func (l listener) collides(p host.Port, cluster netip.Addr) bool {
	if p.Network != l.network || p.Number != l.port {
		return false
	}
	if p.Address.IsUnspecified() || !l.loopback && !l.address {
		return true
	}
	return l.loopback && p.Address == netip.AddrFrom4([4]byte{127, 0, 0, 1}) || l.address && p.Address == cluster
}

// ours reports whether the tool put there what holds a port.
func (h Host) ours(p host.Port) bool {
	if strings.HasPrefix(p.Path, "/opt/kbootstrap/") || p.Unit != "" && h.own(p.Unit) {
		return true
	}
	// A VXLAN is the kernel's, and stays when flanneld stops.
	return p.PID == 0 && p.Network == "udp" && slices.ContainsFunc(h.Survey.VXLAN, func(name string) bool {
		return strings.HasPrefix(name, "flannel.")
	})
}

func ports(s Scene, h Host) []Finding {
	var found []Finding
	for _, l := range listeners(s.Cluster, h.Host) {
		f := Finding{ID: "Port-" + strconv.Itoa(l.port), Level: OK, Evidence: "free for " + l.by}
		for _, p := range h.Survey.Ports {
			if !l.collides(p, h.Address) {
				continue
			}
			// The socket of a process that is just ending belongs to nobody; a controller that has lost its API server ends.
			if h.ours(p) || p.PID == 0 && p.Network == "tcp" && h.own(l.by+".service") {
				f.Evidence = "held by our " + cmp.Or(p.Program, l.by)
				continue
			}
			f.Level, f.Evidence = Fail, fmt.Sprintf("%s/%d, which %s needs, is held by %s", l.network, l.port, l.by, who(p))
			if p.Unit != "" {
				f.Hint = "systemctl disable --now " + p.Unit
			}
			break
		}
		found = append(found, f)
	}
	return found
}

// who names the holder of a port.
func who(p host.Port) string {
	switch {
	case p.PID == 0:
		return "the kernel (a VXLAN of another network, or a process in another container)"
	case p.Unit != "":
		return fmt.Sprintf("%s (pid %d, %s)", p.Program, p.PID, p.Unit)
	}
	return fmt.Sprintf("%s (pid %d, %s)", p.Program, p.PID, cmp.Or(p.Path, "no executable"))
}

// runtimes are the container runtimes that others install.
var runtimes = []string{"docker.service", "containerd.service", "crio.service"}

func containerRuntime(_ Scene, h Host) []Finding {
	var found []Finding
	for _, name := range runtimes {
		if u, _ := h.unit(name); u.Active && !h.own(name) {
			found = append(found, one(Warn, "%s runs (pid %d) from %s", name, u.PID, u.Path)...)
		}
	}
	if found == nil {
		return one(OK, "none")
	}
	return found
}

// clusters are the services of Kubernetes, those of other installers among them.
var clusters = []string{
	"kubelet.service", "kube-apiserver.service", "kube-controller-manager.service", "kube-scheduler.service",
	"kube-proxy.service", "flanneld.service", "etcd.service", "k3s.service", "k3s-agent.service", "rke2-server.service",
	"rke2-agent.service", "k0scontroller.service", "k0sworker.service", "snap.microk8s.daemon-kubelite.service",
}

// traces are what other installers leave that would work against ours: static pods, which the kubelet runs, and a drop-in
// that changes its command line.
var traces = []string{
	"/etc/kubernetes/manifests/kube-apiserver.yaml", "/etc/kubernetes/manifests/etcd.yaml",
	"/etc/systemd/system/kubelet.service.d/10-kubeadm.conf", "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf",
}

// token is how the tool marks the members of a cluster.
func token(c *inventory.Cluster) string { return "kbootstrap-" + c.Name }

func foreignCluster(s Scene) []Finding {
	var found []Finding
	fail := func(hint string, hosts []string, format string, args ...any) {
		found = append(found, Finding{Level: Fail, Hosts: hosts, Evidence: fmt.Sprintf(format, args...), Hint: hint})
	}
	for _, h := range s.Hosts {
		before, host := len(found), []string{h.Name}
		for _, name := range clusters {
			if u, _ := h.unit(name); u.Active && !h.own(name) {
				fail("", host, "%s runs (pid %d) from %s", name, u.PID, u.Path)
			}
		}
		for _, path := range h.Survey.Traces {
			fail("", host, "another installer left %s", path)
		}
		if mark := h.Facts.EtcdBootstrapped; mark != "" && mark != token(s.Cluster) {
			fail("kbootstrap reset with the inventory of that cluster, or the right inventory here", host,
				"/etc/etcd/bootstrapped says that this is a member of %s%s", strings.TrimPrefix(mark, "kbootstrap-"), inBrackets(h.Survey.Etcd))
		}
		if a := h.Survey.Authority; a != nil && s.CA != "" && a.Key != s.CA {
			fail("bring the directory .kbootstrap/"+s.Cluster.Name+" from the machine that made the cluster; or reset the hosts",
				host, "%s (%s, key %s…) is not the authority of this inventory (key %s…)", a.Path, a.Subject, short(a.Key), short(s.CA))
		}
		if len(found) == before {
			found = append(found, Finding{Level: OK, Hosts: host, Evidence: "none"})
		}
	}
	// Members of one cluster have one cluster ID.
	members := map[string][]string{}
	var ids []string
	for _, h := range s.Hosts {
		if id := h.Survey.Etcd.ClusterID; h.Has(inventory.Etcd) && id != "" {
			if members[id] == nil {
				ids = append(ids, id)
			}
			members[id] = append(members[id], h.Name)
		}
	}
	if len(ids) > 1 {
		var hosts, texts []string
		for _, id := range ids {
			hosts = append(hosts, members[id]...)
			texts = append(texts, fmt.Sprintf("%s of cluster %s", strings.Join(members[id], ", "), id))
		}
		fail("find out which data is wanted, and move the other away", hosts, "the hosts have data of several etcd clusters: %s",
			strings.Join(texts, "; "))
	}
	return found
}

func short(key string) string { return key[:min(12, len(key))] }

// inBrackets is what is known of the data.
func inBrackets(data host.EtcdData) string {
	if data.ClusterID == "" {
		return ""
	}
	return fmt.Sprintf(" (etcd cluster %s, member %s, last written %s)", data.ClusterID, data.MemberID, data.Modified.Format(time.DateTime))
}

func staleEtcdData(s Scene, h Host) []Finding {
	if !h.Has(inventory.Etcd) {
		return nil
	}
	data := h.Survey.Etcd
	entries := slices.DeleteFunc(slices.Clone(data.Entries), func(name string) bool { return name == "lost+found" })
	switch {
	case len(entries) == 0:
		return one(OK, "none")
	case h.Facts.EtcdBootstrapped != "":
		return one(OK, "a member%s", inBrackets(data)) // of another cluster: ForeignCluster says so
	case h.own("etcd.service"):
		// The mark is written when a quorum was seen. Before that, our unit is the sign that the data is ours.
		return one(OK, "a member whose first start was cut off%s", inBrackets(data))
	}
	return one(Fail, "/var/lib/etcd holds %s%s, and no mark says that it is of cluster %s",
		strings.Join(entries, ", "), inBrackets(data), s.Cluster.Name)
}
