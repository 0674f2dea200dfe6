package component

import (
	"fmt"
	"net/netip"
	"time"

	"kbootstrap/inventory"
	"kbootstrap/resource"
	"kbootstrap/templates"
)

// apiProxy is the way from every host to any API server, so that the loss of one control plane stops no node. With one
// control plane there is nothing to choose from, and hosts talk to it directly. See docs/decisions/0003-api-proxy.md.
var apiProxy = Component{
	Name:  "kube-api-proxy",
	On:    Target.highlyAvailable,
	After: []string{"base"},
	Resources: func(t Target) []resource.Resource {
		config := templates.APIProxyConfig{Port: t.Cluster.Network.LocalAPIPort}
		for _, h := range t.Cluster.With(inventory.ControlPlane) {
			config.Servers = append(config.Servers, templates.APIServer{
				Name: h.Name, Address: netip.AddrPortFrom(h.Address, uint16(t.Cluster.Network.APIPort)),
			})
		}
		return List(
			t.service("kube-api-proxy.service", one(
				text("/etc/kubernetes/api-proxy.cfg", 0o600, templates.APIProxyCFG.Render(config)),
				unit("kube-api-proxy.service", templates.APIProxyUnit.Render(struct{}{})),
			)),
			one(resource.Ready{
				Name: "kube-api-proxy listens", URL: fmt.Sprintf("tcp://127.0.0.1:%d", config.Port),
				Unit: "kube-api-proxy.service", Timeout: 15 * time.Second,
			}),
		)
	},
}
