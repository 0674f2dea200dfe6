package component

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"

	"kbootstrap/inventory"
	"kbootstrap/resource"
)

// everywhere is the On of components that every host has.
func everywhere(Target) bool { return true }

// on returns the On of components that the hosts of a role have.
func on(role inventory.Role) func(Target) bool {
	return func(t Target) bool { return t.Has(role) }
}

// programs are the binaries of one release of a component: each in a directory of its version, so that a running one is
// never overwritten, and a link in bin.
func (t Target) programs(component, bin string, names ...string) []resource.Resource {
	dir := programDir(component, t.version(component))
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

// programDir is where the programs of one release of a component are.
func programDir(component, version string) string {
	return "/opt/kbootstrap/" + component + "-" + version
}

// VersionOf is the version of a component whose program lies at a path, without a leading v: it reads what programs
// composes. It is empty for a path that is not ours.
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

// service is a running, enabled unit of ours together with everything it starts with: when any of that differs from what
// the running process started with, it is restarted.
func (t Target) service(name string, starts ...[]resource.Resource) []resource.Resource {
	return t.gated(name, nil, starts...)
}

// gated is a service that is started when the gate is open: its files are there by then, and the wait is on the host.
func (t Target) gated(name string, gate []resource.Resource, starts ...[]resource.Resource) []resource.Resource {
	files := List(starts...)
	service := resource.Service{Name: name, Enabled: true, Running: true, Config: Digest(List(files, t.Named(files)))}
	for _, f := range files {
		service.Starts = append(service.Starts, f.ID())
	}
	return List(files, gate, one(service))
}

// Named are the keys and certificates shared by several components, as far as the text of one of the files names them: a
// flag, for instance. They are made by base, but who reads one has to be restarted when it is another.
func (t Target) Named(files []resource.Resource) []resource.Resource {
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

// Digest is a short digest of the states of resources.
func Digest(rs []resource.Resource) string { return resource.Digest(rs...)[:16] }

// List joins lists of resources.
func List(parts ...[]resource.Resource) []resource.Resource {
	var all []resource.Resource
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// one makes a list of resources.
func one(rs ...resource.Resource) []resource.Resource { return rs }
