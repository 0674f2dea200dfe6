package component

import (
	"encoding/json"
	"fmt"

	"kbootstrap/inventory"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
	"kbootstrap/resource/kinds"
)

// Teardown is the book of a reset: what makes hosts what they were before. Hosts leave a cluster
// that stays, which one that is removed as a whole has no need of.
func Teardown(whole bool) []Component {
	if whole {
		return []Component{stop, restore, remove}
	}
	return []Component{leave, stop, restore, remove}
}

// leave takes the node of a host out of the cluster.
var leave = Component{
	Name:   "leave",
	On:     everywhere,
	AtLead: true,
	Resources: func(t Target) []resource.Resource {
		manifest, err := json.Marshal(map[string]any{
			"apiVersion": "v1", "kind": "Node", "metadata": map[string]any{"name": t.Host.Name},
		})
		if err != nil {
			panic(fmt.Sprintf("component: node %s: %v", t.Host.Name, err)) // a name of the inventory is text
		}
		return one(api.Object{Manifest: manifest, Kubeconfig: SuperAdmin, Absent: true})
	},
}

// stop is a host on which nothing of ours runs, and nothing that it ran: last started, first
// stopped.
var stop = Component{
	Name:  "stop",
	On:    everywhere,
	After: []string{"leave"},
	Resources: func(Target) []resource.Resource {
		var rs []resource.Resource
		for _, unit := range Units() {
			rs = append(rs, resource.Service{Name: unit})
		}
		rs = append(rs, resource.Processes{Program: ownDir + "/", Absent: true}) // containers outlive their services
		left := AllResidue()
		for _, dir := range left.Mounts {
			rs = append(rs, resource.Mounts{Under: dir, Absent: true})
		}
		for _, name := range left.Interfaces {
			rs = append(rs, resource.NIC{Name: name, Absent: true})
		}
		// Never a flush: the operator's own rules, and with them the SSH session, stay.
		return append(rs, resource.Chains{Prefixes: left.Chains, Absent: true})
	},
}

// restore puts back what was there before the tool came. It comes when nothing runs any more.
var restore = Component{
	Name:  "restore",
	On:    everywhere,
	After: []string{"stop"},
	Resources: func(t Target) []resource.Resource {
		return one(kinds.Originals{Keep: kept(t.Cluster), Absent: true})
	},
}

// kept are the IDs of what a reset does not put back: firewalld and swap stay off, unless the
// inventory wants them.
func kept(c *inventory.Cluster) []string {
	if c.RestoreOnReset {
		return nil
	}
	return []string{resource.Service{Name: "firewalld.service"}.ID(), resource.Swap{}.ID()}
}

// remove is a host without the data of Kubernetes: the directories that the components name in
// their Residue. It comes after the records of what was there before are used up.
var remove = Component{
	Name:  "remove",
	On:    everywhere,
	After: []string{"restore"},
	Resources: func(Target) []resource.Resource {
		var rs []resource.Resource
		for _, dir := range append(AllResidue().Data, ownDir, "/var/lib/kbootstrap",
			"/run/kbootstrap", // last: it tells a run after one that was killed to flush, see host.System.Recover
		) {
			rs = append(rs, resource.Tree{Path: dir, Absent: true})
		}
		return rs
	},
}
