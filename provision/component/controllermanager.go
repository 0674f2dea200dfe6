package component

import (
	"time"

	"kbootstrap/certs"
	"kbootstrap/inventory"
	"kbootstrap/release"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
	"kbootstrap/templates"
)

// controllerManager runs the control loops. It starts when the API is ready: a first try that fails
// costs it two seconds until the next attempt to lead.
var controllerManager = Component{
	Name:    "kube-controller-manager",
	Short:   "ctrl-mgr",
	On:      on(inventory.ControlPlane),
	After:   []string{"base"},
	Elects:  true,
	Rolling: true,
	Role:    inventory.ControlPlane,
	Units:   []string{"kube-controller-manager.service"},
	Sources: []release.Source{kubernetesProgram("kube-controller-manager", "kube-apiserver")},
	Ports: []Port{{Network: "tcp", Number: 10257, By: "kube-controller-manager", Loopback: true,
		Shows: PKIDir + "/controller-manager.crt"}},
	Programs: []inventory.Program{
		{Name: "kube-controller-manager", Rules: controllerManagerRules, Release: kubernetes,
			Hidden: templates.HiddenDirs()},
	},
	Sandbox:   controllerSandbox,
	Variables: kubernetesVariables,
	Direct:    true,
	Resources: func(t Target) []resource.Resource {
		const kubeconfig = "/etc/kubernetes/controller-manager.conf"
		network := t.Cluster.Network
		flags := templates.Flags{
			"kubeconfig":                       kubeconfig,
			"authentication-kubeconfig":        kubeconfig,
			"authorization-kubeconfig":         kubeconfig,
			"bind-address":                     "127.0.0.1", // CIS 1.3.7
			"profiling":                        "false",     // CIS 1.3.2
			"tls-cert-file":                    PKIDir + "/controller-manager.crt",
			"tls-private-key-file":             PKIDir + "/controller-manager.key",
			"leader-elect":                     "true",
			"use-service-account-credentials":  "true", // CIS 1.3.3
			"controllers":                      "*,bootstrapsigner,tokencleaner",
			"allocate-node-cidrs":              "true",
			"cluster-cidr":                     commas(network.PodNetworks()),
			"service-cluster-ip-range":         commas(network.ServiceNetworks()),
			"cluster-name":                     t.Cluster.Name,
			"client-ca-file":                   PKIDir + "/ca.crt",
			"root-ca-file":                     PKIDir + "/ca.crt",              // CIS 1.3.5
			"cluster-signing-cert-file":        certs.SigningAuthority + ".crt", // one, while ca.crt may have two
			"cluster-signing-key-file":         PKIDir + "/ca.key",
			"requestheader-client-ca-file":     PKIDir + "/front-proxy-ca.crt",
			"service-account-private-key-file": PKIDir + "/sa.key", // CIS 1.3.4
			"terminated-pod-gc-threshold":      "1000",             // CIS 1.3.1
			// 500 nodes get their pod CIDRs in 2 s instead of 24 s.
			"kube-api-qps":   "200",
			"kube-api-burst": "400",
		}
		if network.IsDualStack() {
			// The flag for both is refused next to two networks.
			flags["node-cidr-mask-size-ipv4"], flags["node-cidr-mask-size-ipv6"] = "24", "64"
		} else {
			flags["node-cidr-mask-size"] = "24"
		}
		flags = t.withArguments("kube-controller-manager", controllerManagerRules, flags)
		return list(
			t.gated("kube-controller-manager.service", t.shared(flags),
				one(t.apiReady("the API is ready for kube-controller-manager", APIServer)),
				t.programs("kubernetes", "/usr/local/bin", "kube-controller-manager"),
				t.keys("kube-controller-manager"),
				one(unit("kube-controller-manager.service", controllerManagerUnit.Render(daemon{
					Flags: flags, Sandbox: controllerSandbox(t),
				}))),
			),
			one(api.Lease{
				Name: "kube-controller-manager", Unit: "kube-controller-manager.service", Kubeconfig: kubeconfig,
			}),
			one(resource.Ready{
				Name: "kube-controller-manager is healthy", URL: "https://127.0.0.1:10257/healthz",
				CACert: PKIDir + "/ca.crt", Unit: "kube-controller-manager.service", Timeout: 120 * time.Second,
			}),
		)
	},
}

// controllerSandbox is what a service may do that only talks to the API.
func controllerSandbox(t Target) templates.Sandbox { return t.sandbox(templates.Sandbox{}) }

var controllerManagerUnit = templates.New[daemon]("kube-controller-manager.service.tmpl")
