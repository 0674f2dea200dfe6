package audit

import "kbootstrap/inventory"

const (
	apiServerProgram  = "kube-apiserver"
	controllerProgram = "kube-controller-manager"
	schedulerProgram  = "kube-scheduler"
	etcdProgram       = "etcd"
	kubeletProgram    = "kubelet"
	proxyProgram      = "kube-proxy"
	pki               = "/etc/kubernetes/pki"
	manifests         = "/etc/kubernetes/manifests"
	unitNote          = "the program is a service of systemd, so its unit and drop-ins are what a pod's " +
		"specification is elsewhere"
)

// definition are the files that say how a program is started: its unit, and a static pod's
// manifest where a person made one.
func definition(program string) places {
	return both(unitFiles(program+".service"), at(manifests+"/"+program+"*"))
}

// adminConfigs are the kubeconfigs of administrators that hosts have.
var adminConfigs = at("/etc/kubernetes/admin.conf", "/etc/kubernetes/super-admin.conf", "/root/.kube/config")

// controlPlaneFiles is section 1.1.
func controlPlaneFiles() []Check {
	cni := both(regular(at("/etc/cni/net.d/**", "/etc/kubernetes/cni/**")), regular(at("/var/lib/cni/networks/**")))
	cp := func(id, title string, judge func(Scene, Host) Verdict) Check {
		return Check{ID: id, Title: title, Automated: true, Promise: ByDefault, Role: inventory.ControlPlane,
			Remedy: again, host: judge}
	}
	by := func(c Check, change func(*Check)) Check { change(&c); return c }
	unit := func(c *Check) { c.Note = unitNote }
	manual := func(c *Check) { c.Automated = false }
	onEtcd := func(c *Check) { c.Role = inventory.Etcd }
	return []Check{
		by(cp("1.1.1", "only root may read how the API server is started",
			mode(0o600, definition(apiServerProgram))), unit),
		by(cp("1.1.2", "the files that start the API server belong to root",
			owner("root:root", definition(apiServerProgram))), unit),
		by(cp("1.1.3", "only root may read how the controller manager is started",
			mode(0o600, definition(controllerProgram))), unit),
		by(cp("1.1.4", "the files that start the controller manager belong to root",
			owner("root:root", definition(controllerProgram))), unit),
		by(cp("1.1.5", "only root may read how the scheduler is started",
			mode(0o600, definition(schedulerProgram))), unit),
		by(cp("1.1.6", "the files that start the scheduler belong to root",
			owner("root:root", definition(schedulerProgram))), unit),
		by(by(cp("1.1.7", "only root may read how etcd is started", mode(0o600, definition(etcdProgram))),
			unit), onEtcd),
		by(by(cp("1.1.8", "the files that start etcd belong to root",
			owner("root:root", definition(etcdProgram))), unit), onEtcd),
		by(by(cp("1.1.9", "only root may read the files of the pod network", mode(0o600, cni)), manual),
			func(c *Check) {
				c.Role, c.Promise = "", ByUsers
				c.Note = "the files in /var/lib/cni/networks are made by the plug-in host-local with modes of its own"
			}),
		by(by(cp("1.1.10", "the files of the pod network belong to root", owner("root:root", cni)), manual),
			func(c *Check) { c.Role = "" }),
		by(cp("1.1.11", "only etcd may enter etcd's data directory", etcdData(0o700, "")), onEtcd),
		by(cp("1.1.12", "etcd's data directory belongs to etcd", etcdData(0, "etcd:etcd")), onEtcd),
		cp("1.1.13", "only root may read the kubeconfigs of administrators", mode(0o600, adminConfigs)),
		cp("1.1.14", "the kubeconfigs of administrators belong to root", owner("root:root", adminConfigs)),
		cp("1.1.15", "only root may read the scheduler's kubeconfig",
			mode(0o600, named(schedulerProgram, kubeconfigFlags...))),
		cp("1.1.16", "the scheduler's kubeconfig belongs to root",
			owner("root:root", named(schedulerProgram, kubeconfigFlags...))),
		cp("1.1.17", "only root may read the controller manager's kubeconfig",
			mode(0o600, named(controllerProgram, kubeconfigFlags...))),
		cp("1.1.18", "the controller manager's kubeconfig belongs to root",
			owner("root:root", named(controllerProgram, kubeconfigFlags...))),
		cp("1.1.19", "the directory of keys and all in it belong to root", owner("root:root", at(pki+"/**"))),
		by(cp("1.1.20", "only root may change certificates",
			mode(0o644, at(pki+"/**/*.crt", pki+"/**/*.pem"))), manual),
		by(cp("1.1.21", "only root may read keys", mode(0o600, at(pki+"/**/*.key"))), manual),
	}
}

var kubeconfigFlags = []string{"kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig"}
