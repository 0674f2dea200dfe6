package component

import (
	"time"

	"kbootstrap/inventory"
	"kbootstrap/resource"
	"kbootstrap/templates"
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
			"tls-cert-file":             Pki + "/scheduler.crt",
			"tls-private-key-file":      Pki + "/scheduler.key",
			"leader-elect":              "true",
		}.With(t.Cluster.Arguments["kube-scheduler"])
		return List(
			t.gated("kube-scheduler.service", one(t.apiReady("the API is ready for kube-scheduler")),
				t.programs("kubernetes", "/usr/local/bin", "kube-scheduler"),
				t.keys("kube-scheduler"),
				one(unit("kube-scheduler.service", templates.SchedulerUnit.Render(templates.Daemon{Flags: flags}))),
			),
			one(resource.Ready{
				Name: "kube-scheduler is healthy", URL: "https://127.0.0.1:10259/healthz",
				CACert: Pki + "/ca.crt", Unit: "kube-scheduler.service", Timeout: 60 * time.Second,
			}),
		)
	},
}
