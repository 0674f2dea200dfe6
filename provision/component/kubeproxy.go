package component

import (
	"time"

	"kbootstrap/resource"
	"kbootstrap/templates"
)

// kubeProxy carries the addresses of Services, on every node.
var kubeProxy = Component{
	Name:  "kube-proxy",
	On:    everywhere,
	After: []string{"kubelet"},
	Gates: []string{"kube-apiserver"},
	Resources: func(t Target) []resource.Resource {
		flags := templates.Flags{"config": "/var/lib/kube-proxy/config.yaml"}.With(t.Cluster.Arguments["kube-proxy"])
		return List(
			one(resource.Dir{Path: "/var/lib/kube-proxy", Mode: 0o700}),
			t.gated("kube-proxy.service", one(t.apiAnswers()),
				t.programs("kubernetes", "/usr/local/bin", "kube-proxy"),
				t.keys("kube-proxy"),
				one(
					text("/var/lib/kube-proxy/config.yaml", 0o600, templates.ProxyYAML.Render(templates.ProxyConfig{
						NodeName: t.Host.Name, Pods: t.Cluster.Network.Pods, Conntrack: t.Facts.ConntrackWritable,
					})),
					unit("kube-proxy.service", templates.ProxyUnit.Render(templates.Daemon{Flags: flags})),
				),
			),
			one(resource.Ready{
				Name: "kube-proxy is healthy", URL: "http://127.0.0.1:10256/livez", Unit: "kube-proxy.service", Timeout: 60 * time.Second,
			}),
		)
	},
}
