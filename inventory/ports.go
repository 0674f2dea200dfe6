package inventory

import (
	"fmt"
	"strings"
)

// use is a port that something listens on, on hosts.
type use struct {
	port int
	by   string
}

// components are the ports that are always taken on hosts (kubernetes.io/docs/reference/networking/ports-and-protocols).
var components = []use{
	{22, "SSH"},
	{2379, "etcd, clients"},
	{2380, "etcd, members"},
	{10248, "kubelet, health"},
	{10249, "kube-proxy, metrics"},
	{10250, "kubelet"},
	{10256, "kube-proxy, health"},
	{10257, "kube-controller-manager"},
	{10258, "cloud-controller-manager"},
	{10259, "kube-scheduler"},
}

// checkPorts checks that no two things want the same port of a host.
func (r *reader) checkPorts(c *Cluster) {
	n := c.Network
	for _, u := range components {
		if n.APIPort == u.port {
			r.problem("network.apiPort", "", "port %d is taken: %s", u.port, u.by)
		}
		if n.LocalAPIPort == u.port {
			r.problem("network.localAPIPort", "", "port %d is taken: %s", u.port, u.by)
		}
	}
	if n.APIPort != 0 && n.APIPort == n.LocalAPIPort {
		at := "network.localAPIPort"
		if !r.given(at) {
			at = "network.apiPort"
		}
		r.problem(at, "", "apiPort and localAPIPort are both %d", n.APIPort)
	}
	if n.NodePorts == (PortRange{}) {
		return
	}
	taken := append([]use{{n.APIPort, "network.apiPort"}, {n.LocalAPIPort, "network.localAPIPort"}}, components...)
	if n.Flannel.Backend == "vxlan" {
		taken = append(taken, use{n.Flannel.Port, "network.flannel.port"})
	}
	for _, h := range c.Hosts {
		// Behind port forwarding sshd listens on another port than the one that is dialled.
		if h.SSH.Address == h.Address.String() {
			taken = append(taken, use{h.SSH.port(), fmt.Sprintf("SSH of host %q", h.Name)})
		}
	}
	var inside []string
	seen := map[int]bool{}
	for _, u := range taken {
		if u.port != 0 && n.NodePorts.Contains(u.port) && !seen[u.port] {
			seen[u.port] = true
			inside = append(inside, fmt.Sprintf("%d (%s)", u.port, u.by))
		}
	}
	if len(inside) > 0 {
		at := "network.nodePorts"
		if !r.given(at) {
			at = r.portGiven(c)
		}
		r.problem(at, "a Service could take the port away from it", "the node ports %s contain %s", n.NodePorts, strings.Join(inside, ", "))
	}
}

// portGiven returns the path of the port which the default node ports contain.
func (r *reader) portGiven(c *Cluster) string {
	n := c.Network
	for _, p := range []struct {
		path string
		port int
	}{{"network.apiPort", n.APIPort}, {"network.localAPIPort", n.LocalAPIPort}, {"network.flannel.port", n.Flannel.Port}} {
		if r.given(p.path) && n.NodePorts.Contains(p.port) {
			return p.path
		}
	}
	for i, h := range c.Hosts {
		if n.NodePorts.Contains(h.SSH.port()) {
			return index("hosts", i) + ".ssh.port"
		}
	}
	return "network"
}
