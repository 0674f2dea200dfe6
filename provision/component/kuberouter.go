package component

import (
	"path"
	"strings"
	"time"

	"kbootstrap/inventory"
	"kbootstrap/release"
	"kbootstrap/resource"
	"kbootstrap/templates"
)

const (
	kubeRouterUnit   = "kube-router.service"
	kubeRouterConfig = "/etc/kubernetes/kube-router.conf"
)

// What kube-router makes on a host: chains by the beginnings of their names, and sets by patterns
// (github.com/cloudnativelabs/kube-router, pkg/controllers/netpol and pkg/utils/ipset.go). Those
// that it fills before it swaps them in have a sum in their names.
var (
	policyChains = []string{"KUBE-ROUTER-", "KUBE-POD-FW-", "KUBE-NWPLCY-"}
	policySets   = []string{"KUBE-SRC-*", "KUBE-DST-*", "TMP-" + strings.Repeat("[A-Z2-7]", 16)}
)

// kubeRouter enforces NetworkPolicy on the pods of a host, with rules of iptables. Of kube-router
// only the firewall runs: the network of pods is flannel's, and Services are kube-proxy's.
var kubeRouter = Component{
	Name:       "kube-router",
	OfNode:     true,
	Short:      "policy",
	On:         everywhere,
	PodNetwork: true,
	// It starts when the API has the node of this host, without which it exits, and when it is let
	// in: it would wait for seconds after it was refused.
	After: []string{"nodes", "host-access"},
	Needs: []string{"access"},
	Units: []string{kubeRouterUnit},
	Sources: []release.Source{{
		Component: "kube-router", Version: "2.11.1", Archive: true,
		Programs: []string{"kube-router"}, Like: []string{"kubelet"},
		Needed: hasPolicies,
		URL: "https://github.com/cloudnativelabs/kube-router/releases/download/v{version}/" +
			"kube-router_{version}_linux_{arch}.tar.gz",
		// The digest of the image is what is known of the release; the program in it is linked
		// statically too (Dockerfile of kube-router).
		Image: "docker.io/cloudnativelabs/kube-router:v{version}", ImageDirectory: "usr/local/bin/",
	}},
	Ports: []Port{{Network: "tcp", Number: 10244, By: "kube-router", For: "metrics", Loopback: true}},
	Residue: Residue{
		Chains: policyChains,
		Sets:   policySets,
	},
	Programs:  []inventory.Program{{Name: "kube-router", Rules: kubeRouterRules, Release: "kube-router"}},
	Sandbox:   kubeRouterSandbox,
	Variables: kubernetesVariables,
	Direct:    true,
	Resources: func(t Target) []resource.Resource {
		if !hasPolicies(t.Cluster) {
			return withoutPolicies()
		}
		flags := templates.Flags{
			"run-firewall":             "true",
			"run-router":               "false",
			"run-service-proxy":        "false",
			"run-loadbalancer":         "false",
			"kubeconfig":               kubeRouterConfig,
			"hostname-override":        t.Host.Name,
			"service-cluster-ip-range": commas(t.Cluster.Network.ServiceNetworks()),
			"service-node-port-range":  t.Cluster.Network.NodePorts.String(),
			// Its health listens on every address before 2.10, and tells no more than the metrics:
			// both answer when it has heard all of the API.
			"health-port":  "0",
			"metrics-addr": "127.0.0.1",
			"metrics-port": "10244",
			// A firewalld that its owner reloads flushes the rules of everybody. kube-proxy looks
			// after its own twice a minute; five minutes, the default, is long without policies.
			"iptables-sync-period": "30s",
		}
		if t.Cluster.Network.IsDualStack() {
			flags["enable-ipv6"] = "true"
		}
		flags = t.withArguments("kube-router", kubeRouterRules, flags)
		return list(
			t.service(kubeRouterUnit, t.shared(flags),
				t.programs("kube-router", "/usr/local/bin", "kube-router"),
				t.keys("kube-router"),
				t.policyRestores(),
				one(
					unit(kubeRouterUnit, kubeRouterService.Render(kubeRouterCommand{
						Flags: flags, Path: path.Dir(policyRestore), Sandbox: kubeRouterSandbox(t),
					})),
				),
			),
			one(resource.Ready{
				Name: "kube-router is healthy", URL: "http://127.0.0.1:10244/metrics", Unit: kubeRouterUnit,
				Timeout: 120 * time.Second,
			}),
			// The metrics answer before its first rule is there, and whatever becomes of its rules.
			one(resource.Ready{
				Name: "the packet filter has the rules of kube-router", URL: "iptables:///FORWARD", Expect: "-j KUBE-ROUTER-FORWARD",
				Unit: kubeRouterUnit, Timeout: 120 * time.Second, Every: 250 * time.Millisecond,
			}),
		)
	},
}

// hasPolicies reports whether NetworkPolicy is enforced in a cluster.
func hasPolicies(c *inventory.Cluster) bool { return c.Network.Policy == inventory.PolicyKubeRouter }

// withoutPolicies is a host on which nothing of kube-router works, which leaves its rules when it
// stops: they would go on refusing what pods send that have the addresses of others by then.
func withoutPolicies() []resource.Resource {
	return one(
		resource.Service{Name: kubeRouterUnit},
		resource.Chains{Prefixes: policyChains, Absent: true},
		resource.IPSets{Patterns: policySets, Absent: true},
		resource.File{Path: kubeRouterConfig, Absent: true},
		resource.File{Path: policyRestore, Absent: true},
		resource.File{Path: policyRestore6, Absent: true},
	)
}

// policyRestores are the scripts by which kube-router changes the packet filters.
func (t Target) policyRestores() []resource.Resource {
	script := policyRestoreScript.Render(strings.Join(policyChains, "|"))
	second := resource.Resource(resource.File{Path: policyRestore6, Absent: true})
	if t.Cluster.Network.IsDualStack() {
		second = text(policyRestore6, 0o755, script)
	}
	return one(text(policyRestore, 0o755, script), second)
}

// policyAccess are the rights of kube-router, or their absence.
func policyAccess(t Target) []resource.Resource {
	rights := objects(Admin, kubeRouterAccess.Render(struct{}{}))
	if hasPolicies(t.Cluster) {
		return rights
	}
	return absent(rights)
}

// kubeRouterSandbox is what kube-router may do.
func kubeRouterSandbox(t Target) templates.Sandbox { return t.filterSandbox(templates.Sandbox{}) }

// policyRestore is the iptables-restore that kube-router finds first.
const policyRestore = ownDir + "/libexec/kube-router/iptables-restore"

// policyRestore6 is that of IPv6.
const policyRestore6 = ownDir + "/libexec/kube-router/ip6tables-restore"

// kubeRouterCommand is the data of kube-router.service.
type kubeRouterCommand struct {
	Flags   templates.Flags
	Path    string // the directory in which it looks for programs first
	Sandbox templates.Sandbox
}

var (
	policyRestoreScript = templates.New[string]("policy-restore.sh.tmpl")

	kubeRouterService = templates.New[kubeRouterCommand]("kube-router.service.tmpl")
	kubeRouterAccess  = templates.New[struct{}]("kube-router.yaml.tmpl")
)
