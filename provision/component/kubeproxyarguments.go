package component

import (
	"kbootstrap/inventory"
	"kbootstrap/release/manual"
)

// kubeProxyRules are what the tool has to say about the flags of kube-proxy. Next to a
// configuration file it looks at its flags for logging only, so the others go into the file.
var kubeProxyRules = together(common,
	each(refused(itsOwn), "config", "kubeconfig"),
	each(refused(exits), "cleanup", "write-config-to", "init-only"),
	each(refused("kube-proxy does not use it"), "boot-id-file", "machine-id-file"),
	rules{
		"cluster-cidr":      refused("set network.pods"),
		"hostname-override": refused("the value is the name of the host"),
		"master":            refused(inKubeconf),
		"healthz-port":      refused("the tool asks for kube-proxy's health at 10256"),
		"metrics-port":      refused("set metrics-bind-address"),
		"proxy-mode": {Field: "mode", Only: []string{"iptables", "ipvs", "nftables"},
			Why: "these are the modes of kube-proxy on Linux"},
		"healthz-bind-address": {Field: "healthzBindAddress", Only: []string{"0.0.0.0", "0.0.0.0:10256",
			"127.0.0.1:10256"},
			Why: "the tool asks for kube-proxy's health at port 10256 of 127.0.0.1"},
		"metrics-bind-address": {Field: "metricsBindAddress", Listens: true, Weak: &inventory.Weak{CIS: "4.3.1",
			Outside: true,
			Says:    "the metrics can be read from outside"}},
		"detect-local-mode": {Field: "detectLocalMode", Only: []string{
			"ClusterCIDR", "NodeCIDR", "BridgeInterface", "InterfaceNamePrefix",
		}, Why: "the modes have these names"},
		"bind-address":                      field("bindAddress"),
		"bind-address-hard-fail":            field("bindAddressHardFail"),
		"config-sync-period":                field("configSyncPeriod"),
		"conntrack-max-per-core":            field("conntrack.maxPerCore"),
		"conntrack-min":                     field("conntrack.min"),
		"conntrack-tcp-be-liberal":          field("conntrack.tcpBeLiberal"),
		"conntrack-tcp-timeout-close-wait":  field("conntrack.tcpCloseWaitTimeout"),
		"conntrack-tcp-timeout-established": field("conntrack.tcpEstablishedTimeout"),
		"conntrack-udp-timeout":             field("conntrack.udpTimeout"),
		"conntrack-udp-timeout-stream":      field("conntrack.udpStreamTimeout"),
		"feature-gates":                     {Field: "featureGates", Words: manual.FeatureGates},
		"iptables-localhost-nodeports":      field("iptables.localhostNodePorts"),
		"iptables-masquerade-bit":           field("iptables.masqueradeBit"),
		"iptables-min-sync-period":          field("iptables.minSyncPeriod"),
		"iptables-sync-period":              field("iptables.syncPeriod"),
		"ipvs-exclude-cidrs":                field("ipvs.excludeCIDRs"),
		"ipvs-min-sync-period":              field("ipvs.minSyncPeriod"),
		"ipvs-scheduler":                    field("ipvs.scheduler"),
		"ipvs-strict-arp":                   field("ipvs.strictARP"),
		"ipvs-sync-period":                  field("ipvs.syncPeriod"),
		"ipvs-tcp-timeout":                  field("ipvs.tcpTimeout"),
		"ipvs-tcpfin-timeout":               field("ipvs.tcpFinTimeout"),
		"ipvs-udp-timeout":                  field("ipvs.udpTimeout"),
		"kube-api-burst":                    field("clientConnection.burst"),
		"kube-api-content-type":             field("clientConnection.contentType"),
		"kube-api-qps":                      field("clientConnection.qps"),
		"masquerade-all":                    field("iptables.masqueradeAll"),
		"nodeport-addresses":                field("nodePortAddresses"),
		"oom-score-adj":                     field("oomScoreAdj"),
		"pod-bridge-interface":              field("detectLocal.bridgeInterface"),
		"pod-interface-name-prefix":         field("detectLocal.interfaceNamePrefix"),
		"profiling":                         field("enableProfiling"),
		"proxy-port-range":                  field("portRange"),
		"show-hidden-metrics-for-version":   field("showHiddenMetricsForVersion"),
	},
)

// kubeProxyPlaces returns where kube-proxy takes a translated flag from. In the mode nftables some
// fields have a place of their own.
func kubeProxyPlaces(c *inventory.Cluster) func(name, field string) string {
	return func(name, field string) string {
		if name == "masquerade-all" && c.Arguments["kube-proxy"]["proxy-mode"] == "nftables" {
			return "nftables.masqueradeAll"
		}
		return field
	}
}
