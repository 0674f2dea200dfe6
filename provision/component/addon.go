package component

import "kbootstrap/resource"

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
