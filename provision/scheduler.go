package provision

import (
	"kbootstrap/inventory"
	"kbootstrap/provision/resource"
	"kbootstrap/templates"
	"time"
)

// scheduler puts pods on nodes.
var scheduler = Component{
	Name:    "kube-scheduler",
	On:      on(inventory.ControlPlane),
	After:   []string{"base"},
	Gates:   []string{"kube-apiserver"},
	Rolling: true,
	Resources: func(t Target) []resource.Resource {
		const kubeconfig = "/etc/kubernetes/scheduler.conf"
		flags := templates.Flags{
			"kubeconfig":                kubeconfig,
			"authentication-kubeconfig": kubeconfig,
			"authorization-kubeconfig":  kubeconfig,
			"bind-address":              "127.0.0.1", // CIS 1.4.2
			"profiling":                 "false",     // CIS 1.4.1
			"tls-cert-file":             pki + "/scheduler.crt",
			"tls-private-key-file":      pki + "/scheduler.key",
			"leader-elect":              "true",
		}.With(t.Cluster.Arguments["kube-scheduler"])
		return list(
			t.gated("kube-scheduler.service", one(t.apiReady("the API is ready for kube-scheduler")),
				t.programs("kubernetes", "/usr/local/bin", "kube-scheduler"),
				t.keys("kube-scheduler"),
				one(unit("kube-scheduler.service", templates.SchedulerUnit.Render(templates.Daemon{Flags: flags}))),
			),
			one(resource.Ready{
				Name: "kube-scheduler is healthy", URL: "https://127.0.0.1:10259/healthz",
				CACert: pki + "/ca.crt", Unit: "kube-scheduler.service", Timeout: 60 * time.Second,
			}),
		)
	},
}
