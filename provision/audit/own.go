package audit

import (
	"fmt"
	"io/fs"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/release"
)

// own are the checks of the tool's own: what matters here, and the benchmark does not ask.
func own() []Check {
	c := func(id, title, remedy string, judge func(Scene, Host) Verdict) Check {
		return Check{ID: id, Title: title, Promise: ByDefault, Remedy: remedy, host: judge}
	}
	whole := func(id, title, remedy string, judge func(Scene) Verdict) Check {
		return Check{ID: id, Title: title, Promise: ByDefault, Remedy: remedy, cluster: judge}
	}
	members := c("KB.14", "etcd takes no client for a member", arguments, etcdMembers)
	members.Role = inventory.Etcd
	return []Check{
		c("KB.1", "programs belong to root, and only root may change them", again, programs),
		c("KB.2", "only root may change the files that programs are started with, and read keys", again, startFiles),
		c("KB.3", "programs listen for others only at the ports of TCP that are declared, and where", arguments,
			declaredPorts),
		c("KB.4", "the sockets of the container runtimes are root's",
			"chmod 660 and chown root the socket, and see who is "+
				"in its group", sockets),
		c("KB.5", "no pods are started besides the API", "remove the files in "+manifests, staticPods),
		c("KB.6", "certificates are valid for another week", again, certificates),
		whole("KB.7", "kubelets get the client certificates that they ask for", again, rotation),
		whole("KB.8", "only parts of Kubernetes may change every node", review, changeNodes),
		whole("KB.9", "who shows no credential may ask the API for its version only", review, anonymousRights),
		whole("KB.10", "the keys of the cluster on this machine are its owner's alone",
			"chmod -R go= the state directory", stateFiles),
		c("KB.11", "no program has a version with a hole that this version of the tool knows of",
			"leave the version out of the inventory or name a later one, and run `kbootstrap up`", versions),
		c("KB.12", "services may do no more than their components declare",
			"take what loosens the sandbox out of drop-ins of systemd (systemctl cat UNIT), and run `kbootstrap up`",
			sandboxes),
		c("KB.13", "the firewall lets in what the components declare, and nothing else of the tool's",
			again, walls),
		members,
	}
}

// readsOf are the programs of the cluster that a host runs.
func daemonsOf(h Host) []host.Daemon {
	var all []host.Daemon
	for _, program := range Programs() {
		all = append(all, h.Inspection.Daemons(program)...)
	}
	return all
}

// programs judges the executables.
func programs(s Scene, h Host) Verdict {
	var running []string
	for _, p := range daemonsOf(h) {
		running = append(running, p.Path)
	}
	where := at(append(running, programFiles...)...)
	return all(
		mode(0o755, regular(where)),
		inspect(where, Unknown, "owned by root", func(f host.Inspected) string {
			if !strings.HasPrefix(f.Owner, "root:") {
				return "belongs to " + f.Owner
			}
			return ""
		}))(s, h)
}

// startFiles judges all files that flags of processes name: keys by their names, and what is in
// directories of configurations.
func startFiles(s Scene, h Host) Verdict {
	var wrong []string
	seen := 0
	for _, f := range h.Inspection.Files {
		isConfig := slices.ContainsFunc(configDirs, func(dir string) bool { return matches(dir+"/**", f.Path) })
		if !isConfig {
			continue
		}
		seen++
		switch {
		case f.Mode.Perm()&0o022 != 0:
			wrong = append(wrong, fmt.Sprintf("%s is %04o", f.Path, f.Mode.Perm()))
		case isKey(f.Path) && f.Mode.Perm()&^readable(f) != 0:
			wrong = append(wrong, fmt.Sprintf("%s is %04o, and holds a key", f.Path, f.Mode.Perm()))
		case f.Owner != "root:root" && f.Owner != etcdReads:
			wrong = append(wrong, f.Path+" belongs to "+f.Owner)
		}
	}
	switch {
	case seen == 0:
		return unknown("there are no files in " + strings.Join(configDirs, ", "))
	case len(wrong) > 0:
		return fail(some(wrong, ", "))
	}
	return pass(number(seen) + " files and directories in " + strings.Join(configDirs, ", "))
}

// etcdReads is the owner of what etcd reads and may not change: its keys are root's.
const etcdReads = "root:etcd"

// readable is what the mode of a key may be: its owner's alone, and the group's of etcd to read.
func readable(f host.Inspected) fs.FileMode {
	if f.Owner == etcdReads {
		return 0o640
	}
	return 0o700
}

// isKey reports whether a file holds a key: by its name, a kubeconfig, or the keys of the
// encryption at rest.
func isKey(path string) bool {
	base := filepath.Base(path)
	return filepath.Ext(path) == ".key" || filepath.Ext(path) == ".conf" && strings.HasPrefix(path,
		"/etc/kubernetes/") ||
		strings.Contains(base, "encryption") || base == "kubelet-client-current.pem"
}

// declaredPorts compares the sockets of the programs with what the components declare.
func declaredPorts(s Scene, h Host) Verdict {
	declared := portsOf(s.Cluster)
	var open []string
	seen := 0
	for _, p := range daemonsOf(h) {
		for _, at := range p.Listens {
			seen++
			port, ok := declared[int(at.Port())]
			isDeclared := ok && (!port.Address || at.Addr() == h.Address) || answersBalancers(s, p, at)
			if !at.Addr().IsLoopback() && !isDeclared {
				open = append(open, of(p)+" at "+spelled(at))
			}
		}
	}
	switch {
	case seen == 0:
		return unknown("no program of the cluster listens")
	case len(open) > 0:
		return fail(some(open, ", "))
	}
	return pass(number(seen) + " sockets, all of them on loopback or at declared ports")
}

// answersBalancers reports whether a socket is one of kube-proxy's own at a NodePort: it tells load
// balancers there whether a pod of their Service is on this host (healthCheckNodePort of a
// Service). Other NodePorts have no socket of kube-proxy's.
func answersBalancers(s Scene, p host.Daemon, at netip.AddrPort) bool {
	r := s.Cluster.Network.NodePorts
	return p.Program == proxyProgram && int(at.Port()) >= r.First && int(at.Port()) <= r.Last
}

func sockets(s Scene, h Host) Verdict {
	return inspect(at(socketFiles...), Unknown, "root's", func(f host.Inspected) string {
		switch {
		case f.Mode.Perm()&0o007 != 0:
			return fmt.Sprintf("is %04o", f.Mode.Perm())
		case !strings.HasPrefix(f.Owner, "root:"):
			return "belongs to " + f.Owner
		}
		return ""
	})(s, h)
}

func staticPods(s Scene, h Host) Verdict {
	found, _ := regular(at(manifests+"/*"))(s, h)
	if len(found) == 0 {
		return pass(manifests + " is empty")
	}
	var paths []string
	for _, f := range found {
		paths = append(paths, f.Path)
	}
	return fail("static pods: " + some(paths, ", "))
}

// soon is how long a certificate must be valid.
const soon = 7 * 24 * time.Hour

func certificates(_ Scene, h Host) Verdict {
	var bad []string
	seen := 0
	for _, f := range h.Inspection.Files {
		for _, c := range f.Certificates {
			seen++
			if left := c.NotAfter.Sub(h.Inspection.Now); left < soon && c.NotAfter.Sub(c.NotBefore) > 2*soon ||
				left <= 0 {
				bad = append(bad, f.Path+" ends "+c.NotAfter.UTC().Format(time.DateOnly))
			}
		}
	}
	switch {
	case seen == 0:
		return unknown("no certificates were found")
	case len(bad) > 0:
		return fail(some(bad, ", "))
	}
	return pass(number(seen) + " certificates")
}

// rotation judges whether kubelets' requests for client certificates are approved.
// https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/
func rotation(s Scene) Verdict {
	g, cannot := rightsOf(s)
	if cannot != nil {
		return *cannot
	}
	bound := slices.ContainsFunc(g.holders(func(r role) bool {
		return r.allows("certificates.k8s.io", "certificatesigningrequests/selfnodeclient", "create") && !r.isAll()
	}), func(h holder) bool { return h.Kind == "Group" && h.Name == "system:nodes" })
	return when(bound, map[bool]string{
		true:  "system:nodes may renew their own certificates",
		false: "nothing approves what kubelets ask for: no binding lets system:nodes renew their own certificates",
	}[bound])
}

// changeNodes judges who may write the Nodes, or their status, of other hosts: with that one node
// can take the others' traffic.
func changeNodes(s Scene) Verdict {
	g, cannot := rightsOf(s)
	if cannot != nil {
		return *cannot
	}
	var bad []string
	for _, h := range g.holders(func(r role) bool {
		return !r.isAll() && (r.allows("", "nodes/status", "update", "patch") || r.allows("", "nodes", "update",
			"patch"))
	}) {
		if !h.isSystem() {
			bad = append(bad, h.text())
		}
	}
	slices.Sort(bad)
	if len(bad) > 0 {
		return fail("may change every node: " + some(bad, ", "))
	}
	return pass("besides administrators only parts of Kubernetes may")
}

// anonymousRights judges what those may do who show no credential, or any: by default only the
// version and the state of health.
func anonymousRights(s Scene) Verdict {
	g, cannot := rightsOf(s)
	if cannot != nil {
		return *cannot
	}
	var bad []string
	for _, b := range g.bindings {
		isOwn := b.Metadata.Labels["kubernetes.io/bootstrapping"] == "rbac-defaults" &&
			slices.Contains([]string{"system:public-info-viewer", "system:basic-user", "system:discovery"},
				b.RoleRef.Name)
		for _, who := range b.Subjects {
			if who.isEverybody() && who.Kind != "ServiceAccount" && !isOwn &&
				(who.Name == "system:anonymous" || who.Name == "system:unauthenticated") {
				bad = append(bad, who.text()+" by "+b.name())
			}
		}
	}
	slices.Sort(bad)
	if len(bad) > 0 {
		return fail("rights without a credential: " + some(bad, ", "))
	}
	return pass("no binding is of who shows none, besides those of Kubernetes")
}

func stateFiles(s Scene) Verdict {
	var wrong []string
	for _, f := range s.State {
		if f.Mode.Perm()&0o077 != 0 && (f.Mode.IsDir() || isKey(f.Path) || strings.HasSuffix(f.Path, "kubeconfig")) {
			wrong = append(wrong, fmt.Sprintf("%s is %04o", f.Path, f.Mode.Perm()))
		}
	}
	switch {
	case len(s.State) == 0:
		return Verdict{NotApplicable, "this machine has no state directory of the cluster"}
	case len(wrong) > 0:
		return fail(some(wrong, ", "))
	}
	return pass(number(len(s.State)) + " files and directories")
}

// runtimeProgram is the one program of a component that no process runs all the time.
const runtimeProgram = "/usr/local/bin/runc"

// versions judges the releases of the programs that run, by where they lie.
func versions(s Scene, h Host) Verdict {
	paths := []string{}
	for _, p := range daemonsOf(h) {
		paths = append(paths, p.Path)
	}
	if f, ok := h.Inspection.File(runtimeProgram); ok {
		paths = append(paths, f.Target)
	}
	var weak []string
	seen := 0
	for _, source := range component.Sources() {
		for _, path := range paths {
			version := component.VersionOf(source.Component, path)
			if version == "" {
				continue
			}
			seen++
			if w, is := release.Weak(source.Component, version, s.Now); is {
				weak = append(weak, source.Component+" "+version+": "+w.Why)
			}
		}
	}
	slices.Sort(weak)
	weak = slices.Compact(weak)
	switch {
	case len(weak) > 0:
		return fail(some(weak, "; "))
	case seen == 0:
		return unknown("no program that the tool installed runs")
	}
	return pass("no hole is known to the tool in " + number(seen) + " programs; of Kubernetes it knows the end of " +
		"support only")
}
