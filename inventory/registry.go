package inventory

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"kbootstrap/fault"
)

// RegistryAddOn is a private registry of images, on the disk of one host. See docs/registry.md.
type RegistryAddOn struct {
	Enabled bool
	// Host is the name of the host that serves it.
	Host string
	// Name is what images are named by, with the Port: every host knows it, without DNS.
	Name string
	Port int
	// Path is the directory of the images.
	Path string
}

// RegistryPath is the directory of the images, unless an inventory says another.
const RegistryPath = "/var/lib/kbootstrap-registry"

// portsOfRoot are the ports below this one, which only root may listen on.
const portsOfRoot = 1024

func defaultRegistry() RegistryAddOn { return RegistryAddOn{Port: 5000, Path: RegistryPath} }

// Endpoint is what the names of images of the registry begin with: "registry.cluster.local:5000".
func (r RegistryAddOn) Endpoint() string { return fmt.Sprintf("%s:%d", r.Name, r.Port) }

// registryFields returns the fields of addons.registry.
func registryFields(a *RegistryAddOn) []field {
	return []field{
		{name: "enabled", shape: "boolean", fallback: "false", read: flag(&a.Enabled),
			doc: "whether the cluster has a registry of its own. When it goes, the images stay on the disk."},
		{name: "host", shape: "name of a host", fallback: "the first control plane", read: str(&a.Host),
			doc: "the host that serves it. The images do not move with it."},
		{name: "name", shape: "DNS name", fallback: "`registry.` and `network.domain`", read: str(&a.Name),
			doc: "what images are named by, with the port: `registry.cluster.local:5000/shop:1`. Every host finds " +
				"it in its `/etc/hosts`."},
		{name: "port", shape: "port", fallback: "5000", class: fault.InventoryPort, read: port(&a.Port),
			doc: "the port, from 1024 on."},
		{name: "path", shape: "directory", fallback: RegistryPath, read: str(&a.Path),
			doc: "where that host has the images. It may be where a disk is mounted."},
	}
}

// checkRegistry completes what follows from other fields, and reports what cannot be.
func checkRegistry(r *reader, c *Cluster) {
	a := &c.AddOns.Registry
	if planes := c.With(ControlPlane); a.Host == "" && len(planes) > 0 && !r.given("addons.registry.host") {
		a.Host = planes[0].Name
	}
	if a.Name == "" && c.Network.Domain != "" && !r.given("addons.registry.name") {
		a.Name = "registry." + c.Network.Domain
	}
	if _, ok := c.Host(a.Host); !ok && a.Host != "" {
		r.problem("addons.registry.host", Suggest(a.Host, hostNames(c)), "there is no host %q", a.Host)
	}
	isName := len(a.Name) <= maxSubdomain && subdomainPattern.MatchString(a.Name) && !isIP(a.Name)
	if n := a.Name; r.given("addons.registry.name") && n != "" && (!isName || n == "localhost") {
		r.problem("addons.registry.name", "write it like registry.example.com; the port goes in port",
			"%q is not a name that a registry can have", n)
	}
	checkRegistryPort(r, c)
	isPlace := path.Clean(a.Path) == a.Path && isPlaceForFiles(a.Path+"/x") && hiddenBy(r.unseen(), a.Path) == ""
	if dir := a.Path; dir != "" && !isPlace {
		r.problem("addons.registry.path", "use a directory of its own, such as /srv/registry",
			"%q is not a place for the images of a registry: it has to be an absolute path outside of the directories "+
				"of the system, of people and of other programs", dir)
	}
}

// checkRegistryPort reports a port that the registry cannot have. What other fields say of ports is
// in chosenPorts.
func checkRegistryPort(r *reader, c *Cluster) {
	defer r.as(fault.InventoryPort)()
	a, at := c.AddOns.Registry, "addons.registry.port"
	if !a.Enabled || a.Port == 0 {
		return
	}
	if a.Port < portsOfRoot {
		r.problem(at, "choose one from 1024 on, such as 5000", "the registry cannot listen on port %d: it is not root",
			a.Port)
	}
	for _, p := range chosenPorts(c) {
		if p.By != at && p.Network == "tcp" && p.Number == a.Port {
			if !r.given(at) {
				at = p.By
			}
			r.problem(at, "choose another port", "port %d is both addons.registry.port and %s", a.Port, p.By)
		}
	}
}

// unseen are the directories that services in a sandbox do not see.
func (r *reader) unseen() []string {
	var dirs []string
	for _, p := range r.rules.Programs {
		dirs = append(dirs, p.Hidden...)
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// isOfRegistry reports whether a URL is that of the registry of the cluster itself.
func (c *Cluster) isOfRegistry(url string) bool {
	a := c.AddOns.Registry
	own := "https://" + a.Endpoint()
	return a.Enabled && (url == own || strings.HasPrefix(url, own+"/"))
}
