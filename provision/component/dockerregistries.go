package component

import (
	"net/url"

	"kbootstrap/inventory"
	"kbootstrap/resource"
)

// dockerTrust are the authorities of the registries that docker asks: the cluster's own, and
// mirrors. docker reads them again each time.
func (t Target) dockerTrust() []resource.Resource {
	var rs []resource.Resource
	if hasRegistry(t.Cluster) {
		endpoint := t.Cluster.AddOns.Registry.Endpoint()
		rs = registryFiles(dockerRegistries, endpoint, resource.Link{
			Path: dockerRegistries + "/" + endpoint + "/kbootstrap-ca.crt", Target: PKIDir + "/ca.crt",
		})
	}
	for _, m := range t.Cluster.Registries.Mirrors[inventory.DockerHub] {
		if u, err := url.Parse(m.URL); err == nil && m.CA != "" && m.IsOfDocker() {
			rs = append(rs, registryFiles(dockerRegistries, u.Host,
				text(dockerRegistries+"/"+u.Host+"/"+authorityName(m), 0o644, m.Authority))...)
		}
	}
	return t.placed(dockerRegistries, rs)
}

// dockerMirrors are the mirrors that docker asks, which it knows by its own configuration.
func dockerMirrors(c *inventory.Cluster) []string {
	var urls []string
	for _, m := range c.Registries.Mirrors[inventory.DockerHub] {
		if m.IsOfDocker() {
			urls = append(urls, m.URL)
		}
	}
	return urls
}
