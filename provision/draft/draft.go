// Package draft makes an inventory from what is there: Vagrant's machines, an inventory of Ansible,
// or plain names. It is pure: texts and the facts of hosts in, a text out.
//
// Start at Source, which Vagrant, Ansible and Names read. Propose decides what each host is for and
// which address is the cluster's, and Draft.Text writes that down, with a comment wherever
// something has to be decided by a person.
package draft

import (
	"net/netip"

	"kbootstrap/inventory"
)

// Source is where the hosts of a draft come from.
type Source struct {
	// Title says where, as it stands in the first line of the inventory.
	Title string
	Hosts []Host
	// Remarks are what the source has and the draft does not, a sentence each.
	Remarks []string
	// OwnHostKeys reports whether the keys of the hosts are kept next to the inventory: those of
	// machines that come and go on this one do not belong in the user's file.
	OwnHostKeys bool
	// Alone reports whether the source says all that there is to know of logging in, so that the
	// user's ssh_config is not asked.
	Alone bool
}

// Host is a host as its source tells of it.
type Host struct {
	// Name is what the source calls the host. No two hosts of a source have the same.
	Name string
	// IsNamed reports whether that is meant as a name, and not only as the way to the host.
	IsNamed bool
	SSH     inventory.SSH
	// Roles are those that the source says; nil when it says nothing of roles.
	Roles []inventory.Role
	// Address is the one that the source says is the cluster's.
	Address netip.Addr
	// Remarks are what a reader of the inventory should know of the host, a sentence each.
	Remarks []string
}

// Inventory returns the hosts as a connection takes them.
func (s Source) Inventory() []inventory.Host {
	hosts := make([]inventory.Host, len(s.Hosts))
	for i, h := range s.Hosts {
		hosts[i] = inventory.Host{Name: h.Name, SSH: h.SSH}
		hosts[i].SSH.Agent = true
		if s.Alone {
			hosts[i].SSH.Config = "none"
		}
	}
	return hosts
}
