package preflight

import (
	"fmt"
	"slices"
	"strings"

	"kbootstrap/inventory"
	"kbootstrap/provision/component"
)

// Need is a port of a host that another host must reach.
type Need struct {
	From, To inventory.Host
	Network  string // "tcp" or "udp"
	Port     int
}

// Needs are the ports that the hosts must reach of each other, by their roles.
func Needs(c *inventory.Cluster, hosts []inventory.Host) []Need {
	var needs []Need
	for _, from := range hosts {
		for _, to := range hosts {
			if from.Name == to.Name {
				continue
			}
			for _, p := range component.Listeners(c, to) {
				if slices.ContainsFunc(p.From, func(r inventory.Role) bool {
					return r == component.AnyHost || from.Has(r)
				}) {
					needs = append(needs, Need{from, to, p.Network, p.Number})
				}
			}
		}
	}
	return needs
}

// NeedsOf are the ports of peers that the hosts must reach, where something serves already and
// would answer: datagrams get no answer.
func NeedsOf(c *inventory.Cluster, hosts []inventory.Host, peers []Peer) []Need {
	var needs []Need
	for _, p := range peers {
		if !p.Serves {
			continue
		}
		for _, n := range Needs(c, append([]inventory.Host{p.Host}, hosts...)) {
			if n.To.Name == p.Name && n.Network == "tcp" {
				needs = append(needs, n)
			}
		}
	}
	return needs
}

// Walled reports whether a firewall runs on the host that a run turns off before anything else, or
// changes. What it blocks is no fault.
func (h Host) Walled(c *inventory.Cluster) bool {
	switch c.Firewall {
	case inventory.FirewallDisable:
		return len(h.firewalls()) > 0 || h.Rewalled
	case inventory.FirewallConfigure:
		return h.Rewalled
	}
	return false
}

// opens is how a run opens what a firewall of the host blocks.
func (h Host) opens(c *inventory.Cluster, ports string) string {
	names := strings.Join(h.firewalls(), " and ")
	if c.Firewall == inventory.FirewallConfigure || names == "" {
		return fmt.Sprintf("the firewall blocks %s; up opens what the cluster needs before anything else", ports)
	}
	return fmt.Sprintf("%s blocks %s; up turns %s off before anything else", names, ports, names)
}

// blocked are paths of one port to one host on which the same happened.
type blocked struct {
	to, port, fault string
	from            []string
}

func peerPorts(s Scene) []Finding {
	if len(s.Hosts)+len(s.Peers) < 2 {
		return nil
	}
	found := portsOfPeers(s)
	var faults []blocked
	bad := map[string]bool{}
	tried := map[string]int{}
	excused := map[string][]string{} // by receiver: the ports that a firewall blocks which `up` turns off
	for _, h := range s.Hosts {
		for _, p := range s.Mesh {
			if p.To != h.Name {
				continue
			}
			tried[h.Name]++
			port := fmt.Sprintf("%s/%d", p.Network, p.Port)
			switch {
			case p.Fault == "":
			case h.Walled(s.Cluster):
				if !slices.Contains(excused[h.Name], port) {
					excused[h.Name] = append(excused[h.Name], port)
				}
			default:
				bad[h.Name] = true
				i := slices.IndexFunc(faults, func(b blocked) bool {
					return b.to == h.Name && b.port == port && b.fault == p.Fault
				})
				if i < 0 {
					i, faults = len(faults), append(faults, blocked{to: h.Name, port: port, fault: p.Fault})
				}
				faults[i].from = append(faults[i].from, p.From)
			}
		}
	}
	for _, b := range faults {
		found = append(found, Finding{Level: Fail, Hosts: append(slices.Clone(b.from), b.to),
			Evidence: fmt.Sprintf("%s -> %s %s: %s", strings.Join(b.from, ", "), b.to, b.port, b.fault),
			Hint:     openPort(s, b)})
	}
	for _, h := range s.Hosts {
		ports := excused[h.Name]
		switch {
		case len(ports) > 0:
			found = append(found, Finding{Level: OK, Hosts: []string{h.Name},
				Evidence: h.opens(s.Cluster, strings.Join(ports, ", "))})
		case !bad[h.Name]:
			found = append(found, Finding{
				Level: OK, Hosts: []string{h.Name},
				Evidence: fmt.Sprintf("the other hosts reach this host on all %d paths%s", tried[h.Name],
					untried(s, h)),
			})
		}
	}
	return found
}

// portsOfPeers are the services of peers that some host of the run does not reach. Where another
// does, something between the two is in the way; where none does, the service may be down.
func portsOfPeers(s Scene) []Finding {
	var found []Finding
	for _, peer := range s.Peers {
		reached := map[int]bool{}
		for _, p := range s.Mesh {
			if p.To == peer.Name && p.Fault == "" {
				reached[p.Port] = true
			}
		}
		for _, p := range s.Mesh {
			if p.To != peer.Name || p.Fault == "" {
				continue
			}
			f := Finding{Level: Fail, Hosts: []string{p.From, p.To}, Evidence: p.String() + ": " + p.Fault}
			if !reached[p.Port] {
				f.Level, f.Evidence = Warn, f.Evidence+"; no host of this run reaches that port"
				f.Hint = "see whether the service runs: kbootstrap status"
			}
			found = append(found, f)
		}
	}
	return found
}

// untried tells from which peers the ways to a host could not be tried: no session leads to
// them.
func untried(s Scene, to Host) string {
	var from []string
	for _, p := range s.Peers {
		if len(Needs(s.Cluster, []inventory.Host{p.Host, to.Host})) > 0 {
			from = append(from, p.Name)
		}
	}
	const few = 3
	switch {
	case from == nil:
		return ""
	case len(from) > few:
		from = append(from[:few], fmt.Sprintf("%d more", len(from)-few))
	}
	return "; not tried from " + strings.Join(from, ", ") + ", which this run does not ask"
}

// openPort is the hint for a port behind a firewall that stays; otherwise that of the check is as
// good.
func openPort(s Scene, b blocked) string {
	network, port, _ := strings.Cut(b.port, "/")
	for _, h := range s.Hosts {
		switch {
		case h.Name == b.to && h.Facts.UFW:
			return fmt.Sprintf("on %s: ufw allow %s/%s; or firewall: disable in the inventory", b.to, port, network)
		case h.Name == b.to && h.active(firewalld):
			return fmt.Sprintf("on %s: firewall-cmd --permanent --add-port=%s/%s && firewall-cmd --reload; or "+
				"firewall: disable in the inventory",
				b.to, port, network)
		}
	}
	return ""
}
