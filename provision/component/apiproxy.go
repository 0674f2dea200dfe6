package component

import (
	"fmt"
	"net/netip"
	"time"

	"kbootstrap/inventory"
	"kbootstrap/resource"
	"kbootstrap/templates"
)

// apiProxy is the way from every host to any API server, so that the loss of one control plane
// stops no node. With one control plane there is nothing to choose from, and hosts talk to it
// directly. See docs/decisions/0003-api-proxy.md.
var apiProxy = Component{
	Name:   "kube-api-proxy",
	OfNode: true,
	Short:  "api-lb",
	On:     Target.highlyAvailable,
	After:  []string{"base"},
	// HAProxy takes a server for one that answers until its first check has failed.
	NeedsJoined: []string{APIServer},
	Units:       []string{"kube-api-proxy.service"},
	Ports: []Port{{
		Network: "tcp", By: "kube-api-proxy", Loopback: true,
		Of: func(c *inventory.Cluster) int { return c.Network.LocalAPIPort },
	}},
	Sandbox:   apiProxySandbox,
	Variables: []string{"HAPROXY_"},
	Resources: func(t Target) []resource.Resource {
		config := apiProxyConfig{Port: t.Cluster.Network.LocalAPIPort, Root: apiProxyRoot}
		for _, h := range t.Cluster.With(inventory.ControlPlane) {
			config.Servers = append(config.Servers, apiProxyBackend{
				Name: h.Name, Address: netip.AddrPortFrom(h.Address, uint16(t.Cluster.Network.APIPort)),
			})
		}
		return list(
			one(
				// The package makes it; a program that was there without its package has none.
				resource.User{Name: "haproxy", Home: "/var/lib/haproxy"},
				resource.Dir{Path: apiProxyRoot, Mode: 0o555},
			),
			t.service("kube-api-proxy.service", t.shared(nil, "ca.crt"), one(
				text("/etc/kubernetes/api-proxy.cfg", 0o600, apiProxyCFG.Render(config)),
				unit("kube-api-proxy.service", apiProxyUnit.Render(daemon{Sandbox: apiProxySandbox(t)})),
			)),
			one(resource.Ready{
				Name: "kube-api-proxy listens", URL: fmt.Sprintf("tcp://127.0.0.1:%d", config.Port),
				Unit: "kube-api-proxy.service", Timeout: 15 * time.Second,
			}),
		)
	},
}

// apiProxyRoot is an empty directory in which nothing can be made.
const apiProxyRoot = "/var/lib/kube-api-proxy"

// apiProxySandbox is what HAProxy may do: it reads its files as root, and then gives that up.
func apiProxySandbox(t Target) templates.Sandbox {
	return t.sandbox(templates.Sandbox{
		Capabilities: append([]string{"CAP_SETUID", "CAP_SETGID", "CAP_SYS_CHROOT"},
			bindCapability(t.Cluster.Network.LocalAPIPort)...),
		Calls: []string{"@setuid", "chroot"},
	})
}

// apiProxyConfig is the data of /etc/kubernetes/api-proxy.cfg, HAProxy's configuration.
type apiProxyConfig struct {
	Port    int    // on 127.0.0.1
	Root    string // the directory that is all of the host's files to it
	Servers []apiProxyBackend
}

// apiProxyBackend is one backend of the API proxy.
type apiProxyBackend struct {
	Name    string
	Address netip.AddrPort
}

var (
	apiProxyCFG  = templates.New[apiProxyConfig]("api-proxy.cfg.tmpl")
	apiProxyUnit = templates.New[daemon]("kube-api-proxy.service.tmpl")
)
