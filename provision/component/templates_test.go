package component

import (
	"maps"
	"net/netip"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"kbootstrap/certs"
	"kbootstrap/internal/golden"
	"kbootstrap/inventory"
	"kbootstrap/resource"
	"kbootstrap/templates"
)

// proxyVariables has a value with all that a unit or a shell could misread.
var proxyVariables = []variable{{"http_proxy", "http://user:p%40\"s's$x\\@proxy:3128"}, {"no_proxy", "10.0.0.0/8,.svc"}}

// TestRender renders every template with typical data and compares it with testdata/NAME.golden.
func TestRender(t *testing.T) {
	pods := netip.MustParsePrefix("10.244.0.0/16")
	children := templates.Sandbox{Open: true, ChildrenDump: true}
	server := templates.Sandbox{SeesRun: true, OOMScore: lastKilled}
	flags := templates.Flags{"name": "m1", "with-space": "a b", "percent": "50%"}
	// in is a unit with a sandbox, for a systemd of some version.
	in := func(version int, s templates.Sandbox) daemon {
		s.Systemd = version
		return daemon{flags, s}
	}
	withNFSClass := inventory.AddOns{
		Storage: inventory.StorageAddOn{Path: "/var/lib/kbootstrap-volumes", Reclaim: inventory.ReclaimDelete},
		NFS:     inventory.NFSAddOn{Enabled: true, Server: "192.168.56.20", Path: "/srv/nfs"},
	}
	rendered := map[string][]byte{
		"etcd.service":                    etcdUnit.Render(in(252, templates.Sandbox{Writable: []string{EtcdData}})),
		"etcd-219.service":                etcdUnit.Render(in(219, templates.Sandbox{Writable: []string{EtcdData}})),
		"etcd-239.service":                etcdUnit.Render(in(239, templates.Sandbox{Made: []string{"/srv/a b%"}})),
		"containerd.service":              containerdUnit.Render(in(252, children)),
		"docker.service":                  dockerUnit.Render(in(0, children)),
		"cri-dockerd.service":             criDockerdUnit.Render(in(0, templates.Sandbox{Open: true})),
		"kube-apiserver.service":          apiServerUnit.Render(in(252, server)),
		"kube-controller-manager.service": controllerManagerUnit.Render(in(252, templates.Sandbox{})),
		"kube-scheduler.service":          schedulerUnit.Render(in(252, templates.Sandbox{})),
		"kube-api-proxy.service": apiProxyUnit.Render(apiProxyDaemon{
			Sandbox: templates.Sandbox{Systemd: 252, Calls: []string{"@setuid"}},
		}),
		"kube-api-proxy-219.service": apiProxyUnit.Render(apiProxyDaemon{
			Sandbox: templates.Sandbox{Systemd: 219}, Old: true,
		}),
		"kubelet.service": kubeletUnit.Render(kubeletCommand{
			Flags: flags, Runtime: "containerd.service", Sandbox: templates.Sandbox{Open: true},
		}),
		"kube-proxy.service": kubeProxyUnit.Render(in(252, templates.Sandbox{Tunes: true, LoadsModules: true})),
		"kube-router.service": kubeRouterService.Render(kubeRouterCommand{
			Flags: flags, Path: path.Dir(policyRestore), Sandbox: templates.Sandbox{Systemd: 252, Tunes: true},
		}),
		"policy-restore.sh": policyRestoreScript.Render(strings.Join(policyChains, "|")),
		"kube-router.yaml":  kubeRouterAccess.Render(struct{}{}),
		"flanneld.service": flanneldUnit.Render(flanneldCommand{
			Flags: flags, NodeName: "m1", Sandbox: templates.Sandbox{Systemd: 252,
				Run: []string{"flannel"}, SharedRun: []string{"xtables.lock"}, Capabilities: []string{"CAP_NET_ADMIN"},
			},
		}),
		"firewall.nft": firewallNFT.Render(firewallData{
			Table:      FirewallTable,
			Interfaces: []string{"lo", "cni0", "flannel.1"}, Site: siteRules,
			Sets: []addressSet{{
				Name: "hosts", Type: "ipv4_addr", Addresses: []string{"192.168.56.11", "192.168.56.12"},
			}},
			Openings: []resource.Opening{
				{Ports: "22", Protocol: "tcp"}, {Set: "hosts", Ports: "8472", Protocol: "udp"},
				{Ports: "30000-32767", Protocol: "tcp"},
			},
		}),
		"kbootstrap-firewall.service": firewallService.Render(firewallCommand{
			Rules: firewallRules, Sandbox: templates.Sandbox{Systemd: 252},
		}),
		"container-scope.conf": containerScope.Render(struct{}{}),
		"containerd-3.toml": containerdTOML.Render(containerdConfig{
			Version: 3, Pause: "registry.k8s.io/pause:3.10.2", CNI: cni,
		}),
		"containerd-2.toml": containerdTOML.Render(containerdConfig{
			Version: 2, Pause: "registry.k8s.io/pause:3.9", CNI: cni,
		}),
		"docker-daemon.json": dockerJSON.Render(dockerConfig{
			ContainerdSocket: "/run/containerd/containerd.sock",
		}),
		"kubelet.yaml": kubeletYAML.Render(kubeletConfiguration{
			ClusterDNS: netip.MustParseAddr("10.96.0.10"), ClusterDomain: "cluster.local",
			RuntimeEndpoint: "unix:///run/containerd/containerd.sock", CgroupV1: true, Resolv: "/etc/resolv.conf", Ciphers: ciphers,
			Taints: []nodeTaint{{Key: "dedicated", Value: "db", Effect: "NoSchedule"}},
		}),
		"kube-proxy.yaml": kubeProxyYAML.Render(kubeProxyConfig{NodeName: "m1", Pods: pods.String()}),
		"api-proxy.cfg": apiProxyCFG.Render(apiProxyConfig{
			Port: 7443, Root: apiProxyRoot, Socket: apiProxySocket, Servers: []apiProxyBackend{
				{Name: "m1", Address: netip.MustParseAddrPort("192.168.56.11:6443")},
				{Name: "m2", Address: netip.MustParseAddrPort("192.168.56.12:6443")},
			},
		}),
		"audit-policy.yaml":       auditPolicyYAML.Render(struct{}{}),
		"authentication.yaml":     authenticationYAML.Render(authentication{"v1"}),
		"admission.yaml":          admissionYAML.Render(admission{"baseline", "restricted", true}),
		"net-conf-wireguard.json": flannelJSON.Render(flannelConfig{Pods: pods, Backend: "wireguard", Port: 51820}),
		"net-conf-dual.json": flannelJSON.Render(flannelConfig{
			Pods: pods, IPv6: netip.MustParsePrefix("fd00:10:244::/56"), Backend: "vxlan", Port: 8472, MTU: 1400,
		}),
		"proxy.conf":          proxyUnitConf.Render(proxyVariables),
		"packages.env":        proxyEnv.Render(proxyVariables),
		"net-conf.json":       flannelJSON.Render(flannelConfig{Pods: pods, Backend: "vxlan", Port: 8472}),
		"cni-config.sh":       cniConfigScript.Render(cni),
		"access.yaml":         accessYAML.Render(struct{}{}),
		"kubelet-client.yaml": kubeletClientYAML.Render(kubeletClient),
		"flannel-policy.yaml": flannelPolicyYAML.Render(flannelUsers),
		"host-policy.yaml":    hostPolicyYAML.Render(hostPolicyData{User: "kube-router:m1"}),
		"host-access.yaml":    hostAccessYAML.Render(hostAccessData{Host: "m1", FlannelUser: "flannel:m1"}),
		"old-access.yaml":     oldAccessYAML.Render(struct{}{}),
		"pod-probe.yaml": podProbeManifest.Render(podProbeData{
			Image: "registry.k8s.io/pause:3.10.2", Namespace: "kbootstrap",
		}),
		"coredns.yaml": coreDNSManifest.Render(coreDNSData{
			Image: "registry.k8s.io/coredns/coredns:v1.14.2", ClusterDomain: "cluster.local",
			Address: netip.MustParseAddr("10.96.0.10"), Replicas: 2, Upstream: true,
		}),
		"metrics-server.yaml": metricsServerManifest.Render(metricsServerData{
			Image: "registry.k8s.io/metrics-server/metrics-server:v0.9.0", Replicas: 2,
			Certificate: "-----BEGIN CERTIFICATE-----\n", Key: "-----BEGIN EC PRIVATE KEY-----\n", Authority: "LS0t",
		}),
		"registry.yaml": registryYAML.Render(registryData{
			Directory: inventory.RegistryPath, Files: certs.RegistryConfig, Port: 5000,
			Realm: "registry.cluster.local:5000",
		}),
		"kbootstrap-registry.service": registryService.Render(registryCommand{
			User: certs.RegistryUser, Config: registryConfig, Directory: "/srv/50% of it",
			Sandbox: templates.Sandbox{Systemd: 252, Writable: []string{"/srv/50% of it"}},
		}),
		"hosts.toml": hostsTOML.Render(registryHosts{Server: "https://192.0.2.1:5000", CA: "/etc/kubernetes/pki/ca.crt",
			Mirrors: []mirrorHost{
				{URL: "https://192.0.2.1:5000", CA: "/etc/kubernetes/pki/ca.crt", Authorization: "Basic eDp5"},
				{URL: "https://mirror.example.org/v2/hub", AsItIs: true},
			}}),
		"containerd-3-registries.toml": containerdTOML.Render(containerdConfig{
			Version: 3, Pause: "registry.k8s.io/pause:3.10.2", CNI: cni, Registries: containerdRegistries,
		}),
		"containerd-2-registries.toml": containerdTOML.Render(containerdConfig{
			Version: 2, Pause: "registry.k8s.io/pause:3.9", CNI: cni, Registries: containerdRegistries,
		}),
		"local-path.yaml": localPathManifest.Render(localPathData{
			Image: "docker.io/rancher/local-path-provisioner:v0.0.37",
			Config: localPathConfig(&inventory.Cluster{
				Hosts: []inventory.Host{{Name: "m1"}, {Name: "m2"}},
				AddOns: inventory.AddOns{Storage: inventory.StorageAddOn{
					Path: "/var/lib/kbootstrap-volumes", Paths: map[string]string{"m2": "/srv/volumes"},
				}},
			}),
			Classes: storageClasses(inventory.AddOns{
				Storage: inventory.StorageAddOn{Reclaim: inventory.ReclaimDelete, Default: true},
			}),
		}),
		"local-path-nfs.yaml": localPathManifest.Render(localPathData{
			Image:   "docker.io/rancher/local-path-provisioner:v0.0.37",
			Config:  localPathConfig(&inventory.Cluster{Name: "demo", AddOns: withNFSClass}),
			Classes: storageClasses(withNFSClass),
		}),
		"nfs.sh": nfsScript.Render(nfsData{Source: withNFSClass.NFS.Source(), Point: nfsPoint, Directory: "demo"}),
		"nfs-options.sh": nfsScript.Render(nfsData{
			Source: withNFSClass.NFS.Source(), Point: nfsPoint, Options: "nfsvers=4.1,hard", Directory: "demo",
		}),
		"kbootstrap-nfs.service": nfsService.Render(nfsCommand{
			Program: nfsProgram, Sandbox: templates.Sandbox{Open: true, Systemd: 252},
		}),
		"kbootstrap-backup.service": backupService.Render(backupServiceData{
			Program: backupProgram, Dir: "/srv/backups/demo/m1", Sandbox: templates.Sandbox{Systemd: 252},
		}),
		"kbootstrap-backup.timer": backupTimerFile.Render(backupTimerData{Times: []string{"02:47", "14:47"}}),
		"traefik.yaml":            traefikManifest.Render(traefikOf(inventory.HostPorts, nil)),
		"traefik-hosts.yaml":      traefikManifest.Render(traefikOf(inventory.HostPorts, []string{"m1", "m2"})),
		"traefik-nodeports.yaml":  traefikManifest.Render(traefikOf(inventory.NodePorts, nil)),
		"headlamp.yaml":           headlampManifest.Render(headlampOf("")),
		"headlamp-name.yaml":      headlampManifest.Render(headlampOf("ui.example.com")),
	}
	maps.Copy(rendered, renderedStores())
	for name, got := range rendered {
		golden.File(t, filepath.Join("testdata", name+".golden"), string(got))
	}
	for _, file := range templates.Names() {
		base := strings.TrimSuffix(file, ".tmpl")
		_, plain := rendered[base]
		_, versioned := rendered[strings.Replace(base, ".toml", "-3.toml", 1)]
		if !plain && !versioned {
			t.Errorf("no test renders %s", file)
		}
	}
}

// TestFlagsQuote checks the words that systemd would otherwise change or split.
func TestFlagsQuote(t *testing.T) {
	tests := map[string]string{
		"plain":   "--f=plain",
		"a b":     `"--f=a b"`,
		"50%":     "--f=50%%",
		"$HOME":   "--f=$$HOME",
		`say "x"`: `"--f=say \"x\""`,
		`back\`:   `"--f=back\\"`,
		"semi;":   `"--f=semi;"`,
	}
	for value, want := range tests {
		if got := (templates.Flags{"f": value}).Lines()[0]; got != want {
			t.Errorf("flag value %q: got %s, want %s", value, got, want)
		}
	}
}
