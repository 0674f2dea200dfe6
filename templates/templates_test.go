package templates

import (
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"kbootstrap/internal/golden"
)

// TestRender renders every template with typical data and compares it with testdata/NAME.golden.
func TestRender(t *testing.T) {
	pods := netip.MustParsePrefix("10.244.0.0/16")
	flags := Flags{"name": "m1", "with-space": "a b", "percent": "50%"}
	rendered := map[string][]byte{
		"etcd.service":                    EtcdUnit.Render(Daemon{Flags: flags}),
		"containerd.service":              ContainerdUnit.Render(Daemon{Flags: flags}),
		"docker.service":                  DockerUnit.Render(Daemon{Flags: flags}),
		"cri-dockerd.service":             CRIDockerdUnit.Render(Daemon{Flags: flags}),
		"kube-apiserver.service":          APIServerUnit.Render(Daemon{Flags: flags}),
		"kube-controller-manager.service": ControllerManagerUnit.Render(Daemon{Flags: flags}),
		"kube-scheduler.service":          SchedulerUnit.Render(Daemon{Flags: flags}),
		"kube-api-proxy.service":          APIProxyUnit.Render(struct{}{}),
		"kubelet.service":                 KubeletUnit.Render(Kubelet{Flags: flags, Runtime: "containerd.service"}),
		"kube-proxy.service":              ProxyUnit.Render(Daemon{Flags: flags}),
		"flanneld.service":                FlanneldUnit.Render(Flanneld{Flags: flags, NodeName: "m1"}),
		"container-scope.conf":            ContainerScope.Render(struct{}{}),
		"containerd-3.toml":               ContainerdTOML.Render(ContainerdConfig{Version: 3, Pause: "registry.k8s.io/pause:3.10.2"}),
		"containerd-2.toml":               ContainerdTOML.Render(ContainerdConfig{Version: 2, Pause: "registry.k8s.io/pause:3.9"}),
		"docker-daemon.json":              DockerJSON.Render(DockerConfig{ContainerdSocket: "/run/containerd/containerd.sock"}),
		"kubelet.yaml": KubeletYAML.Render(KubeletConfig{
			ClusterDNS: netip.MustParseAddr("10.96.0.10"), ClusterDomain: "cluster.local",
			RuntimeEndpoint: "unix:///run/containerd/containerd.sock", CgroupV1: true, Resolv: "/etc/resolv.conf",
			Taints: []Taint{{Key: "dedicated", Value: "db", Effect: "NoSchedule"}},
		}),
		"kube-proxy.yaml": ProxyYAML.Render(ProxyConfig{NodeName: "m1", Pods: pods}),
		"api-proxy.cfg": APIProxyCFG.Render(APIProxyConfig{Port: 7443, Servers: []APIServer{
			{Name: "m1", Address: netip.MustParseAddrPort("192.168.56.11:6443")},
			{Name: "m2", Address: netip.MustParseAddrPort("192.168.56.12:6443")},
		}}),
		"audit-policy.yaml":   AuditPolicyYAML.Render(struct{}{}),
		"authentication.yaml": AuthenticationYAML.Render(struct{}{}),
		"net-conf.json":       FlannelJSON.Render(FlannelConfig{Pods: pods, Backend: "vxlan", Port: 8472}),
		"cni-config.sh":       CNIConfigScript.Render(struct{}{}),
		"access.yaml":         AccessYAML.Render(struct{}{}),
		"coredns.yaml": CoreDNSYAML.Render(DNSManifest{
			Image: "registry.k8s.io/coredns/coredns:v1.14.2", ClusterDomain: "cluster.local",
			Address: netip.MustParseAddr("10.96.0.10"), Replicas: 2, Upstream: true,
		}),
	}
	for name, got := range rendered {
		golden.File(t, filepath.Join("testdata", name+".golden"), string(got))
	}
	embedded, err := files.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range embedded {
		base := strings.TrimSuffix(file.Name(), ".tmpl")
		_, plain := rendered[base]
		_, versioned := rendered[strings.Replace(base, ".toml", "-3.toml", 1)]
		if !plain && !versioned {
			t.Errorf("no test renders %s", file.Name())
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
		if got := (Flags{"f": value}).Lines()[0]; got != want {
			t.Errorf("flag value %q: got %s, want %s", value, got, want)
		}
	}
}
