package component

import (
	"strings"

	"kbootstrap/inventory"
	"kbootstrap/resource"
	"kbootstrap/templates"
)

// packageProxy is the environment of the package manager. Its variables are in a file because a
// login would be seen in a command line.
const packageProxy = "/etc/kubernetes/packages.env"

// hasProxy reports whether hosts reach registries and packages through a proxy.
func hasProxy(c *inventory.Cluster) bool { return c.Proxy.IsSet() }

// proxied is the drop-in of a unit that pulls images, or its absence.
func (t Target) proxied(unit string) resource.Resource {
	return t.proxyFile(resource.ProxyDropIn(unit), proxyUnitConf.Render(t.proxyVariables()))
}

// packagesProxied is the environment of the package manager, or its absence.
func (t Target) packagesProxied() resource.Resource {
	return t.proxyFile(packageProxy, proxyEnv.Render(t.proxyVariables()))
}

func (t Target) proxyFile(path string, content []byte) resource.Resource {
	if !hasProxy(t.Cluster) {
		return resource.File{Path: path, Absent: true}
	}
	return resource.File{Path: path, Mode: 0o600, Content: content, Secret: t.Cluster.Proxy.HasLogin()}
}

// variable is a variable of an environment.
type variable struct{ Name, Value string }

// proxyVariables are the variables by which programs find a proxy: Go's programs read either
// spelling, and curl, by which packages are downloaded, reads only http_proxy of the first.
func (t Target) proxyVariables() []variable {
	var all []variable
	for _, v := range []variable{
		{"http_proxy", t.Cluster.Proxy.HTTP}, {"https_proxy", t.Cluster.Proxy.HTTPS},
		{"no_proxy", strings.Join(t.Cluster.Excepted(), ",")},
	} {
		if v.Value != "" {
			all = append(all, v, variable{strings.ToUpper(v.Name), v.Value})
		}
	}
	return all
}

var (
	proxyUnitConf = templates.New[[]variable]("proxy.conf.tmpl")
	proxyEnv      = templates.New[[]variable]("packages.env.tmpl")
)
