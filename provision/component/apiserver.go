package component

import (
	"strconv"
	"strings"
	"time"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/release"
	"kbootstrap/resource"
	"kbootstrap/templates"
)

const PKIDir = "/etc/kubernetes/pki"

// auditLogs is where the API server keeps its record of who did what.
const auditLogs = "/var/log/kubernetes"

// apiPoll is how often those who wait for an API server ask it. Each question makes it go through
// some fifty checks, at a time when it has better things to do.
const apiPoll = 100 * time.Millisecond

// ApiServer serves the Kubernetes API from etcd. It starts together with etcd and waits for etcd by
// itself.
var apiServer = Component{
	Name:  APIServer,
	Short: "api",
	On:    on(inventory.ControlPlane),
	After: []string{"base"},
	// A learner serves no API server.
	NeedsJoined: func(Target) []string { return []string{Etcd} },
	Rolling:     true,
	TakesLeave:  true, // shutdown-delay-duration
	Role:        inventory.ControlPlane,
	Units:       []string{"kube-apiserver.service"},
	Sources:     []release.Source{kubernetesProgram("kube-apiserver", "etcd", release.Nothing)},
	Ports: []Port{{
		Network: "tcp", By: "kube-apiserver", From: []inventory.Role{AnyHost}, World: true,
		Of:    func(c *inventory.Cluster) int { return c.Network.APIPort },
		Shows: PKIDir + "/apiserver.crt",
	}},
	Residue: Residue{Data: []string{auditLogs, "/etc/kubernetes"}},
	Programs: []inventory.Program{
		{Name: "kube-apiserver", Rules: apiServerRules, Release: kubernetes, Hidden: templates.HiddenDirs()},
	},
	Sandbox:   apiServerSandbox,
	Variables: kubernetesVariables,
	Direct:    true,
	Resources: func(t Target) []resource.Resource {
		return list(
			early(),
			one(resource.Dir{Path: auditLogs, Mode: 0o700}),
			t.apiService(),
			t.keys("admin"),
			t.noSuperAdmin(),
			one(t.apiReady("kube-apiserver is ready", Etcd)),
		)
	},
}

// apiService is kube-apiserver with all that it starts with.
func (t Target) apiService() []resource.Resource {
	flags := apiServerFlags(t)
	files := list(
		one(
			text("/etc/kubernetes/audit-policy.yaml", 0o600, auditPolicyYAML.Render(struct{}{})),
			text(admissionFile, 0o600, admissionYAML.Render(admissionOf(t.Cluster))),
		),
		encryptionKeys(t),
		one(unit("kube-apiserver.service", apiServerUnit.Render(daemon{Flags: flags, Sandbox: apiServerSandbox(t)}))),
	)
	if t.Minor() >= structuredAuthentication {
		files = append(files,
			text("/etc/kubernetes/authentication.yaml", 0o600, authenticationYAML.Render(authenticationOf(t))))
	}
	return list(beforeKeys(t), t.service("kube-apiserver.service", t.shared(flags),
		t.programs("kubernetes", "/usr/local/bin", "kube-apiserver"),
		t.keys("kube-apiserver"),
		files,
	))
}

// noSuperAdmin takes super-admin.conf from the control planes that had it in clusters of before:
// the first has it.
func (t Target) noSuperAdmin() []resource.Resource {
	if t.Cluster.With(inventory.ControlPlane)[0].Name == t.Host.Name {
		return nil
	}
	return one(resource.File{Path: SuperAdmin, Absent: true})
}

// apiReady is the readiness of this control plane's own API server, for which one waits for another
// component. It takes several seconds on the first start, of which kube-apiserver waits one before
// it creates the RBAC objects.
func (t Target) apiReady(name, whom string) resource.Resource {
	return resource.Ready{
		Name: name, URL: "https://127.0.0.1:" + strconv.Itoa(t.Cluster.Network.APIPort) + "/readyz",
		CACert: PKIDir + "/ca.crt", Cert: PKIDir + "/apiserver-kubelet-client.crt",
		Key:  PKIDir + "/apiserver-kubelet-client.key",
		Unit: "kube-apiserver.service", Timeout: 120 * time.Second, Every: apiPoll, For: whom,
	}
}

// apiServerFlags are flags where CIS audits read the command line (1.2.x), whose ids are next to
// them.
func apiServerFlags(t Target) templates.Flags {
	etcd := etcdEndpoints(t)
	flags := templates.Flags{
		"advertise-address": t.Host.Address.String(),
		"bind-address":      "0.0.0.0",
		"secure-port":       strconv.Itoa(t.Cluster.Network.APIPort),

		"allow-privileged":              "true",
		"authorization-mode":            "Node,RBAC",                                    // 1.2.6, 1.2.7, 1.2.8
		"enable-admission-plugins":      strings.Join(admissionPlugins(t.Cluster), ","), // 1.2.14
		"profiling":                     "false",                                        // 1.2.15
		"admission-control-config-file": admissionFile,                                  // 5.2.1
		"enable-aggregator-routing":     "true",

		"audit-policy-file":   "/etc/kubernetes/audit-policy.yaml", // 3.2.1
		"audit-log-path":      auditLogs + "/audit.log",            // 1.2.16
		"audit-log-maxage":    "30",                                // 1.2.17
		"audit-log-maxbackup": "10",                                // 1.2.18
		"audit-log-maxsize":   "100",                               // 1.2.19

		"etcd-servers":  strings.Join(etcd, ","),
		"etcd-cafile":   PKIDir + "/etcd/ca.crt", // 1.2.26
		"etcd-certfile": PKIDir + "/apiserver-etcd-client.crt",
		"etcd-keyfile":  PKIDir + "/apiserver-etcd-client.key",

		"client-ca-file":       PKIDir + "/ca.crt",        // 1.2.25
		"tls-cert-file":        PKIDir + "/apiserver.crt", // 1.2.24
		"tls-private-key-file": PKIDir + "/apiserver.key",
		"tls-min-version":      "VersionTLS12",
		"tls-cipher-suites":    strings.Join(ciphers, ","), // 1.2.29

		"kubelet-certificate-authority":   PKIDir + "/ca.crt", // 1.2.5
		"kubelet-client-certificate":      PKIDir + "/apiserver-kubelet-client.crt",
		"kubelet-client-key":              PKIDir + "/apiserver-kubelet-client.key",
		"kubelet-preferred-address-types": "InternalIP,Hostname",

		"requestheader-client-ca-file":       PKIDir + "/front-proxy-ca.crt",
		"requestheader-allowed-names":        "front-proxy-client",
		"requestheader-extra-headers-prefix": "X-Remote-Extra-",
		"requestheader-group-headers":        "X-Remote-Group",
		"requestheader-username-headers":     "X-Remote-User",
		"proxy-client-cert-file":             PKIDir + "/front-proxy-client.crt",
		"proxy-client-key-file":              PKIDir + "/front-proxy-client.key",

		"service-account-issuer":                  "https://kubernetes.default.svc." + t.Cluster.Network.Domain,
		"service-account-key-file":                PKIDir + "/sa.pub",
		"service-account-signing-key-file":        PKIDir + "/sa.key",
		"service-account-extend-token-expiration": "false", // 1.2.30
		"service-account-lookup":                  "true",  // 1.2.21

		// Without it a stop waits a whole minute for the watches of kubelets, which do not end by
		// themselves.
		"shutdown-watch-termination-grace-period": "2s",

		// For as long as the proxies of hosts take to notice that it is to stop, the API server
		// serves on. Where there is no other one, this costs time and nothing else; if the flag
		// were not the same there, a second control plane would restart the first.
		"shutdown-delay-duration": "5s",

		"service-cluster-ip-range": commas(t.Cluster.Network.ServiceNetworks()),
		"service-node-port-range":  t.Cluster.Network.NodePorts.String(),
	}
	if t.Minor() >= structuredAuthentication && !hasOIDC(t.Cluster) {
		flags["authentication-config"] = "/etc/kubernetes/authentication.yaml"
	}
	if t.Cluster.Security.Profile == inventory.ProfileCIS {
		flags["service-account-max-token-expiration"] = "24h"
	}
	if t.Minor() >= watchCacheHook && t.Minor() < watchCacheHookDefault {
		// Otherwise a server that says it is ready answers 429 until its caches are filled.
		flags["feature-gates"] = "WatchCacheInitializationPostStartHook=true"
	}
	if t.isEncrypted() {
		flags["encryption-provider-config"] = host.EncryptionConfig // 1.2.27, 1.2.28
	}
	return t.withArguments(APIServer, apiServerRules, flags)
}

// apiServerSandbox is what the API server may do. Files of the user's may name sockets of plug-ins
// below /run.
func apiServerSandbox(t Target) templates.Sandbox {
	return t.sandbox(templates.Sandbox{
		Capabilities: bindCapability(t.Cluster.Network.APIPort),
		Writable:     []string{auditLogs}, Made: auditDirectory(t.Cluster),
		SeesRun:  namesRun(t.Cluster.Arguments[APIServer], "encryption-provider-config", "egress-selector-config-file"),
		OOMScore: lastKilled,
	})
}

// etcdEndpoints are the members an API server talks to: its own where it has one, or else all. With
// its own alone, no member that comes or goes elsewhere restarts it; when its own is down, it is
// not ready, and hosts take another API server. See docs/decisions/0048-members-come-and-go.md.
func etcdEndpoints(t Target) []string {
	if t.Has(inventory.Etcd) {
		return []string{"https://127.0.0.1:2379"}
	}
	var endpoints []string
	for _, h := range t.Cluster.With(inventory.Etcd) {
		endpoints = append(endpoints, clientURL(h))
	}
	return endpoints
}

var (
	apiServerUnit      = templates.New[daemon]("kube-apiserver.service.tmpl")
	auditPolicyYAML    = templates.New[struct{}]("audit-policy.yaml.tmpl")
	authenticationYAML = templates.New[authentication]("authentication.yaml.tmpl")
)
