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
	// HAProxy takes a server for one that answers until its first check has failed. Where nothing
	// has used the proxy yet that does no harm: a server that refuses a connection is passed over,
	// and the node of a control plane that joins is made while its member of etcd catches up.
	NeedsJoined: func(t Target) []string {
		if t.isFresh() {
			return nil
		}
		return []string{APIServer}
	},
	Units: []string{"kube-api-proxy.service"},
	Ports: []Port{{
		Network: "tcp", By: "kube-api-proxy", Loopback: true,
		Of: func(c *inventory.Cluster) int { return c.Network.LocalAPIPort },
	}},
	Sandbox:   apiProxySandbox,
	Variables: []string{"HAPROXY_"},
	Resources: func(t Target) []resource.Resource {
		config := apiProxyConfig{
			Port: t.Cluster.Network.LocalAPIPort, Root: apiProxyRoot, Socket: apiProxySocket, Old: t.hasOldProxy(),
		}
		if !config.Old {
			config.Authority = Digest(t.shared(nil, "ca.crt"))
		}
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
			t.proxyService(
				text("/etc/kubernetes/api-proxy.cfg", 0o600, apiProxyCFG.Render(config)),
				unit("kube-api-proxy.service", apiProxyUnit.Render(apiProxyDaemon{
					Sandbox: apiProxySandbox(t), Old: t.hasOldProxy(),
				})),
			),
			one(resource.Ready{
				Name: "kube-api-proxy listens", URL: fmt.Sprintf("tcp://127.0.0.1:%d", config.Port),
				Unit: "kube-api-proxy.service", Timeout: 15 * time.Second,
			}),
		)
	},
}

// proxyService is the proxy with its configuration, which it reads again while it runs, and with it
// the authority of the API servers: a restart would end every connection of its host to the API.
func (t Target) proxyService(config, unit resource.Resource) []resource.Resource {
	if t.hasOldProxy() {
		return t.service("kube-api-proxy.service", t.shared(nil, "ca.crt"), one(config, unit))
	}
	return list(one(config), rereading(t.service("kube-api-proxy.service", nil, one(unit)), config))
}

// rereading is a list with a service that reads a file again while it runs.
func rereading(rs []resource.Resource, files ...resource.Resource) []resource.Resource {
	for i, r := range rs {
		if service, ok := r.(resource.Service); ok {
			for _, f := range files {
				service.Reloads = append(service.Reloads, f.ID())
			}
			rs[i] = service
		}
	}
	return rs
}

// reloadingProxy is the version of systemd from which on each distribution has HAProxy 1.8 or
// later, which hands its listening sockets to its successor, knows tcp-ut, and tells systemd how it
// is. HAProxy itself may not be installed yet when the plan is made.
const reloadingProxy = 237

// hasOldProxy reports whether the host has a HAProxy that is restarted when its list changes, as
// version 1.5 of Enterprise Linux 7.
func (t Target) hasOldProxy() bool { return t.Facts.Systemd < reloadingProxy }

// apiProxySocket is where a process of the proxy asks the one before for the listening socket.
const apiProxySocket = "/run/" + apiProxyRun + "/socket"

const apiProxyRun = "kube-api-proxy"

// apiProxyRoot is an empty directory in which nothing can be made.
const apiProxyRoot = "/var/lib/kube-api-proxy"

// apiProxySandbox is what HAProxy may do: it reads its files as root, and then gives that up. Its
// first process stays root, and tells those that have given it up to end.
func apiProxySandbox(t Target) templates.Sandbox {
	s := templates.Sandbox{
		Capabilities: append([]string{"CAP_SETUID", "CAP_SETGID", "CAP_SYS_CHROOT"},
			bindCapability(t.Cluster.Network.LocalAPIPort)...),
		Calls: []string{"@setuid", "chroot"},
	}
	if !t.hasOldProxy() {
		s.Capabilities = append(s.Capabilities, "CAP_KILL")
		s.Run = []string{apiProxyRun}
	}
	return t.sandbox(s)
}

// apiProxyConfig is the data of /etc/kubernetes/api-proxy.cfg, HAProxy's configuration.
type apiProxyConfig struct {
	Port   int    // on 127.0.0.1
	Root   string // the directory that is all of the host's files to it
	Socket string // of its process, for the next one
	Old    bool   // see Target.hasOldProxy
	// Authority tells the authority of the API servers from others, where the file is read again
	// when that is another; "" where the proxy is started again.
	Authority string
	Servers   []apiProxyBackend
}

// apiProxyDaemon is the data of the unit.
type apiProxyDaemon struct {
	Sandbox templates.Sandbox
	Old     bool
}

// apiProxyBackend is one backend of the API proxy.
type apiProxyBackend struct {
	Name    string
	Address netip.AddrPort
}

var (
	apiProxyCFG  = templates.New[apiProxyConfig]("api-proxy.cfg.tmpl")
	apiProxyUnit = templates.New[apiProxyDaemon]("kube-api-proxy.service.tmpl")
)
