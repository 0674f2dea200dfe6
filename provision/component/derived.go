package component

import (
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"

	"kbootstrap/inventory"
	"kbootstrap/release"
	"kbootstrap/templates"
)

// Sources are where the programs and images of all components come from, and those of verbs.
func Sources() []release.Source {
	var sources []release.Source
	for _, c := range append(Components(), trialImage) {
		sources = append(sources, c.Sources...)
	}
	return sources
}

// Rules are what an inventory is checked against.
func Rules() inventory.Rules {
	rules := inventory.Rules{Ports: []inventory.Port{
		{Network: "tcp", Number: 22, By: "SSH"},
		{Network: "tcp", Number: 10258, By: "cloud-controller-manager"},
	}}
	rules.OldestMinor, rules.NewestMinor = release.Minors()
	for _, c := range append(Components(), trialImage) {
		for _, p := range c.Programs {
			p.Manual = manualOf(p)
			rules.Programs = append(rules.Programs, p)
		}
		for _, p := range c.Ports {
			if p.Of == nil && p.Range == nil {
				rules.Ports = append(rules.Ports, inventory.Port{Network: p.Network, Number: p.Number, By: p.name()})
			}
		}
		for _, s := range c.Sources {
			if s.Component != kubernetes && !slices.Contains(rules.Versions, s.Component) {
				rules.Versions = append(rules.Versions, s.Component)
			}
		}
	}
	return rules
}

// name is who listens, and for what: "etcd, clients".
func (p Port) name() string {
	if p.For == "" {
		return p.By
	}
	return p.By + ", " + p.For
}

// Units are the services of all components, in the order in which they can be stopped: what was
// started last comes first.
func Units() []string { return unitsOf(Components()) }

// unitsOf are the services of some components, in the order in which they can be stopped.
func unitsOf(components []Component) []string {
	var units []string
	for _, c := range slices.Backward(inOrder(components)) {
		units = append(units, c.Units...)
	}
	return units
}

// UnitOfRole is a service that only hosts of a role have.
type UnitOfRole struct {
	Unit string
	Role inventory.Role
}

// UnitsOfRoles are the services that only hosts of a role have, in the order of the components.
func UnitsOfRoles() []UnitOfRole {
	var units []UnitOfRole
	for _, c := range Components() {
		for _, unit := range c.Units {
			if c.Role != "" {
				units = append(units, UnitOfRole{unit, c.Role})
			}
		}
	}
	return units
}

// Shown is an address of a host at which a server shows a certificate to who connects.
type Shown struct {
	Address string // "127.0.0.1:6443"
	By      string // the process
	Path    string // the file of the certificate
}

// ShownOn are the certificates that the servers of a host show.
func ShownOn(c *inventory.Cluster, h inventory.Host) []Shown {
	var all []Shown
	t := Target{Cluster: c, Host: h}
	for _, component := range Components() {
		for _, p := range component.Ports {
			if p.Shows == "" || p.In(c) == 0 || !p.isAt(component, t) {
				continue
			}
			address := "127.0.0.1"
			if p.Address && !p.Loopback {
				address = h.Address.String()
			}
			all = append(all, Shown{net.JoinHostPort(address, strconv.Itoa(p.In(c))), p.By, p.Shows})
		}
	}
	return all
}

// AllResidue is what all components leave on a host, each once.
func AllResidue() Residue { return residueOf(Components()) }

// residueOf is what some components leave on a host, each once.
func residueOf(components []Component) Residue {
	var all Residue
	for _, c := range components {
		all.Data = append(all.Data, c.Residue.Data...)
		all.People = append(all.People, c.Residue.People...)
		all.Mounts = append(all.Mounts, c.Residue.Mounts...)
		all.Interfaces = append(all.Interfaces, c.Residue.Interfaces...)
		all.Chains = append(all.Chains, c.Residue.Chains...)
		all.Sets = append(all.Sets, c.Residue.Sets...)
	}
	return Residue{
		Data: unique(all.Data), People: unique(all.People), Mounts: all.Mounts,
		Interfaces: unique(all.Interfaces), Chains: unique(all.Chains), Sets: unique(all.Sets),
	}
}

// lasting are the directories of data that outlive a boot. What lies in /run does not, and is no
// data.
func (c Component) lasting() []string {
	return slices.DeleteFunc(slices.Clone(c.Residue.Data), func(dir string) bool {
		return strings.HasPrefix(dir,
			"/run/")
	})
}

// IsOwnInterface reports whether an interface is one that the cluster itself makes.
func IsOwnInterface(name string) bool {
	return name == "lo" || name == ipvsInterface || slices.Contains(AllResidue().Interfaces, name)
}

func unique(texts []string) []string {
	var each []string
	for _, t := range texts {
		if !slices.Contains(each, t) {
			each = append(each, t)
		}
	}
	return each
}

// Listeners are the ports that something of ours listens on, on a host of a cluster.
func Listeners(c *inventory.Cluster, h inventory.Host) []Port {
	var ports []Port
	t := Target{Cluster: c, Host: h}
	for _, component := range Components() {
		for _, p := range component.Ports {
			if n := p.In(c); n != 0 && p.isAt(component, t) {
				p.Number = n
				ports = append(ports, p)
			}
		}
	}
	return ports
}

// Service is a service of the tool, with what is known of its surroundings.
type Service struct {
	Unit      string
	Variables []string          // see Component.Variables
	Direct    bool              // see Component.Direct
	Sandbox   templates.Sandbox // for a systemd that is not known
}

// Services are the services that a host of a cluster has.
func Services(c *inventory.Cluster, h inventory.Host) []Service {
	var services []Service
	t := Target{Cluster: c, Host: h}
	for _, component := range Components() {
		if len(component.Units) == 0 || !component.On(t) {
			continue
		}
		for _, unit := range component.Units {
			s := Service{Unit: unit, Variables: component.Variables, Direct: component.Direct}
			if component.Sandbox != nil {
				s.Sandbox = component.Sandbox(t)
			}
			services = append(services, s)
		}
	}
	return services
}

// Readings are what the services of all components read or obey besides their resources, in the
// order of the components.
func Readings() []Reading {
	var all []Reading
	for _, c := range Components() {
		all = append(all, c.Reads...)
	}
	return all
}

// KernelParameters are what must be so after each boot, and the file that says so.
func KernelParameters(c *inventory.Cluster) (values map[string]string, file string) {
	values = maps.Clone(kernelParameters)
	if c.Network.IsDualStack() {
		values["net.ipv6.conf.all.forwarding"] = "1"
	}
	return values, sysctlFile
}

// NamingAll are the components of a cluster of which every host has something that names all hosts.
func NamingAll(c *inventory.Cluster) []string {
	var names []string
	for _, component := range Components() {
		if component.NamesAll != nil && component.NamesAll(c) {
			names = append(names, component.Name)
		}
	}
	return names
}

// Modules are the modules of the kernel that a cluster needs.
func Modules(c *inventory.Cluster) []string {
	names := []string{"overlay", "br_netfilter", "nf_conntrack"}
	if backend := c.Network.Flannel.Backend; backend != inventory.HostGW {
		names = append(names, backend) // the modules are named like the backends
	}
	if hasNFS(c) {
		names = append(names, "nfs")
	}
	return names
}
