package component

import (
	"fmt"
	"strconv"
	"strings"

	"kbootstrap/certs"
	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/release"
)

// Target is one host with all that its resources depend on. It is complete before the first host is
// changed.
type Target struct {
	Cluster *inventory.Cluster
	Host    inventory.Host
	Facts   host.Facts
	Release *release.Set
	PKI     *certs.PKI
	// EtcdNew says that every etcd host was asked and none holds a cluster yet, so members may
	// start one.
	EtcdNew bool
	// Lead is the control plane that carries out what is done once per cluster; empty means the
	// first of the inventory.
	Lead string
	// Joins are the names of the hosts that join the control plane of a cluster that is there: as
	// members of etcd, with an API server, or both. See Joining.
	Joins []string
	// Away are the names of the hosts that could not be reached.
	Away []string
	// AllMembers says that the run is about all components of all etcd hosts, and has reached them.
	AllMembers bool
	// AllHosts says the same of all hosts.
	AllHosts bool
	// Encryption says how far the control planes are with the encryption of secrets.
	Encryption EncryptionStage
	// Leaving says that the host leaves a cluster that stays, Dead that it does so without being
	// asked, and Leavers are the names of all that leave.
	Leaving, Dead bool
	Leavers       []string
	// Left are, of a host that is torn down, the components that it has or had; see Teardown.
	Left []string
	// DeleteData says that a teardown removes what was there before, and what people keep.
	DeleteData bool
	// Upstream says that some host knows a DNS server that pods can reach.
	Upstream bool
}

// Has reports whether the host has the role.
func (t Target) Has(role inventory.Role) bool { return t.Host.Has(role) }

// At is the name of the host that carries a component out for a target.
func (c Component) At(t Target) string {
	if !c.AtLead {
		return t.Host.Name
	}
	return t.lead()
}

// first reports whether the host is the control plane that carries out what is done once per
// cluster.
func (t Target) first() bool { return t.lead() == t.Host.Name }

// lead is the name of the control plane that carries out what is done once per cluster.
func (t Target) lead() string {
	if t.Lead != "" {
		return t.Lead
	}
	return t.Cluster.With(inventory.ControlPlane)[0].Name
}

// Minor is the minor version of Kubernetes, such as 36.
func (t Target) Minor() int {
	_, rest, _ := strings.Cut(t.Cluster.Kubernetes, ".")
	text, _, _ := strings.Cut(rest, ".")
	minor, err := strconv.Atoi(text)
	if err != nil {
		panic(fmt.Sprintf("component: version %q was not validated", t.Cluster.Kubernetes))
	}
	return minor
}

// version is the version of a component as it stands in directory names, without a leading v.
func (t Target) version(component string) string {
	return strings.TrimPrefix(t.Release.Version(component), "v")
}
