package component

import "kbootstrap/inventory"

// What several flags of etcd have in common.
const (
	fromMembers = "the members follow from the hosts with the role etcd"
	fromAddress = "the value follows from the address of the host"
	losesData   = "the data would not survive the loss of power"
)

// etcdRules are what the tool has to say about the flags of etcd.
var etcdRules = together(
	each(refused(exits), "help", "version"),
	each(refused(itsOwn), "cert-file", "key-file", "trusted-ca-file", "peer-cert-file", "peer-key-file",
		"peer-trusted-ca-file"),
	each(refused(fromAddress), "initial-advertise-peer-urls", "listen-peer-urls", "listen-client-urls",
		"advertise-client-urls"),
	each(refused(fromMembers), "initial-cluster", "discovery", "discovery-fallback", "discovery-proxy", "discovery-srv",
		"discovery-srv-name", "discovery-endpoints", "discovery-token", "discovery-user", "discovery-password",
		"discovery-cert", "discovery-key", "discovery-cacert", "discovery-dial-timeout", "discovery-request-timeout",
		"discovery-keepalive-time", "discovery-keepalive-timeout", "discovery-insecure-transport",
		"discovery-insecure-skip-tls-verify"),
	each(refused("every host with the role etcd is a member"), "proxy", "proxy-failure-wait", "proxy-refresh-interval",
		"proxy-dial-timeout", "proxy-write-timeout", "proxy-read-timeout"),
	each(refused("the tool places certificates (CIS 2.3, 2.6)"), "auto-tls", "peer-auto-tls"),
	each(refused(isFixed), "peer-cert-allowed-cn", "peer-cert-allowed-hostname"),
	each(refused("the certificates of clients have no host names"), "client-cert-allowed-hostname"),
	each(only(losesData, "false"), "unsafe-no-fsync"),
	rules{
		"peer-skip-client-san-verification": weak("2.5", "a host can pose as another member", "true"),
		"listen-metrics-urls":               {Listens: true},
		"feature-gates":                     {Merged: inventory.MergedMap},
		"name":                              refused("the value is the name of the host"),
		"config-file":                       refused("a configuration file makes etcd ignore every flag"),
		"data-dir":                          refused(EtcdData + " is what the checks and `reset` know"),
		"wal-dir":                           refused(EtcdData + " is what the checks and `reset` know"),
		"initial-cluster-state":             refused(isFixed),
		"initial-cluster-token":             refused("the value is the name of the cluster"),
		"force-new-cluster":                 refused("the flag would remove the other members at each start"),
		"client-cert-auth": refused("everybody in the network could read and write the cluster " +
			"(CIS 2.2)"),
		"peer-client-cert-auth":   refused("everybody in the network could become a member (CIS 2.5)"),
		"listen-client-http-urls": refused("the tool asks for etcd's health where clients do"),
		"strict-reconfig-check":   only("otherwise a change of members can cost the quorum", "true"),
		"log-outputs": {Only: []string{"default", "stderr", "stdout", "systemd/journal"},
			Why: "the tool explains failures by the journal"},
		"log-level":            only(haveNames, "debug", "info", "warn", "error", "panic", "fatal"),
		"auto-compaction-mode": only(haveNames, "periodic", "revision"),
		"tls-min-version":      only("etcd knows these (CIS 2.x)", "TLS1.2", "TLS1.3"),
		"cipher-suites":        weak("2.1", weakCiphers, insecureCiphers...),
		"quota-backend-bytes": {Weak: &inventory.Weak{Above: 8 << 30,
			Says: "etcd is slow to start with more than 8 GiB"}},
	},
)
