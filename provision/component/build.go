package component

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"kbootstrap/inventory"
	"kbootstrap/release"
	"kbootstrap/resource"
	"kbootstrap/templates"
)

// everywhere is the On of components that every host has.
func everywhere(Target) bool { return true }

// kubernetes is the component of all programs of a release of Kubernetes.
const kubernetes = "kubernetes"

// kubernetesVariables are the variables that the programs of Kubernetes take for settings: the
// feature gates of their client, and switches of their own.
var kubernetesVariables = []string{"KUBE_"}

// kubernetesProgram is where a program of Kubernetes comes from, and which others it is like. They
// are published one by one.
func kubernetesProgram(name string, like ...string) release.Source {
	return release.Source{
		Component: kubernetes, Programs: []string{name}, Like: like,
		URL: "https://dl.k8s.io/release/v{version}/bin/linux/{arch}/" + name,
	}
}

// on returns the On of components that the hosts of a role have.
func on(role inventory.Role) func(Target) bool {
	return func(t Target) bool { return t.Has(role) }
}

// programs are the binaries of one release of a component: each in a directory of its version, so
// that a running one is never overwritten, and a link in bin.
func (t Target) programs(component, bin string, names ...string) []resource.Resource {
	dir := programDir(component, t.version(component))
	var rs []resource.Resource
	for _, name := range names {
		content, err := t.Release.Content(name)
		if err != nil {
			// release.Resolve returned a set without something that it must have
			panic(fmt.Sprintf("component: %v", err))
		}
		file := path.Join(dir, name)
		rs = append(rs,
			resource.File{Path: file, Mode: 0o755, Blob: content.SHA256, Size: content.Size},
			resource.Link{Path: path.Join(bin, name), Target: file},
		)
	}
	return rs
}

// ownDir holds the programs that the tool brings.
const ownDir = "/opt/kbootstrap"

// ProgramsDir is the directory of the programs that the tool installs.
const ProgramsDir = ownDir

// programDir is where the programs of one release of a component are.
func programDir(component, version string) string {
	return ownDir + "/" + component + "-" + version
}

// VersionOf is the version of a component whose program lies at a path, without a leading v: it
// reads what programs composes. It is empty for a path that is not ours.
func VersionOf(component, program string) string {
	version, ours := strings.CutPrefix(path.Dir(program), programDir(component, ""))
	if !ours || strings.Contains(version, "/") {
		return ""
	}
	return version
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

// service is a running, enabled unit of ours together with everything that it starts with: when any
// of that differs from what the running process started with, it is restarted. Shared are the keys
// of others that it reads, see shared.
func (t Target) service(name string, shared []resource.Resource, starts ...[]resource.Resource) []resource.Resource {
	return t.gated(name, shared, nil, starts...)
}

// gated is a service that is started when what it waits for is there: its files are there by then,
// and the wait is on the host.
func (t Target) gated(
	name string, shared, waits []resource.Resource, starts ...[]resource.Resource,
) []resource.Resource {
	files := list(starts...)
	service := resource.Service{Name: name, Enabled: true, Running: true, Config: Digest(list(files, shared))}
	for _, f := range files {
		service.Starts = append(service.Starts, f.ID())
	}
	return list(files, waits, one(service))
}

// shared are the keys and certificates of the directory pki that a service reads: those that its
// flags name, and more by their names. Base makes them for several components, and whoever reads
// one has to be restarted when it is another.
func (t Target) shared(flags templates.Flags, more ...string) []resource.Resource {
	var read []resource.Resource
	for _, key := range t.keys("pki") {
		file, _ := key.(resource.File)
		named := slices.Contains(slices.Collect(maps.Values(flags)), file.Path)
		if named || slices.Contains(more, path.Base(file.Path)) {
			read = append(read, key)
		}
	}
	return read
}

// Digest is a short digest of the states of resources.
func Digest(rs []resource.Resource) string { return resource.Digest(rs...)[:16] }

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

// daemon is the data of a unit: the flags of its program, already merged with those of the
// inventory, and what it may do.
type daemon struct {
	Flags   templates.Flags
	Sandbox templates.Sandbox
}

// commas writes addresses or networks as the flags take them.
func commas[T fmt.Stringer](all []T) string {
	texts := make([]string, len(all))
	for i, a := range all {
		texts[i] = a.String()
	}
	return strings.Join(texts, ",")
}
