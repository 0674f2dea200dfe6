package component

import (
	"time"

	"kbootstrap/inventory"
	"kbootstrap/release"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
	"kbootstrap/templates"
)

// scheduler puts pods on nodes.
var scheduler = Component{
	Name:      "kube-scheduler",
	Short:     "sched",
	On:        on(inventory.ControlPlane),
	After:     []string{"base"},
	Elects:    true,
	Rolling:   true,
	Role:      inventory.ControlPlane,
	Units:     []string{"kube-scheduler.service"},
	ServesAll: true,
	Sources:   []release.Source{kubernetesProgram("kube-scheduler", "kube-apiserver")},
	Ports: []Port{{Network: "tcp", Number: 10259, By: "kube-scheduler", Loopback: true,
		Shows: PKIDir + "/scheduler.crt"}},
	Programs: []inventory.Program{
		{Name: "kube-scheduler", Rules: schedulerRules, Release: kubernetes, Hidden: templates.HiddenDirs()},
	},
	Sandbox:   controllerSandbox,
	Variables: kubernetesVariables,
	Direct:    true,
	Resources: func(t Target) []resource.Resource {
		const kubeconfig = "/etc/kubernetes/scheduler.conf"
		flags := t.withArguments("kube-scheduler", schedulerRules, templates.Flags{
			"kubeconfig":                kubeconfig,
			"authentication-kubeconfig": kubeconfig,
			"authorization-kubeconfig":  kubeconfig,
			"bind-address":              "127.0.0.1", // CIS 1.4.2
			"profiling":                 "false",     // CIS 1.4.1
			"tls-cert-file":             PKIDir + "/scheduler.crt",
			"tls-private-key-file":      PKIDir + "/scheduler.key",
			"leader-elect":              "true",
		})
		return list(
			t.gated("kube-scheduler.service", t.shared(flags),
				one(t.apiReady("the API is ready for kube-scheduler", APIServer)),
				t.programs("kubernetes", "/usr/local/bin", "kube-scheduler"),
				t.keys("kube-scheduler"),
				one(unit("kube-scheduler.service", schedulerUnit.Render(daemon{
					Flags: flags, Sandbox: controllerSandbox(t),
				}))),
			),
			one(api.Lease{
				Name: "kube-scheduler", Unit: "kube-scheduler.service", Kubeconfig: kubeconfig,
			}),
			one(resource.Ready{
				Name: "kube-scheduler is healthy", URL: "https://127.0.0.1:10259/healthz",
				CACert: PKIDir + "/ca.crt", Unit: "kube-scheduler.service", Timeout: 120 * time.Second,
			}),
		)
	},
}

var schedulerUnit = templates.New[daemon]("kube-scheduler.service.tmpl")
