package inventory_test

import (
	"strings"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
)

// withArguments returns an inventory with these arguments, for a version of Kubernetes.
func withArguments(version, arguments string) []byte {
	return []byte("cluster: demo\nkubernetes: " + version + "\narguments:\n  " + arguments + "\nhosts:\n" +
		"  - {name: m1, address: 192.0.2.1, roles: [etcd, control-plane]}\n")
}

// TestArgumentsAreRefused: what cannot work is an error of the inventory, with the reason.
func TestArgumentsAreRefused(t *testing.T) {
	const now, before = "v1.36.3", "v1.31.14"
	for _, test := range []struct {
		version, arguments string
		code               fault.Code
		says               string
	}{
		// What moves an address or a port that something else asks.
		{now, "kube-apiserver: {bind-address: 192.0.2.1}", fault.InventoryArgument, "can only be 0.0.0.0"},
		{now, "kube-controller-manager: {secure-port: 10357}", fault.InventoryArgument, "cannot be set"},
		{now, "kube-scheduler: {bind-address: 192.0.2.1}", fault.InventoryArgument, "one of 127.0.0.1, 0.0.0.0"},
		{now, "kubelet: {healthz-port: 10348}", fault.InventoryArgument, "can only be 10248"},
		{now, "kubelet: {address: 192.0.2.1}", fault.InventoryArgument, "can only be 0.0.0.0"},
		{now, "flanneld: {healthz-port: 8082}", fault.InventoryArgument, "can only be 8081"},
		{now, "kube-proxy: {healthz-bind-address: 192.0.2.1}", fault.InventoryArgument, "10256"},
		{now, "etcd: {listen-client-http-urls: 'http://127.0.0.1:1'}", fault.InventoryArgument, "cannot be set"},
		{now, "kube-proxy: {metrics-bind-address: '0.0.0.0:10250'}", fault.InventoryArgument, "taken: kubelet"},
		{now, "kube-proxy: {metrics-bind-address: '0.0.0.0:6443'}", fault.InventoryArgument, "network.apiPort"},
		{now, "etcd: {listen-metrics-urls: 'http://127.0.0.1:2381,http://192.0.2.1:2379'}", fault.InventoryArgument,
			"2379"},
		{now, "dockerd: {metrics-addr: '127.0.0.1:30001'}", fault.InventoryArgument, "a Service could take"},
		// What opens the cluster.
		{now, "kube-apiserver: {authorization-mode: 'RBAC,AlwaysAllow'}", fault.InventoryArgument, "CIS 1.2.6"},
		{now, "kubelet: {authorization-mode: AlwaysAllow}", fault.InventoryArgument, "CIS 4.2.2"},
		{now, "kubelet: {anonymous-auth: true}", fault.InventoryArgument, "CIS 4.2.1"},
		{now, "etcd: {client-cert-auth: false}", fault.InventoryArgument, "CIS 2.2"},
		{now, "kube-apiserver: {disable-admission-plugins: NodeRestriction}", fault.InventoryArgument, "not safe"},
		// What has no effect, or ends the program.
		{now, "kube-proxy: {cleanup: true}", fault.InventoryArgument, "exits"},
		{now, "flanneld: {etcd-prefix: /x}", fault.InventoryArgument, "no effect"},
		{now, "dockerd: {exec-opt: native.cgroupdriver=cgroupfs}", fault.InventoryArgument, "cgroup driver"},
		// What a sandbox hides, or has for reading only.
		{now, "kube-apiserver: {audit-webhook-config-file: /root/a.yaml}", fault.ArgumentPath, "in /root"},
		{now, "kube-apiserver: {tls-sni-cert-key: '/a.crt,/tmp/x/../a.key:a'}", fault.ArgumentPath, "in /tmp"},
		{now, "etcd: {client-crl-file: /var/lib/kubelet/crl}", fault.ArgumentPath, "in /var/lib/kubelet"},
		{now, "kube-scheduler: {client-ca-file: /home/a/ca.crt}", fault.ArgumentPath, "in /home"},
		{now, "kube-apiserver: {audit-log-path: audit.log}", fault.ArgumentPath, "cannot write"},
		{now, "kube-apiserver: {audit-log-path: /audit.log}", fault.ArgumentPath, "cannot write"},
		{now, "kube-apiserver: {audit-log-path: /etc/kubernetes/audit.log}", fault.ArgumentPath, "cannot write"},
		// What the release does not have.
		{now, "kubelet: {max-pod: 4}", fault.ArgumentUnknown, `did you mean "max-pods"?`},
		{now, "kubelet: {container-runtime: remote}", fault.ArgumentUnknown, "went away in Kubernetes 1.27"},
		{now, "kubelet: {pod-infra-container-image: x}", fault.ArgumentUnknown, "went away in Kubernetes 1.35"},
		{before, "kubelet: {pod-infra-container-image: x}", fault.InventoryArgument, "set versions.pause"},
		{before, "kube-scheduler: {tls-curve-preferences: x}", fault.ArgumentUnknown, "comes with Kubernetes 1.36"},
		{before, "etcd: {max-learners: 2}", fault.ArgumentUnknown, "comes with etcd 3.6"},
		{now, "etcd: {enable-v2: true}", fault.ArgumentUnknown, "went away in etcd 3.6"},
		{now, "dockerd: {api-cors-header: '*'}", fault.ArgumentUnknown, "went away in docker 29.8"},
		{now, "kubelet: {feature-gates: CPUManager=true}", fault.ArgumentUnknown, "went away in Kubernetes 1.33"},
		{now, "kube-proxy: {feature-gates: NodeSwop=true}", fault.ArgumentUnknown, `did you mean "NodeSwap"?`},
		{before, "kubelet: {feature-gates: KubeletPSI=true}", fault.ArgumentUnknown, "comes with Kubernetes 1.33"},
		{now, "kube-apiserver: {enable-admission-plugins: PodSecurityPolicy}", fault.ArgumentUnknown,
			"in Kubernetes 1.25"},
		{now, "kube-apiserver: {disable-admission-plugins: Prioritty}", fault.ArgumentUnknown, `"Priority"?`},
		// What the program could not read.
		{now, "kubelet: {max-pods: abc}", fault.ArgumentValue, "a whole number"},
		{now, "kube-apiserver: {v: bananas}", fault.ArgumentValue, "a whole number"},
		{now, "flanneld: {v: bananas}", fault.ArgumentValue, "a whole number"},
		{now, "kubelet: {vmodule: bananas}", fault.ArgumentValue, "a list of FILE=LEVEL"},
		{now, "kubelet: {kube-reserved: 200m}", fault.ArgumentValue, "a list of NAME=AMOUNT"},
		{now, "kube-apiserver: {audit-log-mode: sometimes}", fault.InventoryArgument, "one of batch, blocking"},
		{now, "etcd: {log-level: loud}", fault.InventoryArgument, "one of debug, info"},
		{now, "kubelet: {seccomp-default: maybe}", fault.ArgumentValue, "true or false"},
		{now, "kube-proxy: {conntrack-udp-timeout: 45}", fault.ArgumentValue, "a duration"},
		{now, "kube-apiserver: {kubelet-timeout: soon}", fault.ArgumentValue, "a duration"},
		{now, "kube-proxy: {kube-api-qps: fast}", fault.ArgumentValue, "a number"},
		{now, "kube-proxy: {metrics-bind-address: everywhere}", fault.ArgumentValue, "an address"},
		{now, "kubelet: {feature-gates: MemoryQoS=maybe}", fault.ArgumentValue, "true or false"},
		{now, "kubelet: {feature-gates: NodeSwap=false}", fault.ArgumentValue, "locked in Kubernetes 1.36"},
		{now, "kube-proxy: {proxy-mode: userspace}", fault.InventoryArgument, "one of iptables, ipvs, nftables"},
	} {
		_, err := parse("hosts.yaml", withArguments(test.version, test.arguments))
		if fault.Of(err) != test.code || err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %q, want %q and %q:\n%v", test.arguments, fault.Of(err), test.code, test.says, err)
		}
	}
}

// TestArgumentsAreTaken: what works is taken, in the program's own spelling and without a warning.
func TestArgumentsAreTaken(t *testing.T) {
	for _, arguments := range []string{
		"kube-apiserver: {enable_admission_plugins: 'AlwaysPullImages', v: 4}",
		"kube-apiserver: {authorization-mode: Webhook, bind-address: 0.0.0.0, audit-log-maxage: 90}",
		"kube-controller-manager: {controllers: '-ttl-controller', bind-address: 127.0.0.1}",
		"kube-apiserver: {audit-log-path: /srv/audit/log, audit-webhook-config-file: /etc/kubernetes/hook.yaml}",
		"kube-apiserver: {audit-log-path: '-', tracing-config-file: /rooted/tracing.yaml}",
		"kubelet: {max-pods: 200, system-reserved: 'cpu=100m,memory=1Gi', eviction-hard: 'memory.available<5%'}",
		"kubelet: {feature-gates: 'NodeSwap=true,MemoryQoS=true', read-only-port: 0, enable-server: true}",
		"kube-proxy: {proxy-mode: nftables, metrics-bind-address: '127.0.0.1:9000', nodeport-addresses: primary}",
		"dockerd: {log-driver: journald, label: 'a=1,b=2', default-ulimit: 'nofile=1024:2048'}",
		"etcd: {listen-metrics-urls: 'http://0.0.0.0:2381', feature-gates: SetMemberLocalAddr=true}",
		"flanneld: {iptables-resync: 30, healthz-ip: 0.0.0.0, v: 5}",
	} {
		c, err := parse("hosts.yaml", withArguments("v1.36.3", arguments))
		if err != nil || len(c.Warnings) != 0 {
			t.Errorf("%s: %v, warnings %v", arguments, err, c)
		}
	}
	c, err := parse("hosts.yaml", withArguments("v1.36.3", "kube-apiserver: {enable_admission_plugins: "+
		"AlwaysPullImages}"))
	if err != nil || c.Arguments["kube-apiserver"]["enable-admission-plugins"] != "AlwaysPullImages" {
		t.Errorf("%v, %v", c, err)
	}
}

// TestArgumentsOfUnknownReleases: the tool does not judge what it cannot know.
func TestArgumentsOfUnknownReleases(t *testing.T) {
	text := strings.Replace(string(withArguments("v1.36.3", "etcd: {brand-new: 1}")), "arguments:",
		"versions: {etcd: 3.9.0}\narguments:", 1)
	if _, err := parse("hosts.yaml", []byte(text)); err != nil {
		t.Error(err)
	}
	text = strings.Replace(text, "brand-new: 1", "data-dir: /x", 1)
	if _, err := parse("hosts.yaml", []byte(text)); fault.Of(err) != fault.InventoryArgument {
		t.Errorf("a flag that no release may have: %v", err)
	}
}

// TestArgumentsThatWeaken: each is a warning with its check, and the inventory stays good.
func TestArgumentsThatWeaken(t *testing.T) {
	for _, test := range []struct{ arguments, says string }{
		{"kube-apiserver: {profiling: true}", "CIS 1.2.15"},
		{"kube-apiserver: {audit-log-maxage: 3}", "CIS 1.2.17"},
		{"kube-apiserver: {audit-log-path: ''}", "CIS 1.2.16"},
		{"kube-apiserver: {token-auth-file: /x}", "CIS 1.2.2"},
		{"kube-apiserver: {tls-min-version: VersionTLS10}", "CIS 1.2.29"},
		{"kube-apiserver: {tls-cipher-suites: 'TLS_AES_128_GCM_SHA256,TLS_RSA_WITH_RC4_128_SHA'}", "CIS 1.2.29"},
		{"kube-apiserver: {oidc-issuer-url: 'https://a'}", "CIS 1.2.1"},
		{"kube-controller-manager: {bind-address: 0.0.0.0}", "CIS 1.3.7"},
		{"kubelet: {read-only-port: 10255}", "CIS 4.2.4"},
		{"kubelet: {feature-gates: 'RotateKubeletServerCertificate=false'}", "CIS 4.2.11"},
		{"etcd: {peer-skip-client-san-verification: true}", "CIS 2.5"},
		{"kubelet: {max-pods: 500}", "254 addresses"},
		{"kube-proxy: {metrics-bind-address: '0.0.0.0:10249'}", "CIS 4.3.1"},
	} {
		c, err := parse("hosts.yaml", withArguments("v1.36.3", test.arguments))
		if err != nil {
			t.Errorf("%s: %v", test.arguments, err)
			continue
		}
		if len(c.Warnings) != 1 || c.Warnings[0].Code != fault.ArgumentWeakens ||
			!strings.Contains(c.Warnings[0].Warning(), test.says) || c.Warnings[0].Line != 4 {
			t.Errorf("%s: warnings %v, want one with %q", test.arguments, c.Warnings, test.says)
		}
	}
	c, err := parse("hosts.yaml", withArguments("v1.36.3", "kubelet: {feature-gates: Wholly=true}"))
	if err != nil || len(c.Warnings) != 1 || c.Warnings[0].Code != fault.ArgumentUnknown {
		t.Errorf("a gate that a later patch may have: %v, %v", c, err)
	}
}

// TestRulesAreOfFlags: each rule is about a flag that some release has.
func TestRulesAreOfFlags(t *testing.T) {
	for _, p := range component.Rules().Programs {
		known := map[string]bool{}
		for _, version := range []string{"v1.29.6", "v1.36.3"} {
			manual, ok := p.Manual(&inventory.Cluster{Kubernetes: version})
			if !ok {
				t.Fatalf("%s of %s is not in the manual", p.Name, version)
			}
			for _, f := range manual.Flags {
				known[f.Name] = true
			}
		}
		for name := range p.Rules {
			if !known[name] {
				t.Errorf("%s has a rule for --%s, which no release has", p.Name, name)
			}
		}
	}
}
