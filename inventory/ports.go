package inventory

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// chosenPorts returns the ports that the inventory chooses. By is the path of the field.
func chosenPorts(c *Cluster) []Port {
	n := c.Network
	ports := []Port{{"tcp", n.APIPort, "network.apiPort"}, {"tcp", n.LocalAPIPort, "network.localAPIPort"}}
	if n.Flannel.UDP() != 0 {
		ports = append(ports, Port{"udp", n.Flannel.Port, "network.flannel.port"})
	}
	if c.AddOns.Registry.Enabled {
		ports = append(ports, Port{"tcp", c.AddOns.Registry.Port, "addons.registry.port"})
	}
	if a := c.AddOns.Ingress; a.HasHostPorts() {
		ports = append(ports, Port{"tcp", a.HTTP, "addons.ingress.http"}, Port{"tcp", a.HTTPS, "addons.ingress.https"})
	}
	return ports
}

// checkPorts checks that no two things want the same port of a host. A TCP and a UDP port of one
// number are two ports.
func checkPorts(r *reader, c *Cluster) {
	for _, p := range chosenPorts(c) {
		for _, fixed := range r.rules.Ports {
			if p.Network == fixed.Network && p.Number == fixed.Number {
				r.problem(p.By, "", "port %d is taken: %s", p.Number, fixed.By)
			}
		}
	}
	n := c.Network
	if n.APIPort != 0 && n.APIPort == n.LocalAPIPort {
		at := "network.localAPIPort"
		if !r.given(at) {
			at = "network.apiPort"
		}
		r.problem(at, "", "apiPort and localAPIPort are both %d", n.APIPort)
	}
	if n.NodePorts != (PortRange{}) {
		checkNodePorts(r, c)
	}
}

// checkNodePorts checks that the node ports contain no port that something else needs. Services are
// of TCP or of UDP, so either network counts.
func checkNodePorts(r *reader, c *Cluster) {
	taken := slices.Concat(chosenPorts(c), r.rules.Ports)
	for _, h := range c.Hosts {
		// Behind port forwarding sshd listens on another port than the one that is dialled.
		if h.SSH.Address == h.Address.String() {
			taken = append(taken, Port{"tcp", h.SSH.port(), fmt.Sprintf("SSH of host %q", h.Name)})
		}
	}
	slices.SortStableFunc(taken, func(a, b Port) int { return cmp.Compare(a.Number, b.Number) })
	taken = slices.CompactFunc(taken, func(a, b Port) bool { return a.Number == b.Number })
	var inside []string
	for _, p := range taken {
		if p.Number != 0 && c.Network.NodePorts.Contains(p.Number) {
			inside = append(inside, fmt.Sprintf("%d (%s)", p.Number, p.By))
		}
	}
	if len(inside) > 0 {
		at := "network.nodePorts"
		if !r.given(at) {
			at = portGiven(r, c)
		}
		r.problem(at, "a Service could take the port away from it", "the node ports %s contain %s",
			c.Network.NodePorts, strings.Join(inside, ", "))
	}
}

// portGiven returns the path of the port which the default node ports contain.
func portGiven(r *reader, c *Cluster) string {
	for _, p := range chosenPorts(c) {
		if r.given(p.By) && c.Network.NodePorts.Contains(p.Number) {
			return p.By
		}
	}
	for i, h := range c.Hosts {
		if c.Network.NodePorts.Contains(h.SSH.port()) {
			return index("hosts", i) + ".ssh.port"
		}
	}
	return "network"
}

var portPattern = regexp.MustCompile(`:([0-9]+)(/|,|$)`)

// checkListeners checks that no argument has a program listen where something else does.
func checkListeners(r *reader, c *Cluster) {
	for _, p := range r.rules.Programs {
		for _, name := range slices.Sorted(maps.Keys(c.Arguments[p.Name])) {
			if !p.Rules[name].Listens {
				continue
			}
			at := "arguments[" + p.Name + "][" + name + "]"
			for _, match := range portPattern.FindAllStringSubmatch(c.Arguments[p.Name][name], -1) {
				port, _ := strconv.Atoi(match[1])
				for _, other := range slices.Concat(chosenPorts(c), r.rules.Ports) {
					if other.Number == port && other.Network == "tcp" && other.By != p.Name+", metrics" {
						r.problem(at, "choose another port", "port %d is taken: %s", port, other.By)
					}
				}
				if c.Network.NodePorts.Contains(port) {
					r.problem(at, "choose another port", "port %d is one that a Service could take: "+
						"network.nodePorts is %s",
						port, c.Network.NodePorts)
				}
			}
		}
	}
}
