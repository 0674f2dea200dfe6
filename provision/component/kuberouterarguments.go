package component

import "kbootstrap/inventory"

// kubeRouterRules are what the tool has to say about the flags of kube-router. Most are about the
// parts of it that do not run.
var kubeRouterRules = together(
	each(refused(exits), "help", "version", "cleanup-config"),
	each(refused(isFixed), "run-firewall", "run-router", "run-service-proxy", "run-loadbalancer"),
	each(refused("this part of kube-router does not run: flannel makes the network, kube-proxy carries Services"),
		"advertise-cluster-ip", "advertise-external-ip", "advertise-loadbalancer-ip", "advertise-pod-cidr", "auto-mtu",
		"bfd-desired-min-tx-interval", "bfd-detection-multiplier", "bfd-port",
		"bfd-required-min-rx-interval",
		"bgp-graceful-restart", "bgp-graceful-restart-deferral-time", "bgp-graceful-restart-time", "bgp-holdtime",
		"bgp-port", "cluster-asn", "disable-source-dest-check", "enable-bfd", "enable-cni", "enable-ibgp",
		"enable-overlay",
		"enable-pod-egress", "excluded-cidrs", "gobgp-admin-address",
		"gobgp-admin-port", "hairpin-mode", "injected-routes-sync-period", "ipvs-graceful-period",
		"ipvs-graceful-termination", "ipvs-permit-all", "ipvs-sync-period", "loadbalancer-default-class",
		"loadbalancer-sync-period", "masquerade-all", "nodeport-bindon-all-ip", "nodes-full-mesh", "overlay-encap",
		"overlay-encap-port", "overlay-type", "override-nexthop", "peer-router-asns", "peer-router-ips",
		"peer-router-multihop-ttl", "peer-router-passwords", "peer-router-passwords-file", "peer-router-ports",
		"router-id", "routes-sync-period", "runtime-endpoint", "service-tcp-timeout", "service-tcpfin-timeout",
		"service-udp-timeout", "strict-external-ip-validation"),
	rules{
		"kubeconfig":               refused(itsOwn),
		"master":                   refused(inKubeconf),
		"hostname-override":        refused("the value is the name of the host"),
		"service-cluster-ip-range": refused("set network.services"),
		"service-node-port-range":  refused("set network.nodePorts"),
		"enable-ipv4":              only("the pods have addresses of IPv4", "true"),
		"enable-ipv6":              refused("set network.ipv6"),
		"health-port":              refused("health listens on every address before 2.10; ask for the metrics"),
		"metrics-addr":             only("the tool asks for the metrics at 127.0.0.1", "127.0.0.1", "0.0.0.0"),
		"metrics-port":             only("the tool asks for the metrics at this port", "10244"),
		"metrics-path":             only("the tool asks for the metrics at this path", "/metrics"),
		"enable-pprof": {Only: []string{"true", "false"}, Why: "it is a switch", Weak: &inventory.Weak{
			CIS: "4.3.1", Values: []string{"true"}, Says: "the profiler listens on every address"}},
		"use-nftables-for-netpol": only("`reset` removes chains of iptables, and the tool knows no others", "false"),
	},
)
