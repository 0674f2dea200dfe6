package audit

import (
	"encoding/json"
	"io/fs"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/resource/api"
)

// sound is a scene in which no check fails that the profile cis asks for and that needs no
// NetworkPolicy agent of a certain name.
func sound(t *testing.T) Scene {
	t.Helper()
	cp := Host{Host: inventory.Host{Name: "cp1", Roles: []inventory.Role{"etcd", "control-plane", "worker"}}}
	files := map[string]fs.FileMode{}
	daemon := func(program string, listens []string, args ...string) {
		d := host.Daemon{Program: program, PID: 7, Path: "/opt/kbootstrap/kubernetes-1.36.3/" + program,
			Env: map[string]string{}, Unit: program + ".service", Core: "0", NoNewPrivileges: true, OwnMounts: true,
			Filters: true,
			Args:    append([]string{program}, args...)}
		for _, at := range listens {
			d.Listens = append(d.Listens, netip.MustParseAddrPort(at))
		}
		files[d.Path] = 0o755
		for _, f := range d.Flags() {
			if strings.HasPrefix(f.Value, "/etc") || strings.HasPrefix(f.Value, "/var/lib/kube") {
				files[f.Value] = 0o600
			}
		}
		cp.Inspection.Processes = append(cp.Inspection.Processes, d)
	}
	daemon(apiServerProgram, []string{"[::]:6443"}, "--authentication-config=/etc/kubernetes/authentication.yaml",
		"--enable-admission-plugins=NodeRestriction,DenyServiceExternalIPs,EventRateLimit,AlwaysPullImages",
		"--admission-control-config-file=/etc/kubernetes/admission.yaml",
		"--kubelet-client-certificate=/etc/kubernetes/pki/c.crt", "--kubelet-client-key=/etc/kubernetes/pki/c.key",
		"--kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt", "--authorization-mode=Node,RBAC",
		"--profiling=false", "--audit-log-path=/var/log/a.log", "--audit-log-maxage=30", "--audit-log-maxbackup=10",
		"--audit-log-maxsize=100", "--audit-policy-file=/etc/kubernetes/audit-policy.yaml",
		"--service-account-key-file=/etc/kubernetes/pki/sa.pub", "--etcd-certfile=/etc/kubernetes/pki/e.crt",
		"--etcd-keyfile=/etc/kubernetes/pki/e.key", "--etcd-cafile=/etc/kubernetes/pki/etcd/ca.crt",
		"--tls-cert-file=/etc/kubernetes/pki/s.crt", "--tls-private-key-file=/etc/kubernetes/pki/s.key",
		"--client-ca-file=/etc/kubernetes/pki/ca.crt", "--service-account-extend-token-expiration=false",
		"--encryption-provider-config=/etc/kubernetes/encryption.yaml",
		"--tls-cipher-suites=TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")
	daemon(controllerProgram, []string{"127.0.0.1:10257"}, "--terminated-pod-gc-threshold=1000", "--profiling=false",
		"--use-service-account-credentials=true", "--kubeconfig=/etc/kubernetes/controller-manager.conf",
		"--service-account-private-key-file=/etc/kubernetes/pki/sa.key", "--root-ca-file=/etc/kubernetes/pki/ca.crt")
	daemon(schedulerProgram, []string{"127.0.0.1:10259"}, "--profiling=false",
		"--kubeconfig=/etc/kubernetes/scheduler.conf")
	daemon(etcdProgram, []string{"127.0.0.1:2379"}, "--data-dir=/var/lib/etcd", "--client-cert-auth=true",
		"--cert-file=/etc/etcd/pki/s.crt", "--key-file=/etc/etcd/pki/s.key", "--peer-cert-file=/etc/etcd/pki/p.crt",
		"--peer-key-file=/etc/etcd/pki/p.key", "--peer-client-cert-auth=true", "--trusted-ca-file=/etc/etcd/pki/ca.crt",
		"--peer-trusted-ca-file=/etc/etcd/pki/ca.crt", "--peer-cert-allowed-cn=member")
	daemon(kubeletProgram, []string{"[::]:10250"}, "--config=/var/lib/kubelet/config.yaml",
		"--kubeconfig=/etc/kubernetes/kubelet.conf")
	daemon(proxyProgram, []string{"127.0.0.1:10249"}, "--config=/var/lib/kube-proxy/config.yaml")
	daemon("kube-router", nil, "--run-firewall=true")
	for _, unit := range []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd", "kubelet"} {
		path := "/etc/systemd/system/" + unit + ".service"
		files[path] = 0o600
		cp.Inspection.Units = append(cp.Inspection.Units, host.Unit{Name: unit + ".service", Path: path})
	}
	for path, mode := range map[string]fs.FileMode{
		"/etc/kubernetes/admin.conf": 0o600, "/etc/kubernetes/kube-proxy.conf": 0o600, pki: fs.ModeDir | 0o755,
		"/var/lib/etcd": fs.ModeDir | 0o700, "/run/containerd/containerd.sock": 0o660,
		"/etc/cni/net.d/10-flannel.conflist": 0o600, "/var/lib/kubelet/pki/kubelet-client-current.pem": 0o600,
	} {
		files[path] = mode
	}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		f := host.Inspected{Path: path, Mode: files[path], Owner: "root:root"}
		if path == "/var/lib/etcd" {
			f.Owner = "etcd:etcd"
		}
		if strings.HasSuffix(path, ".crt") {
			f.Authority = path // another content in each
			f.Certificates = []host.Certificate{{Path: path, Subject: "CN=x",
				NotAfter: time.Now().Add(1000 * time.Hour)}}
		}
		cp.Inspection.Files = append(cp.Inspection.Files, f)
	}
	document := func(path, text string) {
		d := host.Document{Path: path}
		if err := json.Unmarshal([]byte(text), &d.Value); err != nil {
			t.Fatal(path, err)
		}
		cp.Inspection.Documents = append(cp.Inspection.Documents, d)
	}
	document("/etc/kubernetes/authentication.yaml", `{"anonymous":{"enabled":true,"conditions":[{"path":"/livez"}]}}`)
	document("/etc/kubernetes/admission.yaml", `{"plugins":[{"name":"PodSecurity","configuration":
		{"defaults":{"enforce":"restricted"},"exemptions":{"namespaces":["kube-system"]}}}]}`)
	document("/etc/kubernetes/audit-policy.yaml", `{"rules":[{"level":"None","nonResourceURLs":["/healthz"]},
		{"level":"Metadata"}]}`)
	document("/etc/kubernetes/encryption.yaml", `{"resources":[{"resources":["secrets"],"providers":[{"secretbox":{}},
		{"identity":{}}]}]}`)
	document("/var/lib/kubelet/config.yaml", kubeletText)
	document("/var/lib/kube-proxy/config.yaml", `{"metricsBindAddress":"127.0.0.1:10249",
		"clientConnection":{"kubeconfig":"/etc/kubernetes/kube-proxy.conf"}}`)
	s := Scene{
		Cluster: &inventory.Cluster{Name: "demo", Network: inventory.Network{
			APIPort: 6443, NodePorts: inventory.PortRange{First: 30000, Last: 32767},
		}},
		Now:     time.Now(),
		Profile: inventory.ProfileCIS, Hosts: []Host{cp},
		Listings: api.Listings{Lists: map[string]api.Listing{}, Kubelets: map[string]json.RawMessage{
			"cp1": json.RawMessage(kubeletText),
		}},
	}
	s.Hosts[0].Inspection.Now = s.Now
	for path, list := range map[string]string{
		clusterRoles: `[{"metadata":{"name":"cluster-admin","labels":{"kubernetes.io/bootstrapping":"rbac-defaults"}},
			"rules":[{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}]},
			{"metadata":{"name":"renew"},"rules":[{"verbs":["create"],"apiGroups":["certificates.k8s.io"],
			"resources":["certificatesigningrequests/selfnodeclient"]}]}]`,
		clusterRoleBindings: `[{"metadata":{"name":"cluster-admin"},"roleRef":{"kind":"ClusterRole","name":"cluster-admin"},
			"subjects":[{"kind":"Group","name":"system:masters"}]},
			{"metadata":{"name":"renew"},"roleRef":{"kind":"ClusterRole","name":"renew"},
			"subjects":[{"kind":"Group","name":"system:nodes"}]}]`,
		namespaces:      `[{"metadata":{"name":"default"}},{"metadata":{"name":"kube-system"}}]`,
		serviceAccounts: `[{"metadata":{"name":"default","namespace":"default"},"automountServiceAccountToken":false}]`,
		roles:           `[]`, roleBindings: `[]`, pods: `[]`, services: `[]`, networkPolicies: `[]`,
		validatingWebhooks: `[]`,
		legacyTokens:       `[]`, bootstrapTokens: `[]`,
	} {
		s.Listings.Lists[path] = api.Listing{Items: itemsOf(t, list)}
	}
	return s
}

const kubeletText = `{"authentication":{"anonymous":{"enabled":false},"x509":{"clientCAFile":"/etc/kubernetes/pki/ca.crt"}},
	"authorization":{"mode":"Webhook"},"readOnlyPort":0,"rotateCertificates":true,"podPidsLimit":4096,"seccompDefault":true,
	"tlsCipherSuites":["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"],"streamingConnectionIdleTimeout":"5m",
	"tlsCertFile":"/var/lib/kubelet/pki/kubelet.crt","tlsPrivateKeyFile":"/var/lib/kubelet/pki/kubelet.key"}`

func itemsOf(t *testing.T, list string) []json.RawMessage {
	t.Helper()
	var items []json.RawMessage
	if err := json.Unmarshal([]byte(list), &items); err != nil {
		t.Fatal(err)
	}
	return items
}

// notGood are the checks that fail or could not look.
func notGood(s Scene) []string {
	var ids []string
	for _, o := range Judge(s) {
		if o.Result == Fail || o.Result == Unknown {
			ids = append(ids, o.Check.ID)
		}
	}
	return ids
}

func TestSound(t *testing.T) {
	for _, o := range Judge(sound(t)) {
		if o.Result == Fail || o.Result == Unknown {
			t.Errorf("%s: %s: %+v", o.Check.ID, o.Result, o.Findings)
		}
	}
}

// TestWeakened: each thing that is weakened is found, and nothing else.
func TestWeakened(t *testing.T) {
	daemon := func(s *Scene, program string) *host.Daemon {
		list := s.Hosts[0].Inspection.Processes
		return &list[slices.IndexFunc(list, func(d host.Daemon) bool { return d.Program == program })]
	}
	file := func(s *Scene, path string) *host.Inspected {
		list := s.Hosts[0].Inspection.Files
		return &list[slices.IndexFunc(list, func(f host.Inspected) bool { return f.Path == path })]
	}
	document := func(s *Scene, path, text string) {
		list := s.Hosts[0].Inspection.Documents
		d := &list[slices.IndexFunc(list, func(d host.Document) bool { return d.Path == path })]
		*d = host.Document{Path: path}
		if err := json.Unmarshal([]byte(text), &d.Value); err != nil {
			t.Fatal(err)
		}
	}
	add := func(program string, args ...string) func(*Scene) {
		return func(s *Scene) { d := daemon(s, program); d.Args = append(d.Args, args...) }
	}
	list := func(path, item string) func(*Scene) {
		return func(s *Scene) {
			l := s.Listings.Lists[path]
			l.Items = append(slices.Clone(l.Items), json.RawMessage(item))
			s.Listings.Lists[path] = l
		}
	}
	for name, c := range map[string]struct {
		weaken func(*Scene)
		found  []string
	}{
		"a later flag wins":        {add(apiServerProgram, "--profiling=true"), []string{"1.2.15"}},
		"an underscore, two words": {add(apiServerProgram, "--anonymous_auth", "true"), []string{"1.2.1"}},
		"a flag that adds up": {add(apiServerProgram, "--enable-admission-plugins=AlwaysAdmit"),
			[]string{"1.2.10"}},
		"a plug-in turned off": {add(apiServerProgram, "--disable-admission-plugins=ServiceAccount"),
			[]string{"1.2.12"}},
		"everything is allowed": {add(apiServerProgram, "--authorization-mode=AlwaysAllow"), []string{"1.2.6"}},
		"a short audit log":     {add(apiServerProgram, "--audit-log-maxage=3"), []string{"1.2.17"}},
		"a weak cipher": {add(apiServerProgram, "--tls-cipher-suites=TLS_RSA_WITH_AES_128_CBC_SHA"),
			[]string{"1.2.29"}},
		"etcd by a variable": {func(s *Scene) { daemon(s, "etcd").Env["ETCD_AUTO_TLS"] = "true" },
			[]string{"2.3"}},
		"etcd's peers": {add("etcd", "--peer-client-cert-auth=false"), []string{"2.5"}},
		"a scheduler that listens": {func(s *Scene) {
			d := daemon(s, schedulerProgram)
			d.Listens = append(d.Listens, netip.MustParseAddrPort("0.0.0.0:10259"))
		}, []string{"1.4.2", "KB.3"}},
		"the proxy's metrics": {func(s *Scene) {
			document(s, "/var/lib/kube-proxy/config.yaml",
				`{"metricsBindAddress":"0.0.0.0:10249",
				"clientConnection":{"kubeconfig":"/etc/kubernetes/kube-proxy.conf"}}`)
		}, []string{"4.3.1"}},
		"the kubelet says otherwise": {func(s *Scene) {
			s.Listings.Kubelets["cp1"] = json.RawMessage(strings.Replace(kubeletText, `"enabled":false`,
				`"enabled":true`, 1))
		}, []string{"4.2.1"}},
		"a flag before the file": {add(kubeletProgram, "--read-only-port=10255"), []string{"4.2.4"}},
		"no more encryption": {func(s *Scene) {
			document(s, "/etc/kubernetes/encryption.yaml",
				`{"resources":[{"resources":["secrets"],"providers":[{"identity":{}},{"secretbox":{}}]}]}`)
		}, []string{"1.2.28"}},
		"a mode": {func(s *Scene) { file(s, "/etc/kubernetes/scheduler.conf").Mode = 0o644 },
			[]string{"1.1.15", "KB.2"}},
		"an owner": {func(s *Scene) { file(s, "/var/lib/etcd").Owner = "root:root" }, []string{"1.1.12"}},
		"a drop-in's mode": {func(s *Scene) { file(s, "/etc/systemd/system/kubelet.service").Mode = 0o666 },
			[]string{"4.1.1"}},
		"a program": {func(s *Scene) { file(s, "/opt/kbootstrap/kubernetes-1.36.3/kubelet").Mode = 0o777 },
			[]string{"KB.1"}},
		"an administrator": {list(clusterRoleBindings, `{"metadata":{"name":"x"},"roleRef":{"kind":"ClusterRole","name":"cluster-admin"},
			"subjects":[{"kind":"User","name":"eve"}]}`), []string{"5.1.1"}},
		"everybody reads Secrets": {func(s *Scene) {
			list(clusterRoles,
				`{"metadata":{"name":"r"},"rules":[{"verbs":["get"],"apiGroups":[""],"resources":["secrets"]}]}`)(s)
			list(clusterRoleBindings, `{"metadata":{"name":"x"},"roleRef":{"kind":"ClusterRole","name":"r"},
				"subjects":[{"kind":"Group","name":"system:authenticated"}]}`)(s)
		}, []string{"5.1.2"}},
		"a system's name reads Secrets": {func(s *Scene) {
			list(clusterRoles,
				`{"metadata":{"name":"r"},"rules":[{"verbs":["patch"],"apiGroups":[""],"resources":["nodes"]}]}`)(s)
			list(clusterRoleBindings, `{"metadata":{"name":"x"},"roleRef":{"kind":"ClusterRole","name":"r"},
				"subjects":[{"kind":"User","name":"system:kube-proxy"}]}`)(s)
		}, []string{"KB.8"}},
		"the account that pods have, as a user": {func(s *Scene) {
			list(clusterRoles,
				`{"metadata":{"name":"r"},"rules":[{"verbs":["get"],"apiGroups":[""],"resources":["secrets"]}]}`)(s)
			list(clusterRoleBindings, `{"metadata":{"name":"x"},"roleRef":{"kind":"ClusterRole","name":"r"},
				"subjects":[{"kind":"User","name":"system:serviceaccount:dev:default"}]}`)(s)
		}, []string{"5.1.2"}},
		"etcd for everybody": {func(s *Scene) {
			d := daemon(s, etcdProgram)
			d.Listens = append(d.Listens, netip.MustParseAddrPort("0.0.0.0:2379"))
		}, []string{"KB.3"}},
		"another program at a NodePort": {func(s *Scene) {
			d := daemon(s, schedulerProgram)
			d.Listens = append(d.Listens, netip.MustParseAddrPort("0.0.0.0:30559"))
		}, []string{"1.4.2", "KB.3"}},
		"kube-proxy beyond NodePorts": {func(s *Scene) {
			d := daemon(s, proxyProgram)
			d.Listens = append(d.Listens, netip.MustParseAddrPort("0.0.0.0:29999"))
		}, []string{"KB.3"}},
		"kube-proxy answers a load balancer": {func(s *Scene) {
			d := daemon(s, proxyProgram)
			d.Listens = append(d.Listens, netip.MustParseAddrPort("0.0.0.0:30559"))
		}, nil},
		"a gate that is off in another spelling": {
			add(controllerProgram, "--feature-gates=RotateKubeletServerCertificate=f"), []string{"1.3.6"}},
		"a lax namespace": {list(namespaces,
			`{"metadata":{"name":"x","labels":{"pod-security.kubernetes.io/enforce":"privileged"}}}`),
			podSecurityIDs()},
		"a default account": {list(serviceAccounts, `{"metadata":{"name":"default","namespace":"kube-public"}}`),
			[]string{"5.1.5"}},
		"a policy that is blind": {func(s *Scene) {
			document(s, "/etc/kubernetes/audit-policy.yaml",
				`{"rules":[{"level":"None","userGroups":["system:nodes"]},{"level":"Metadata"}]}`)
		}, []string{"3.2.2"}},
		"no agent of policies": {func(s *Scene) {
			in := &s.Hosts[0].Inspection
			in.Processes = slices.DeleteFunc(in.Processes,
				func(d host.Daemon) bool { return d.Program == "kube-router" })
		}, []string{"5.3.1"}},
		"a service that may change the host": {func(s *Scene) {
			d := daemon(s, schedulerProgram)
			d.Bounding, d.NoNewPrivileges, d.OwnMounts, d.Filters, d.Core = 1<<21, false, false, false, "unlimited"
		}, []string{"KB.12"}},
		"a service with the right of another": {func(s *Scene) { daemon(s, etcdProgram).Bounding = 1 << 12 },
			[]string{"KB.12"}},
		"a core dump": {func(s *Scene) { daemon(s, kubeletProgram).Core = "unlimited" },
			[]string{"KB.12"}},
		"clients as members of etcd":      {add("etcd", "--peer-cert-allowed-cn="), []string{"KB.14"}},
		"a client by the name of members": {add("etcd", "--peer-cert-allowed-cn=member,x"), []string{"KB.14"}},
		"a firewall that is not loaded": {walled(Wall{"table inet x", "tcp dport 22 accept\n", ""}),
			[]string{"KB.13"}},
		"a port that was opened": {walled(Wall{"table inet x", "a\n", "a\ntcp dport 2379 accept\n"}),
			[]string{"KB.13"}},
		"a firewall as it should be":        {walled(Wall{"table inet x", "a\n", "a\n"}), nil},
		"a firewall that was not looked at": {walled(), []string{"KB.13"}},
		"a service that stopped": {func(s *Scene) {
			in := &s.Hosts[0].Inspection
			in.Processes = slices.DeleteFunc(in.Processes,
				func(d host.Daemon) bool { return d.Program == schedulerProgram })
		}, []string{"1.1.15", "1.1.16", "1.4.1", "1.4.2"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := sound(t)
			c.weaken(&s)
			if found := notGood(s); !slices.Equal(found, c.found) {
				t.Errorf("found %v, want %v", found, c.found)
			}
		})
	}
}

// walled has a firewall configured, and a host that shows it.
func walled(walls ...Wall) func(*Scene) {
	return func(s *Scene) { s.Cluster.Firewall, s.Hosts[0].Walls = inventory.FirewallConfigure, walls }
}

// TestSandboxEvidence: the evidence names the process and all that it may do, and what an open
// service needs is not held against it.
func TestSandboxEvidence(t *testing.T) {
	s := sound(t)
	h := s.Hosts[0]
	h.Facts.Systemd = 252
	for i := range h.Inspection.Processes {
		d := &h.Inspection.Processes[i]
		switch d.Program {
		case schedulerProgram:
			d.Bounding, d.NoNewPrivileges, d.OwnMounts, d.Filters = 1<<21|1<<12, false, false, false
		case kubeletProgram: // it mounts what pods see
			d.Bounding, d.NoNewPrivileges, d.OwnMounts, d.Filters = 1<<40-1, false, false, false
		case proxyProgram:
			d.Bounding = 1<<12 | 1<<13
		}
	}
	const want = "kube-scheduler (pid 7) may have CAP_NET_ADMIN and CAP_SYS_ADMIN, " +
		"may gain rights by what it starts, sees all files of the host, may make every system call"
	if v := sandboxes(s, h); v.Result != Fail || v.Evidence != want {
		t.Errorf("%+v", v)
	}
}

func podSecurityIDs() []string {
	var ids []string
	for _, c := range podSecurity() {
		if c.Promise == ByUsers {
			continue
		}
		ids = append(ids, c.ID)
	}
	return ids
}

// TestCannotLook: without the API and without hosts no check passes.
func TestCannotLook(t *testing.T) {
	s := sound(t)
	s.APIError = "it is away"
	s.Hosts[0].Error = "it is off"
	s.Hosts[0].Inspection = host.Inspection{}
	for _, o := range Judge(s) {
		if o.Result == Pass {
			t.Errorf("%s passes: %+v", o.Check.ID, o.Findings)
		}
	}
}

// TestProfiles: what the default profile does not ask for does not fail by it.
func TestProfiles(t *testing.T) {
	s := sound(t)
	list := s.Hosts[0].Inspection.Processes
	list[0].Args = append(list[0].Args, "--disable-admission-plugins=PodSecurity")
	if found := notGood(s); !slices.Equal(found, podSecurityIDs()) {
		t.Errorf("cis: %v", found)
	}
	s.Profile = inventory.ProfileDefault
	if found := notGood(s); len(found) > 0 {
		t.Errorf("default: %v", found)
	}
}
