package component

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"kbootstrap/inventory"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
	"kbootstrap/resource/kinds"
)

// Teardown is the book of a reset: what makes hosts what they were before. Hosts leave a cluster
// that stays, which one that is removed as a whole has no need of. Of a host it touches what the
// components in Target.Left have made: a docker that the tool never had to do with runs on.
func Teardown(whole bool) []Component {
	if whole {
		return []Component{stop, remove, restore, forget}
	}
	return []Component{leave, stop, remove, restore, forget}
}

// leave takes the node of a host out of the cluster, and the rights of its programs.
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
		return list(one(api.Object{Manifest: manifest, Kubeconfig: Admin, Absent: true}), absent(hostRights(t)))
	},
}

// stop is a host on which nothing of ours runs, and nothing that it ran: last started, first
// stopped.
var stop = Component{
	Name:  "stop",
	On:    Target.hasOurs,
	After: []string{"leave"},
	Resources: func(t Target) []resource.Resource {
		var rs []resource.Resource
		left := t.left()
		for _, unit := range unitsOf(left) {
			rs = append(rs, resource.Service{Name: unit})
		}
		rs = append(rs, resource.Processes{Program: ownDir + "/", Absent: true}) // containers outlive their services
		residue := residueOf(left)
		for _, m := range residue.Mounts {
			rs = append(rs, m)
		}
		for _, name := range residue.Interfaces {
			rs = append(rs, resource.NIC{Name: name, Absent: true})
		}
		// Never a flush: the operator's own rules, and with them the SSH session, stay.
		return append(rs, resource.Chains{Prefixes: residue.Chains, Absent: true},
			resource.IPSets{Patterns: residue.Sets, Absent: true}) // a set that a rule names cannot be deleted
	},
}

// remove is a host without the data of Kubernetes: the directories that the components name in
// their Residue, but for what was in them before. It comes while the records tell what that is, and
// before a service of the host's owner starts again on its data.
var remove = Component{
	Name:  "remove",
	On:    Target.hasOurs,
	After: []string{"stop"},
	Resources: func(t Target) []resource.Resource {
		var rs []resource.Resource
		for _, c := range t.left() {
			for _, dir := range c.lasting() {
				data := kinds.Data{Path: dir, Unit: c.Units[0], All: t.DeleteData, Absent: true}
				for _, pattern := range c.Residue.People {
					if below, ok := strings.CutPrefix(pattern, dir+"/"); ok {
						data.People = append(data.People, below)
					}
				}
				rs = append(rs, data)
			}
			for _, dir := range c.Residue.Data {
				if !slices.Contains(c.lasting(), dir) {
					rs = append(rs, resource.Tree{Path: dir, Absent: true})
				}
			}
		}
		return rs
	},
}

// restore puts back what was there before the tool came. It comes when nothing runs any more.
var restore = Component{
	Name:  "restore",
	On:    Target.hasOurs,
	After: []string{"remove"},
	Resources: func(t Target) []resource.Resource {
		return one(kinds.Originals{Keep: kept(t.Cluster), Absent: true})
	},
}

// kept are the IDs of what a reset does not put back: firewalls and swap stay off, unless the
// inventory wants them.
func kept(c *inventory.Cluster) []string {
	if c.RestoreOnReset {
		return nil
	}
	return []string{resource.Service{Name: firewalldUnit}.ID(), resource.UFW{}.ID(), resource.Swap{}.ID()}
}

// forget is a host without the tool: its programs and its own notes. It comes last, when the
// records of what was there before are used up.
var forget = Component{
	Name:  "forget",
	On:    everywhere,
	After: []string{"restore"},
	Resources: func(Target) []resource.Resource {
		var rs []resource.Resource
		for _, dir := range []string{ownDir, "/var/lib/kbootstrap",
			"/run/kbootstrap", // last: it tells a run after one that was killed to flush, see host.System.Recover
		} {
			rs = append(rs, resource.Tree{Path: dir, Absent: true})
		}
		return rs
	},
}

// hasOurs reports whether the tool has ever changed the host.
func (t Target) hasOurs() bool { return t.Left != nil }

// left are the components that the host has or had.
func (t Target) left() []Component {
	return slices.DeleteFunc(Components(), func(c Component) bool { return !slices.Contains(t.Left, c.Name) })
}

// Footprint is what shows that the tool has changed a host: it is looked for before a teardown.
func Footprint() []resource.Resource {
	rs := one(
		kinds.Originals{Absent: true},
		// The agent comes with every look at a host, and contents arrive before anything is
		// changed.
		resource.Tree{Path: ownDir, Keep: []string{"agent", "blobs", "lost+found"}, Absent: true},
	)
	for _, unit := range Units() {
		rs = append(rs, OwnDropIn(unit))
	}
	return rs
}

// OwnDropIn is the file that every service of ours has, and no other service (see
// resource.Service).
func OwnDropIn(unit string) resource.File {
	return resource.File{Path: "/etc/systemd/system/" + unit + ".d/50-kbootstrap.conf", Absent: true}
}

// LeftOn returns the names of the components that a host has or had, by what was found of its
// footprint: those whose services the tool has changed. It is nil for a host that the tool never
// changed.
func LeftOn(found []resource.Resource) []string {
	var (
		changed  []string // IDs
		touched  bool
		recorded = func(unit string) bool { return slices.Contains(changed, resource.Service{Name: unit}.ID()) }
		own      = func(unit string) bool { return slices.Contains(changed, OwnDropIn(unit).ID()) }
	)
	for _, r := range found {
		if r.State() == "" {
			continue
		}
		touched = true
		if originals, ok := r.(kinds.Originals); ok {
			changed = append(changed, originals.Found...)
		} else {
			changed = append(changed, r.ID())
		}
	}
	if !touched {
		return nil
	}
	names := []string{}
	for _, c := range Components() {
		if slices.ContainsFunc(c.Units, func(unit string) bool { return recorded(unit) || own(unit) }) {
			names = append(names, c.Name)
		}
	}
	return names
}
