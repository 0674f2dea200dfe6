package draft

import (
	"fmt"
	"net/netip"

	"kbootstrap/host"
	"kbootstrap/inventory"
)

// Draft is an inventory that a person has yet to read.
type Draft struct {
	source  Source
	entries []entry
}

// entry is a host of a draft.
type entry struct {
	name    string
	address netip.Addr
	why     string // where the address is
	roles   []inventory.Role
	ssh     inventory.SSH
	remarks []string
	open    []string // what a person has to do
}

// Propose decides on the hosts of a source: what they are called, which address is the cluster's
// and what they are for. The facts are those of the hosts that were asked, by their names in the
// source; failed says why others could not be asked.
func Propose(s Source, facts map[string]host.Facts, failed map[string]error) Draft {
	names := nodeNames(s.Hosts, facts)
	addresses := choose(s, facts)
	roles := proposeRoles(s.Hosts, names)
	d := Draft{source: s}
	machines := map[string]string{} // by boot ID
	for i, h := range s.Hosts {
		c := addresses[h.Name]
		e := entry{
			name: names[i], address: c.address, why: c.why, roles: roles[i], ssh: h.SSH, remarks: h.Remarks,
			open: c.open,
		}
		if names[i] != h.Name && h.IsNamed {
			e.remarks = append(e.remarks, fmt.Sprintf("It was %q, which cannot be the name of a node.", h.Name))
		}
		if err := failed[h.Name]; err != nil {
			e.open = append([]string{fmt.Sprintf("The host could not be asked: %v.", err)}, e.open...)
		}
		if f := facts[h.Name]; f.BootID != "" {
			if f.Cluster != "" {
				e.remarks = append(e.remarks, fmt.Sprintf("It belongs to the cluster %q already.", f.Cluster))
			}
			if other := machines[f.BootID]; other != "" {
				e.open = append(e.open, fmt.Sprintf("This is the same machine as %s: one of the two has to go.", other))
			}
			machines[f.BootID] = names[i]
		}
		d.entries = append(d.entries, e)
	}
	return d
}

// Open is how many hosts have something that a person has to decide.
func (d Draft) Open() int {
	n := 0
	for _, e := range d.entries {
		if e.open != nil {
			n++
		}
	}
	return n
}
