// Package component says what a cluster is made of, one file per component. A component is a
// chapter: it declares everything that is known of it, and states which resources a host should
// have, not how to get there. What other rooms need to know of components is derived from these
// declarations. Start at Components, the table of contents; coredns.go is the shortest chapter.
package component

import (
	"kbootstrap/inventory"
	"kbootstrap/release"
	"kbootstrap/resource"
	"kbootstrap/templates"
)

// The names of components that others ask for.
const (
	Etcd      = "etcd"
	APIServer = "kube-apiserver"
	Firewall  = "firewall"
	LeaveEtcd = "leave-etcd"
)

// Component is a chapter of the cluster: what some hosts should have, and what must be there
// before. Only Name, On and Resources are needed.
type Component struct {
	Name string
	// Short is what stands for the name where there is little room; "" means the name itself.
	Short string
	// On reports whether a host has the component.
	On func(t Target) bool
	// Resources are what the host should have, in the order in which they are made. What waits
	// there for another component names it (resource.Ready.For): while it waits, its contents
	// travel.
	Resources func(t Target) []resource.Resource

	// After names the components that must be done for the same host first.
	After []string
	// Needs names the components that must be done on every host that has them first.
	Needs []string
	// Yields names the components that must have ended on every host that has them first, whether
	// they are done or have failed: it is better off behind them, and does not need them.
	Yields []string
	// NeedsJoined returns the names of the components that must be done on every host that has them
	// first, in a run in which hosts join the control plane of a cluster that is there; nil means
	// none.
	NeedsJoined func(t Target) []string
	// Strict reports whether it needs every host indeed, also in a run that may go on without some;
	// nil means that it does not.
	Strict func(t Target) bool
	// AtLead has the component carried out on the control plane that leads, whichever host it is
	// about.
	AtLead bool
	// Rolling components are changed on one host at a time once they run, because the cluster stops
	// without a quorum of them.
	Rolling bool
	// Elects says that its instances elect one of them that works, while the others stand by: where
	// one has shown that it is well, all others may be changed at once.
	Elects bool
	// TakesLeave says that an instance that is told to stop serves on for some seconds, in which
	// others learn of it: so those that were changed before it, but for the first, may still be
	// watched then.
	TakesLeave bool
	// GoesAhead says that the component changes no service, so that it may be carried out while
	// what it comes after is watched; see plan.Plan.WalkAhead.
	GoesAhead bool
	// JoinsAlone has hosts that join the control plane of a cluster that is there get the component
	// one after the other.
	JoinsAlone bool
	// NamesAll reports whether what a host has of the component names all hosts of the cluster, so
	// that all have it changed when some join; see inventory.Cluster.
	NamesAll func(*inventory.Cluster) bool
	// ServesAll says that every host is healthy only when the component is.
	ServesAll bool
	// Last has the component come after all others but those that are Aside.
	Last bool
	// Aside says that nothing comes after the component.
	Aside bool
	// OfNode says that pods depend on what a host has of it: an upgrade changes it in waves, see
	// Upgrade. Disturbs says that no pod may be on the node while its service is restarted for
	// that. What is OfNode on a host does not wait until what it comes after has been watched; see
	// plan.Plan.WalkAhead.
	OfNode, Disturbs bool
	// InWaves has the component of a host wait until all that is in waves is done for the hosts of
	// the waves before; see plan.Plan.
	InWaves bool
	// Passing says that what it brings about is over when the run ends.
	Passing bool
	// PodNetwork says that the health of the component is a part of that of the pod network.
	PodNetwork bool

	// Absence says that the component is that hosts have nothing of another one. A status tells of
	// it only where a host still has something.
	Absence bool

	// AddOn is set of a component that serves the users of a cluster; nil means that it serves the
	// cluster itself.
	AddOn *AddOn

	// Sources are where its programs and images come from.
	Sources []release.Source
	// Programs are those whose command lines `arguments` of the inventory may add to.
	Programs []inventory.Program
	// Units are its systemd services: "etcd.service".
	Units []string
	// Role is the role whose hosts alone have its units; "" when others have them too.
	Role inventory.Role
	// Ports are what it listens on.
	Ports []Port
	// Residue is what a host has of it besides its resources, which `reset` removes. A component
	// that leaves data has a unit, by which the data is known to be its own.
	Residue Residue
	// Sandbox returns what its services may do on a host.
	Sandbox func(t Target) templates.Sandbox
	// Reads are what its services read or obey besides its resources.
	Reads []Reading
	// Variables are the beginnings of the names of variables that are settings of its services.
	Variables []string
	// Direct says that its services talk to the cluster alone, so that no proxy may be in between.
	Direct bool
}

// A Reading is something of a host that a service reads or obeys, and that is no resource of its
// component.
type Reading struct {
	What  string // a path or a pattern of paths; or what it is
	Whose string // whose it is, and what the tool does about it
	// Keys are the settings in the files at What that the tool decides, in its own file Main: the
	// ends of their names. All others are the owner's. Choices are those that an owner may have a
	// reason to set all the same.
	Keys, Choices []string
	Main          string
}

// Residue are what programs leave on a host.
type Residue struct {
	Data []string // directories; what was in them before stays, see kinds.Before
	// People are patterns of directories in which people keep what no program can make again. They
	// stay too.
	People     []string
	Mounts     []resource.Mounts // outside of Data
	Interfaces []string          // of the network
	Chains     []string          // of the packet filter, by the prefixes of their names
	Sets       []string          // of addresses, which chains refer to, by patterns of their names
}

// Port is a port that a component listens on
// (https://kubernetes.io/docs/reference/networking/ports-and-protocols/).
type Port struct {
	Network string // "tcp" or "udp"
	Number  int    // 0 when the inventory says it, see Of
	// Of returns the number that an inventory says, or 0 when nothing listens in that cluster.
	Of func(*inventory.Cluster) int
	// By is the process, and For what it serves there: "etcd", "clients".
	By, For string
	// Loopback says that it listens on 127.0.0.1, Address that it listens on the cluster address;
	// with neither it listens everywhere.
	Loopback, Address bool
	// Shows is the file of the certificate that it shows to who connects; "" means that it shows
	// none.
	Shows string
	// From are the roles whose other hosts must reach the port; AnyHost is every host.
	From []inventory.Role
	// AddOns says that pods of add-ons ask it too, on whatever host they run: a firewall lets all
	// hosts in, while the cluster itself does without.
	AddOns bool
	// At reports whether a host has the port, where it is not the one that carries the component
	// out: pods serve there. Nil means the hosts of the component.
	At func(Target) bool
	// World says that users reach it too, from anywhere.
	World bool
	// Range returns the ports that an inventory says where it is not one port that is listened on:
	// what is sent there goes on to pods.
	Range func(*inventory.Cluster) inventory.PortRange
}

// What the tool decides about its own files and connections has no other place in the inventory.
const (
	itsOwn  = "the tool places this file itself"
	isFixed = "the tool decides this; leave it out"
)

// AnyHost stands for hosts of every role in Port.From.
const AnyHost inventory.Role = ""

// isAt reports whether a host that may have the component has the port.
func (p Port) isAt(c Component, t Target) bool {
	if p.At != nil {
		return p.At(t)
	}
	return c.On(t)
}

// In returns the number of the port in a cluster, or 0 when nothing listens there.
func (p Port) In(c *inventory.Cluster) int {
	if p.Of != nil {
		return p.Of(c)
	}
	return p.Number
}
