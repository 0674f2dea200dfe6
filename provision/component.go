// Package provision says what a cluster is made of, one file per component, and makes hosts so. A component is a chapter:
// it states which resources a host should have, and nothing about how to get there. Plans are pure: Build turns a
// Cluster, the facts of its hosts, the artifacts and the certificates into wanted resources; Observe compares them with
// the hosts; Apply walks them in order. Start at Components, the table of contents, then plan.go.
package provision

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"kbootstrap/certs"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/resource"
	"kbootstrap/release"
)

// Component is a chapter of the cluster: what some hosts should have, and what must be there before.
type Component struct {
	Name string
	// On tells which hosts have it.
	On func(t Target) bool
	// After names the components that must be done on the same host first.
	After []string
	// Needs names the components that must be done on every host first.
	Needs []string
	// Gates names the components that it waits for while it is made, on its host: its files travel meanwhile. When they
	// have failed on every host, the wait is over.
	Gates []string
	// Rolling components are changed on one host at a time once they run, since the cluster stops without a quorum of
	// them.
	Rolling bool
	// Turn is when the component's contents travel.
	Turn Turn
	// Resources are what the host should have, in the order in which they are made.
	Resources func(t Target) []resource.Resource
}

// Turn is one of three times at which contents travel. Within a turn they go in the order of Components.
type Turn int

// The turns. The zero value is InTurn.
const (
	InTurn Turn = iota
	Urgent      // before any others: what all hosts wait for
	Late        // when the API answers: what no node waits for, and what would keep the API server from its start
)

// Components is the table of contents: everything that the tool puts on hosts. Their order is that in which contents
// travel, so what all others wait for comes first. What waits for what is in After and Needs; the order of start after a
// reboot is in the units.
func Components() []Component {
	return []Component{
		base,
		etcd,
		apiServer,
		apiProxy,
		controllerManager,
		scheduler,
		access,
		containerd,
		kubelet,
		flannel,
		kubeProxy,
		images,
		docker,
		criDockerd,
		tools,
		nodes,
		coreDNS,
		health,
	}
}

// Target is one host with all that its resources depend on. It is complete before the first host is changed.
type Target struct {
	Cluster *inventory.Cluster
	Host    inventory.Host
	Facts   node.Facts
	Release *release.Set
	PKI     *certs.PKI
	// EtcdNew says that every etcd host was asked and none holds a cluster yet, so members may start one.
	EtcdNew bool
	// Lead is the control plane that carries out what is done once per cluster; empty means the first of the inventory.
	Lead string
	// Upstream says that some host knows a DNS server that pods can reach.
	Upstream bool
}

// Has reports whether the host has the role.
func (t Target) Has(role inventory.Role) bool { return t.Host.Has(role) }

// first reports whether the host is the control plane that carries out what is done once per cluster.
func (t Target) first() bool {
	if t.Lead != "" {
		return t.Lead == t.Host.Name
	}
	return t.Cluster.With(inventory.ControlPlane)[0].Name == t.Host.Name
}

// minor is the minor version of Kubernetes, such as 36.
func (t Target) minor() int {
	_, rest, _ := strings.Cut(t.Cluster.Kubernetes, ".")
	text, _, _ := strings.Cut(rest, ".")
	minor, err := strconv.Atoi(text)
	if err != nil {
		panic(fmt.Sprintf("provision: version %q was not validated", t.Cluster.Kubernetes))
	}
	return minor
}

// version is the version of a component as it stands in directory names, without a leading v.
func (t Target) version(component string) string {
	return strings.TrimPrefix(t.Release.Version(component), "v")
}

// everywhere is the On of components that every host has.
func everywhere(Target) bool { return true }

// on returns the On of components that the hosts of a role have.
func on(role inventory.Role) func(Target) bool {
	return func(t Target) bool { return t.Has(role) }
}

// programs are the binaries of one release of a component: each in a directory of its version, so that a running one is
// never overwritten, and a link in bin.
func (t Target) programs(component, bin string, names ...string) []resource.Resource {
	dir := "/opt/kbootstrap/" + component + "-" + t.version(component)
	var rs []resource.Resource
	for _, name := range names {
		content, err := t.Release.Content(name)
		if err != nil {
			panic(fmt.Sprintf("provision: %v", err)) // release.Resolve returned a set without something that it must have
		}
		file := path.Join(dir, name)
		rs = append(rs,
			resource.File{Path: file, Mode: 0o755, Blob: content.SHA256, Size: content.Size},
			resource.Link{Path: path.Join(bin, name), Target: file},
		)
	}
	return rs
}

// keys are the certificates, keys and kubeconfigs that a component has on this host.
func (t Target) keys(component string) []resource.Resource {
	var rs []resource.Resource
	for _, f := range t.PKI.Files(t.Host, component) {
		rs = append(rs, resource.File{Path: f.Path, Mode: f.Mode, Owner: f.Owner, Content: f.Content, Secret: f.Secret})
	}
	return rs
}

// text is a plain configuration file.
func text(path string, mode uint32, content []byte) resource.Resource {
	return resource.File{Path: path, Mode: mode, Content: content}
}

// unit is a systemd unit file. CIS 1.1 and 4.1 want 0600; systemd reads it as root.
func unit(name string, content []byte) resource.Resource {
	return text("/etc/systemd/system/"+name, 0o600, content)
}

// service is a running, enabled unit of ours together with everything it starts with: when any of that differs from what
// the running process started with, it is restarted.
func (t Target) service(name string, starts ...[]resource.Resource) []resource.Resource {
	return t.gated(name, nil, starts...)
}

// gated is a service that is started when the gate is open: its files are there by then, and the wait is on the host.
func (t Target) gated(name string, gate []resource.Resource, starts ...[]resource.Resource) []resource.Resource {
	files := list(starts...)
	service := resource.Service{Name: name, Enabled: true, Running: true, Config: digest(list(files, t.named(files)))}
	for _, f := range files {
		service.Starts = append(service.Starts, f.ID())
	}
	return list(files, gate, one(service))
}

// named are the keys and certificates shared by several components, as far as the text of one of the files names them: a
// flag, for instance. They are made by base, but who reads one has to be restarted when it is another.
func (t Target) named(files []resource.Resource) []resource.Resource {
	var shared []resource.Resource
	for _, key := range t.keys("pki") {
		name := []byte(strings.TrimPrefix(key.ID(), "file "))
		if slices.ContainsFunc(files, func(r resource.Resource) bool {
			f, ok := r.(resource.File)
			return ok && bytes.Contains(f.Content, name)
		}) {
			shared = append(shared, key)
		}
	}
	return shared
}

// digest is a short digest of the states of resources.
func digest(rs []resource.Resource) string { return resource.Digest(rs...)[:16] }

// list joins lists of resources.
func list(parts ...[]resource.Resource) []resource.Resource {
	var all []resource.Resource
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// one makes a list of resources.
func one(rs ...resource.Resource) []resource.Resource { return rs }
