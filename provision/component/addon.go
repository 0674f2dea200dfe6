package component

import (
	"kbootstrap/inventory"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// AddOn is what is known of a component that serves the users of a cluster.
type AddOn struct {
	// Field is its name under `addons` of an inventory.
	Field string
	// What is what it is for, in words that end a sentence.
	What string
	// Reach returns how users come to it: a command, or a name that they write.
	Reach func(*inventory.Cluster) string
	// IsOn reports whether a cluster is to have it; nil means that every cluster has it, and that
	// no inventory can turn it off.
	IsOn func(*inventory.Cluster) bool
	// HasData says that users lose something when it goes: what it keeps, or the way to it.
	HasData bool
	// OnHosts says that it is a thing of hosts: a cluster without it has no host that is asked.
	OnHosts bool
	// Adopts says that a run may have it take over objects that others have made, if it says so.
	Adopts bool
	// IsHeavy reports of each of its objects whether users lose something when it alone goes; nil
	// means that none is.
	IsHeavy func(api.ObjectRef) bool
}

// by is a way to an add-on that is the same in every cluster.
func by(text string) func(*inventory.Cluster) string {
	return func(*inventory.Cluster) string { return text }
}

// addon is a component whose objects the API has once for the whole cluster: those of a manifest, a
// YAML stream. It is done when they are ready: a Deployment is available, a DaemonSet runs on all
// nodes, an APIService answers.
func addon(c Component, manifest func(Target) []byte) Component {
	c.On, c.ServesAll = Target.first, true
	c.After = append([]string{"access"}, c.After...)
	c.Resources = func(t Target) []resource.Resource {
		applied := objects(Admin, manifest(t))
		return append(applied, rollouts(applied)...)
	}
	return c
}

// optional is an add-on that an inventory turns on and off. The cluster itself notes which objects
// it has, so that they go with it, and so that those go which a later version has no more.
//
// A run does not wait for its pods: a cluster takes work before they run, and some take longer than
// all that comes before them together. How they are is told by `status` and `addons`. No host waits
// for it either. It comes when every host has its image, so that no pod waits out the back-off of a
// pull that cannot succeed.
func optional(c Component, a AddOn, manifest func(Target) []byte) Component {
	for i := range c.Sources {
		c.Sources[i].Needed = a.IsOn
	}
	c = addon(c, manifest)
	c.AddOn, c.ServesAll, c.Aside = &a, false, true
	c.Needs = append(c.Needs, "add-on-images")
	c.Resources = func(t Target) []resource.Resource {
		set := api.ObjectSet{Name: c.Name, Kubeconfig: Admin}
		if !a.IsOn(t.Cluster) {
			return one(set)
		}
		applied := objects(Admin, manifest(t))
		set.Objects = refsOf(applied)
		return list(one(set), applied, readinesses(applied))
	}
	return c
}

// refsOf are the names of the objects among resources.
func refsOf(rs []resource.Resource) []api.ObjectRef {
	var refs []api.ObjectRef
	for _, r := range rs {
		object, ok := r.(api.Object)
		if !ok {
			continue
		}
		ref, err := api.RefOf(object)
		if err != nil {
			panic("component: manifest of " + r.ID() + ": " + err.Error())
		}
		refs = append(refs, ref)
	}
	return refs
}
