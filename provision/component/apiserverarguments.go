package component

import (
	"kbootstrap/inventory"
	"kbootstrap/release/manual"
)

// What several flags of kube-apiserver have in common.
const (
	onRequestHeader = "the aggregation layer knows its front proxy by these names"
	haveNames       = "the program knows no others"
	nobodySees      = "the server then keeps no record of who did what"
)

// apiServerRules are what the tool has to say about the flags of kube-apiserver.
var apiServerRules = together(common, tlsRules("1.2.29"),
	each(refused(itsOwn), "etcd-cafile", "etcd-certfile", "etcd-keyfile", "client-ca-file", "tls-cert-file",
		"tls-private-key-file", "kubelet-client-certificate", "kubelet-client-key", "kubelet-certificate-authority",
		"service-account-key-file", "service-account-signing-key-file", "requestheader-client-ca-file",
		"proxy-client-cert-file", "proxy-client-key-file"),
	each(refused(onRequestHeader), "requestheader-allowed-names", "requestheader-extra-headers-prefix",
		"requestheader-group-headers", "requestheader-username-headers", "requestheader-uid-headers"),
	rules{
		"service-node-port-range":  refused("set network.nodePorts"),
		"service-cluster-ip-range": refused("set network.services"),
		"secure-port":              refused("set network.apiPort"),
		"advertise-address":        refused("set the address of the host"),
		"etcd-servers":             refused("the value follows from the hosts with the role etcd"),
		"etcd-prefix":              refused(isFixed),
		"storage-backend":          only("the tool runs etcd 3", "etcd3"),
		"bind-address": only("the tool, kube-api-proxy and the other control planes ask at 127.0.0.1 and at the "+
			"address of the host", "0.0.0.0"),
		"cert-dir": refused("it has no effect next to tls-cert-file"),
		"endpoint-reconciler-type": only("otherwise the Service `kubernetes` has no endpoints, or lasting ones of "+
			"hosts that are gone", "lease"),
		"apiserver-count":              refused("it has no effect next to endpoint-reconciler-type=lease"),
		"kubelet-port":                 refused("every kubelet listens on 10250"),
		"kubernetes-service-node-port": only("the Service `kubernetes` is reached by its cluster address", "0"),
		"anonymous-auth": refused("the health checks ask without a certificate; from Kubernetes " +
			"1.32 on, nothing else may"),
		"service-account-signing-endpoint": refused("it excludes service-account-key-file, which the tool sets"),
		"authorization-config": refused("it excludes authorization-mode, which audits read; set " +
			"authorization-mode, to which the tool adds Node and RBAC"),
		"authorization-mode": {Merged: inventory.MergedList, Without: []string{"AlwaysAllow"},
			Why: "everybody would be an administrator (CIS 1.2.6)"},
		"enable-admission-plugins": {Merged: inventory.MergedList, Words: manual.AdmissionPlugins,
			Weak: &inventory.Weak{CIS: "1.2.10", Values: []string{"AlwaysAdmit"},
				Says: "the plug-in admits everything"}},
		"disable-admission-plugins": {Words: manual.AdmissionPlugins, Without: []string{"NodeRestriction",
			"ServiceAccount", "NamespaceLifecycle"},
			Why: "the cluster is not safe without it (CIS 1.2.12 to 1.2.14)",
			Weak: &inventory.Weak{CIS: "5.2.1", Values: []string{"PodSecurity"},
				Says: "pods may do everything that their node can"}},
		"admission-control-config-file": weak("5.2.1", "your file replaces the tool's, which has the Pod Security "+
			"Standards of security.profile"),
		"admission-control": refused("it replaces all plug-ins; set enable-admission-plugins"),
		"runtime-config": {Without: []string{"api/all=false", "api/ga=false", "api/legacy=false", "v1=false"},
			Why: "the cluster itself needs these APIs"},
		"authentication-config": weak("1.2.1", "your file replaces the tool's, which restricts anonymous requests "+
			"to health checks; they must stay allowed for /livez, /readyz and /healthz"),
		"token-auth-file": weak("1.2.2", "tokens in a file never expire"),
		"profiling":       weak("1.2.15", "profiles show what the server does", "true"),
		"audit-log-path": {Writes: true, Weak: &inventory.Weak{CIS: "1.2.16", Values: []string{""},
			Says: nobodySees}},
		"audit-log-mode":    only(haveNames, "batch", "blocking", "blocking-strict"),
		"audit-log-format":  only(haveNames, "json", "legacy"),
		"audit-policy-file": weak("3.2.1", nobodySees, ""),
		"audit-log-maxage": {Weak: &inventory.Weak{CIS: "1.2.17", Below: 30,
			Says: "audits want 30 days or more"}},
		"audit-log-maxbackup": {Weak: &inventory.Weak{CIS: "1.2.18", Below: 10,
			Says: "audits want 10 files or more"}},
		"audit-log-maxsize": {Weak: &inventory.Weak{CIS: "1.2.19", Below: 100,
			Says: "audits want 100 MB or more"}},
		"service-account-lookup":                  weak("1.2.21", "tokens of deleted accounts stay valid", "false"),
		"service-account-extend-token-expiration": weak("1.2.30", "tokens stay valid for a year", "true"),
		"service-account-issuer": weak("", "tokens that were issued under another name are refused, so running "+
			"pods lose the API until the kubelet renews theirs"),
	},
	rules{"oidc-issuer-url": weak("1.2.1", "next to it the tool's own authentication file has no place, so anonymous "+
		"requests reach what RBAC lets everybody see")},
)

// hasOIDC reports whether the arguments configure OIDC by flags, which exclude an authentication
// file.
func hasOIDC(c *inventory.Cluster) bool { return c.Arguments[APIServer]["oidc-issuer-url"] != "" }
