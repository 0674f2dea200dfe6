package component

import (
	"slices"
	"strings"
	"time"

	"kbootstrap/inventory"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// The components of an upgrade alone.
const (
	Staged      = "stage"
	Drained     = "drain"
	TakesPods   = "takes-pods"
	hostsHealth = "health"
)

// Upgrade is the book of a running cluster that moves to other versions. It is that of the cluster,
// in the order of such a change:
//
//  1. all hosts get the new programs, next to those that run, and the new images; then etcd is
//     saved to a file;
//  2. etcd, one member at a time;
//  3. the API servers, one at a time;
//  4. the controller managers and schedulers, which may not be newer than any API server;
//  5. the nodes, in waves: pods leave, then what they depend on is changed, and when the node is
//     ready and healthy it takes pods again, the first one when its services have run for a while;
//  6. the add-ons.
//
// What has failed keeps all that comes after it from being changed; a service that ends soon after
// it was started again has failed. drain is how long pods may take to leave a node.
func Upgrade(drain time.Duration, now time.Time) []Component {
	all := Components()
	var ofNodes, addOns []string
	for _, c := range all {
		switch {
		case c.OfNode:
			ofNodes = append(ofNodes, c.Name)
		case c.isOfCluster():
			addOns = append(addOns, c.Name)
		}
	}
	planes := []string{controllerManager.Name, scheduler.Name}
	for i := range all {
		c := &all[i]
		if len(c.Units) > 0 {
			c.Resources = soaked(c.Resources)
		}
		switch {
		case c.Name == Etcd:
			c.Needs = append(c.Needs, Staged, Snapshot)
		case c.Name == APIServer:
			c.Needs = append(c.Needs, Staged, Snapshot, Etcd)
		case c.Name == images.Name:
			c.After = []string{Staged} // what runs takes them as well
		case c.Name == tools.Name:
			c.After = append(c.After, Staged)
		case c.Name == podProbe.Name:
			c.Needs = append(c.Needs, images.Name)
		case slices.Contains(planes, c.Name):
			c.Needs = append(c.Needs, APIServer)
		case c.OfNode:
			// The node is known to the API by now, so that what only waits for that on a new host
			// has no need to.
			c.InWaves, c.After = true, append(without(c.After, kubelet.Name, nodes.Name), Drained)
			c.Needs = slices.Concat(c.Needs, planes)
		case c.Name == hostsHealth:
			c.InWaves, c.GoesAhead, c.After = true, true, append(c.After, TakesPods)
			c.Needs = without(c.Needs, addOns...)
		case c.Name == nodes.Name:
			c.GoesAhead = true
		case c.isOfCluster(), c.Aside && !c.Last && c.Name != addOnImages.Name:
			c.Needs = append(append(c.Needs, hostsHealth), ofNodes...)
		case c.Last:
			c.Needs = slices.Concat(c.Needs, addOns)
		}
	}
	return append(all, stage, snapshot(now),
		Component{
			Name: Drained, On: everywhere, AtLead: true, InWaves: true, GoesAhead: true, Passing: true, Needs: planes,
			Resources: func(t Target) []resource.Resource {
				return one(api.Drain{Node: t.Host.Name, Kubeconfig: Admin, Timeout: drain, Mark: api.MarkUpgrade})
			},
		},
		Component{
			Name: TakesPods, Short: "pods", On: everywhere, AtLead: true, InWaves: true, GoesAhead: true,
			After: ofNodes,
			Resources: func(t Target) []resource.Resource {
				return one(api.Schedulable{
					Node: t.Host.Name, Kubeconfig: Admin, Version: t.Cluster.Kubernetes, Timeout: 5 * time.Minute,
				})
			},
		})
}

// without returns the names but for those that are dropped.
func without(names []string, dropped ...string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(dropped, name) })
}

// isOfCluster reports whether a component is an add-on that every host waits for.
func (c Component) isOfCluster() bool { return c.AddOn != nil && c.ServesAll }

// stage is the programs of all components, each in the directory of its version: nothing refers to
// them yet, and no host waits for a content while it is changed.
var stage = Component{
	Name:  Staged,
	On:    everywhere,
	After: []string{"base"},
	Resources: func(t Target) []resource.Resource {
		var rs []resource.Resource
		seen := map[string]bool{}
		for _, c := range Components() {
			if !c.On(t) || c.At(t) != t.Host.Name {
				continue
			}
			for _, r := range c.Resources(t) {
				file, ok := r.(resource.File)
				if ok && file.Blob != "" && strings.HasPrefix(file.Path, ownDir+"/") && !seen[file.Path] {
					seen[file.Path] = true
					rs = append(rs, file)
				}
			}
		}
		return rs
	},
}

// Waves puts the hosts of a cluster into the waves of an upgrade: control planes one by one, and
// then so many others at a time. The host that leads comes first.
func Waves(c *inventory.Cluster, lead string, unavailable int) map[string]int {
	waves := map[string]int{}
	wave := 0
	next := func(name string) {
		if _, has := waves[name]; !has {
			waves[name] = wave
			wave++
		}
	}
	if lead != "" {
		next(lead)
	}
	for _, h := range c.With(inventory.ControlPlane) {
		next(h.Name)
	}
	in := 0
	for _, h := range c.Hosts {
		if _, has := waves[h.Name]; has {
			continue
		}
		if in == max(1, unavailable) {
			wave, in = wave+1, 0
		}
		waves[h.Name] = wave
		in++
	}
	return waves
}
