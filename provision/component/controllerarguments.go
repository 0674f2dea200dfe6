package component

import "kbootstrap/inventory"

// What the controller manager and the scheduler have in common.
const (
	asksAtLoopback = "the tool asks for its health at this port of 127.0.0.1"
	oneLeader      = "while hosts change one by one, two of them would lead"
)

// leaderRules are those for the programs of which one leads. The ids are those of the checks on
// their address and their profiles.
func leaderRules(address, profiling string) rules {
	return together(common, tlsRules(""),
		each(refused(itsOwn), "kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig", "tls-cert-file",
			"tls-private-key-file"),
		each(refused(oneLeader), "leader-elect-resource-lock", "leader-elect-resource-name",
			"leader-elect-resource-namespace"),
		rules{
			"secure-port":  refused(asksAtLoopback),
			"leader-elect": refused(isFixed),
			"cert-dir":     refused("it has no effect next to tls-cert-file"),
			"master":       refused(inKubeconf),
			"bind-address": {Only: []string{"127.0.0.1", "0.0.0.0"}, Why: asksAtLoopback,
				Weak: &inventory.Weak{CIS: address, Values: []string{"0.0.0.0"},
					Says: "the port can be reached from outside"}},
			"profiling":                        weak(profiling, "profiles show what the program does", "true"),
			"authorization-always-allow-paths": {Merged: inventory.MergedList, Default: "/healthz,/readyz,/livez"},
		})
}

// controllerManagerRules are what the tool has to say about the flags of kube-controller-manager.
var controllerManagerRules = together(leaderRules("1.3.7", "1.3.2"),
	rules{"feature-gates": gatesBut("1.3.6")},
	each(refused(itsOwn), "root-ca-file", "service-account-private-key-file", "cluster-signing-cert-file",
		"cluster-signing-key-file", "client-ca-file", "requestheader-client-ca-file"),
	each(refused("it excludes cluster-signing-cert-file, which the tool sets"),
		"cluster-signing-kubelet-client-cert-file", "cluster-signing-kubelet-client-key-file",
		"cluster-signing-kubelet-serving-cert-file", "cluster-signing-kubelet-serving-key-file",
		"cluster-signing-kube-apiserver-client-cert-file", "cluster-signing-kube-apiserver-client-key-file",
		"cluster-signing-legacy-unknown-cert-file", "cluster-signing-legacy-unknown-key-file"),
	each(refused("each node gets a /24"), "node-cidr-mask-size", "node-cidr-mask-size-ipv4"),
	each(refused("each node gets a /64"), "node-cidr-mask-size-ipv6"),
	rules{
		"cluster-cidr":             refused("set network.pods"),
		"service-cluster-ip-range": refused("set network.services"),
		"allocate-node-cidrs":      refused(isFixed),
		"cidr-allocator-type":      only("flannel waits for the networks that this one gives", "RangeAllocator"),
		"configure-cloud-routes":   only("flannel makes the routes", "false"),
		"cluster-name":             refused("the value is the name of the cluster"),
		"controllers": {Merged: inventory.MergedList, Without: []string{
			"-node-ipam-controller", "-nodeipam", "-endpointslice-controller", "-endpointslice",
			"-serviceaccount-controller", "-serviceaccount", "-root-ca-certificate-publisher-controller",
			"-root-ca-cert-publisher", "-deployment-controller", "-deployment", "-replicaset-controller", "-replicaset",
		}, Why: "the cluster does not work without this controller"},
		"use-service-account-credentials": weak("1.3.3", "every controller may do what any of them may", "false"),
	},
)

// schedulerRules are what the tool has to say about the flags of kube-scheduler.
var schedulerRules = together(leaderRules("1.4.2", "1.4.1"), rules{
	"write-config-to": refused(exits),
	"config": weak("", "a configuration file replaces --kubeconfig and --leader-elect: it has to say clientConnection."+
		"kubeconfig: /etc/kubernetes/scheduler.conf and leaderElection.leaderElect: true"),
})
