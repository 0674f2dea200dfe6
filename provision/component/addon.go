package component

import "kbootstrap/resource"

// SuperAdmin is the kubeconfig of the group that needs no binding. It lies on control planes only.
const SuperAdmin = "/etc/kubernetes/super-admin.conf"

// addon is a component whose objects the API has once for the whole cluster: those of a manifest, a
// YAML stream.
func addon(c Component, manifest func(Target) []byte) Component {
	c.On, c.ServesAll = Target.first, true
	c.After = append([]string{"access"}, c.After...)
	c.Resources = func(t Target) []resource.Resource { return objects(SuperAdmin, manifest(t)) }
	return c
}
