package component

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"kbootstrap/inventory"
	"kbootstrap/resource"
	"kbootstrap/resource/kinds"
	"kbootstrap/templates"
)

// Where containerd and docker look for what is particular to a registry: a directory for each, by
// its name (https://github.com/containerd/containerd/blob/main/docs/hosts.md).
const (
	containerdRegistries = "/etc/containerd/certs.d"
	dockerRegistries     = "/etc/docker/certs.d"
)

// registries are where the hosts get images from: the cluster's own registry, which they know by
// name and trust, and the mirrors of others. What is not wanted any more is put back to what it
// was. What docker has of that is in docker.
var registries = Component{
	Name:   "registries",
	OfNode: true,
	Short:  "trust",
	On:     everywhere,
	After:  []string{"containerd"},
	Resources: func(t Target) []resource.Resource {
		var rs []resource.Resource
		if !t.servesRegistry() {
			rs = withoutRegistry()
		}
		return list(rs, one(t.registryName()), t.placed(containerdRegistries, list(t.registryTrust(), t.mirrors())))
	},
}

// placed are all that is wanted in a directory of registries, and nothing that was wanted before.
func (t Target) placed(dir string, wanted []resource.Resource) []resource.Resource {
	wanted = eachOnce(wanted)
	former := kinds.Former{Dir: dir, Absent: true}
	for _, r := range wanted {
		former.Keep = append(former.Keep, r.ID())
	}
	return append(wanted, former)
}

// eachOnce leaves out resources that are there already: registries share directories.
func eachOnce(all []resource.Resource) []resource.Resource {
	var rs []resource.Resource
	for _, r := range all {
		if !slices.ContainsFunc(rs, func(other resource.Resource) bool { return other.ID() == r.ID() }) {
			rs = append(rs, r)
		}
	}
	return rs
}

// registryName is the name of the registry on a host. docker and people go by it; containerd knows
// the address, so that pods get images whatever rewrites /etc/hosts.
func (t Target) registryName() resource.Resource {
	if !hasRegistry(t.Cluster) {
		return resource.HostNames{Absent: true}
	}
	name := resource.HostName{Name: t.Cluster.AddOns.Registry.Name, Address: t.registryAddress()}
	return resource.HostNames{Names: []resource.HostName{name}}
}

// NamesRegistry reports whether hosts have the name of the cluster's registry in /etc/hosts.
func NamesRegistry(c *inventory.Cluster) bool { return hasRegistry(c) }

// registryAddress is the address of the host that serves the registry.
func (t Target) registryAddress() string {
	h, _ := t.Cluster.Host(t.Cluster.AddOns.Registry.Host)
	return h.Address.String()
}

// registryTrust has containerd trust the registry, by the cluster's authority.
func (t Target) registryTrust() []resource.Resource {
	if !hasRegistry(t.Cluster) {
		return nil
	}
	endpoint := t.Cluster.AddOns.Registry.Endpoint()
	hosts := registryHosts{Server: t.registryURL(), CA: PKIDir + "/ca.crt"}
	return registryFiles(containerdRegistries, endpoint, text(hostsFile(endpoint), 0o644, hostsTOML.Render(hosts)))
}

// registryURL is the registry by its address.
func (t Target) registryURL() string {
	return "https://" + t.registryAddress() + ":" + strconv.Itoa(t.Cluster.AddOns.Registry.Port)
}

// registryFiles are files in the directory of a registry, and the directories.
func registryFiles(dir, name string, files ...resource.Resource) []resource.Resource {
	return list(one(resource.Dir{Path: dir, Mode: 0o755}, resource.Dir{Path: dir + "/" + name, Mode: 0o755}), files)
}

// hostsFile is containerd's file about a registry.
func hostsFile(name string) string { return containerdRegistries + "/" + name + "/hosts.toml" }

// mirrors are those of each registry.
func (t Target) mirrors() []resource.Resource {
	all := t.Cluster.Registries.Mirrors
	var rs []resource.Resource
	for _, name := range slices.Sorted(maps.Keys(all)) {
		var hosts registryHosts
		var files []resource.Resource
		secret := false
		for _, m := range all[name] {
			h := mirrorHost{URL: m.URL, AsItIs: m.HasPath()}
			switch {
			case m.Own:
				h.URL = t.registryURL() + strings.TrimPrefix(m.URL, "https://"+t.Cluster.AddOns.Registry.Endpoint())
				h.CA, h.Authorization, secret = PKIDir+"/ca.crt", t.PKI.Registry().Basic(), true
			case m.CA != "":
				h.CA = containerdRegistries + "/" + name + "/" + authorityName(m)
				files = append(files, text(h.CA, 0o644, m.Authority))
			}
			hosts.Mirrors = append(hosts.Mirrors, h)
		}
		file := resource.File{Path: hostsFile(name), Mode: 0o644, Content: hostsTOML.Render(hosts)}
		if secret {
			file.Mode, file.Secret = 0o600, true
		}
		rs = append(rs, registryFiles(containerdRegistries, name, append(files, file)...)...)
	}
	return rs
}

// authorityName is the name of the file of a mirror's authority: another one for each, because
// two mirrors may be one host.
func authorityName(m inventory.Mirror) string {
	return fmt.Sprintf("kbootstrap-%s.crt", resource.Sum(m.Authority)[:8])
}

// registryHosts is the data of containerd's file about a registry: where it is, when its name does
// not say so, and who else has its images.
type registryHosts struct {
	Server, CA string
	Mirrors    []mirrorHost
}

// mirrorHost is a mirror in that file.
type mirrorHost struct {
	URL, CA       string
	AsItIs        bool   // the path of the API is in the URL
	Authorization string // the login as a header
}

var hostsTOML = templates.New[registryHosts]("hosts.toml.tmpl")
