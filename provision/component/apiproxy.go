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
	Name:  "kube-api-proxy",
	Short: "api-lb",
	On:    Target.highlyAvailable,
	After: []string{"base"},
	Units: []string{"kube-api-proxy.service"},
	Ports: []Port{{
		Network: "tcp", By: "kube-api-proxy", Loopback: true,
		Of: func(c *inventory.Cluster) int { return c.Network.LocalAPIPort },
	}},
	Variables: []string{"HAPROXY_"},
	Resources: func(t Target) []resource.Resource {
		config := apiProxyConfig{Port: t.Cluster.Network.LocalAPIPort}
		for _, h := range t.Cluster.With(inventory.ControlPlane) {
			config.Servers = append(config.Servers, apiProxyBackend{
				Name: h.Name, Address: netip.AddrPortFrom(h.Address, uint16(t.Cluster.Network.APIPort)),
			})
		}
		return list(
			t.service("kube-api-proxy.service", t.shared(nil, "ca.crt"), one(
				text("/etc/kubernetes/api-proxy.cfg", 0o600, apiProxyCFG.Render(config)),
				unit("kube-api-proxy.service", apiProxyUnit.Render(struct{}{})),
			)),
			one(resource.Ready{
				Name: "kube-api-proxy listens", URL: fmt.Sprintf("tcp://127.0.0.1:%d", config.Port),
				Unit: "kube-api-proxy.service", Timeout: 15 * time.Second,
			}),
		)
	},
}

// apiProxyConfig is the data of /etc/kubernetes/api-proxy.cfg, HAProxy's configuration.
type apiProxyConfig struct {
	Port    int // on 127.0.0.1
	Servers []apiProxyBackend
}

// apiProxyBackend is one backend of the API proxy.
type apiProxyBackend struct {
	Name    string
	Address netip.AddrPort
}

var (
	apiProxyCFG  = templates.New[apiProxyConfig]("api-proxy.cfg.tmpl")
	apiProxyUnit = templates.New[struct{}]("kube-api-proxy.service.tmpl")
)
