package component

import (
	"slices"
	"strconv"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
	"kbootstrap/templates"
)

// firewall lets in what the components declare as their Ports, and what the owner of a host lets
// in; everything else that is sent to a host is refused. What pods send and receive passes: network
// policies are about that.
var firewall = Component{
	Name:      Firewall,
	Short:     "fw",
	On:        everywhere,
	After:     []string{"base"},
	ServesAll: true,
	NamesAll:  func(c *inventory.Cluster) bool { return c.Firewall == inventory.FirewallConfigure },
	Reads: []Reading{{What: "`" + siteRules + "`",
		Whose: "the operator's: with `firewall: configure` and no firewalld, rules of nftables for what else is " +
			"let in"}},
}

// walled has the firewall let in what all components declare.
func walled(all []Component) []Component {
	for i := range all {
		if all[i].Name == firewall.Name {
			all[i].Resources = func(t Target) []resource.Resource {
				sets, openings := t.openings(opened(all, t))
				return list(t.firewalld(sets, openings), t.nftables(sets, openings))
			}
		}
	}
	return all
}

// Walls are what a host has of the firewall, for a run that makes no plan.
func Walls(c *inventory.Cluster, h inventory.Host, facts host.Facts) []resource.Resource {
	for _, component := range Components() {
		if component.Name == Firewall {
			return component.Resources(Target{Cluster: c, Host: h, Facts: facts})
		}
	}
	return nil
}

// OldestFirewalld is the first version that has policies, by which the tool lets in without
// touching the zones of a host's owner
// (https://firewalld.org/2020/09/policy-objects-introduction).
const OldestFirewalld = "0.9"

// FirewallTable is the tool's own table of nftables.
const FirewallTable = "inet kbootstrap"

const (
	firewalldUnit = "firewalld.service"
	firewallUnit  = "kbootstrap-firewall.service"
	firewallRules = "/etc/kubernetes/firewall.nft"
	// siteRules are the rules of a host's owner.
	siteRules = "/etc/kubernetes/firewall.d/*.nft"
)

// filtersByNFTables reports whether the firewall is a table of nftables: no firewalld runs. What
// firewalld refuses, no other table can let in.
func (t Target) filtersByNFTables() bool {
	return t.Cluster.Firewall == inventory.FirewallConfigure && t.Facts.Firewalld == ""
}

// firewalld is what a firewalld that runs has to let in.
func (t Target) firewalld(sets map[string][]string, toHost []resource.Opening) []resource.Resource {
	if t.Cluster.Firewall != inventory.FirewallConfigure || t.filtersByNFTables() {
		return one(resource.Firewalld{Absent: true})
	}
	f := resource.Firewalld{
		Interfaces: podInterfaces(t.Cluster), Sets: sets, ToHost: toHost,
		// What reaches a pod by a Service passes already: its address was changed.
		ToPods:   []resource.Opening{{Network: t.Cluster.Network.Pods.String()}, {Set: hostsSet}},
		Restarts: t.filterUnits(),
	}
	if t.Cluster.Network.IsDualStack() {
		f.ToPods = append(f.ToPods,
			resource.Opening{Network: t.Cluster.Network.IPv6.Pods.String(), IPv6: true},
			resource.Opening{Set: inIPv6(hostsSet), IPv6: true})
	}
	return one(resource.Service{Name: firewalldUnit, Enabled: true, Running: true}, f)
}

// filterUnits are the services that write rules by iptables. docker hears of a reload by itself.
func (t Target) filterUnits() []string {
	units := []string{"flanneld.service", "kube-proxy.service"}
	if hasPolicies(t.Cluster) {
		units = append(units, kubeRouterUnit)
	}
	return units
}

// nftables are the rules that are loaded now, and at boot before the network is there.
func (t Target) nftables(sets map[string][]string, toHost []resource.Opening) []resource.Resource {
	if !t.filtersByNFTables() {
		return one(
			resource.Service{Name: firewallUnit},
			resource.NFTable{Name: FirewallTable, Absent: true},
			resource.File{Path: "/etc/systemd/system/" + firewallUnit, Absent: true},
			resource.File{Path: firewallRules, Absent: true},
		)
	}
	data := firewallData{
		Table: FirewallTable, Interfaces: append([]string{"lo"}, podInterfaces(t.Cluster)...), Site: siteRules,
	}
	if t.Cluster.Runtime == "docker" {
		data.Interfaces = append(data.Interfaces, "docker0")
	}
	for _, name := range setNames() {
		if sets[name] != nil {
			data.Sets = append(data.Sets, addressSet{Name: name, Type: "ipv4_addr", Addresses: sets[name]})
		}
		if six := inIPv6(name); sets[six] != nil {
			data.Sets = append(data.Sets, addressSet{Name: six, Type: "ipv6_addr", Addresses: sets[six]})
		}
	}
	for _, port := range t.sshPorts() {
		data.Openings = append(data.Openings, resource.Opening{Ports: strconv.Itoa(port), Protocol: "tcp"})
	}
	data.Openings = append(data.Openings, toHost...)
	rules := firewallNFT.Render(data)
	return one(
		// One that is stopped and enabled would be back after a boot, without what has to be let
		// in.
		resource.Service{Name: firewalldUnit},
		text(firewallRules, 0o600, rules),
		unit(firewallUnit, firewallService.Render(firewallCommand{
			Rules: firewallRules, Sandbox: firewallSandbox(t),
		})),
		resource.Service{Name: firewallUnit, Enabled: true, Running: true},
		resource.NFTable{Name: FirewallTable, Rules: string(rules)},
	)
}

// firewallSandbox is what the command that loads the rules may do. The kernel itself loads the
// modules that they need.
func firewallSandbox(t Target) templates.Sandbox {
	return t.sandbox(templates.Sandbox{Capabilities: []string{"CAP_NET_ADMIN"}, Families: []string{"AF_NETLINK"}})
}

// sshPorts are the ports by which people log in: they are never closed.
func (t Target) sshPorts() []int {
	ports := append([]int{22}, t.Facts.SSHPorts...)
	slices.Sort(ports)
	return slices.Compact(ports)
}

// podInterfaces are the interfaces that packets of pods come from, on any backend of flannel.
func podInterfaces(c *inventory.Cluster) []string {
	all := append([]string{api.Bridge}, flannel.Residue.Interfaces...)
	return slices.DeleteFunc(all, func(name string) bool { return name == vxlanInterface6 && !c.Network.IsDualStack() })
}

// hostsSet is the set of the addresses of all hosts.
const hostsSet = "hosts"

// setOf is the set of the hosts of a role.
func setOf(role inventory.Role) string {
	if role == AnyHost {
		return hostsSet
	}
	return string(role)
}

// inIPv6 is the name of the set with the addresses of IPv6 of the hosts of a set: the packet
// filters have no sets of both families.
func inIPv6(set string) string { return set + "6" }

// setNames are the names of the sets, in their order.
func setNames() []string {
	return []string{hostsSet, string(inventory.ControlPlane), string(inventory.Etcd), string(inventory.Worker)}
}

// openings are the ports of a host that others must reach, and the sets of those that may.
func (t Target) openings(ports []Port) (sets map[string][]string, all []resource.Opening) {
	sets = map[string][]string{}
	admit := func(role inventory.Role) {
		four, six := t.addressesOf(role)
		sets[setOf(role)] = four
		if six != nil {
			sets[inIPv6(setOf(role))] = six
		}
	}
	admit(AnyHost)
	add := func(o resource.Opening) {
		if !slices.Contains(all, o) {
			all = append(all, o)
		}
	}
	for _, p := range ports {
		o := resource.Opening{Protocol: p.Network, Ports: p.PortsIn(t.Cluster)}
		if p.World {
			add(o)
			continue
		}
		for _, role := range p.admitted() {
			admit(role)
			o.Set, o.IPv6 = setOf(role), false
			add(o)
			if o.Set, o.IPv6 = inIPv6(o.Set), true; sets[o.Set] != nil {
				add(o)
			}
		}
	}
	return sets, all
}

// admitted are the roles whose hosts a firewall lets in.
func (p Port) admitted() []inventory.Role {
	if p.AddOns {
		return []inventory.Role{AnyHost}
	}
	return p.From
}

// addressesOf are the addresses of the hosts of a role, by family.
func (t Target) addressesOf(role inventory.Role) (four, six []string) {
	for _, h := range t.Cluster.Hosts {
		if role != AnyHost && !h.Has(role) {
			continue
		}
		four = append(four, h.Address.String())
		if h.IPv6.IsValid() {
			six = append(six, h.IPv6.String())
		}
	}
	slices.Sort(four)
	slices.Sort(six)
	return four, six
}

// opened are the ports of a host that others must reach.
func opened(all []Component, t Target) []Port {
	var ports []Port
	for _, component := range all {
		for _, p := range component.Ports {
			if p.PortsIn(t.Cluster) != "" && (p.World || len(p.From) > 0) && p.isAt(component, t) {
				ports = append(ports, p)
			}
		}
	}
	return ports
}

// PortsIn is the port or the range of ports in a cluster, "30000-32767"; empty when there is none.
func (p Port) PortsIn(c *inventory.Cluster) string {
	if p.Range != nil {
		return p.Range(c).String()
	}
	if n := p.In(c); n != 0 {
		return strconv.Itoa(n)
	}
	return ""
}

// firewallData is the data of /etc/kubernetes/firewall.nft.
type firewallData struct {
	Table      string
	Interfaces []string
	Sets       []addressSet
	Openings   []resource.Opening
	Site       string
}

// addressSet are addresses with a name.
type addressSet struct {
	Name      string
	Type      string
	Addresses []string
}

// firewallCommand is the data of kbootstrap-firewall.service.
type firewallCommand struct {
	Rules   string
	Sandbox templates.Sandbox
}

var (
	firewallNFT     = templates.New[firewallData]("firewall.nft.tmpl")
	firewallService = templates.New[firewallCommand]("kbootstrap-firewall.service.tmpl")
)
