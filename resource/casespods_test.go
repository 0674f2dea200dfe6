package resource_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"kbootstrap/host/netns"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// podLaws work on the kernel's own interfaces and on a pod with a network namespace of its own; see
// TestMain.
func podLaws() []law {
	network := podNetworkOfM1(0)
	return []law{
		{
			name: "foreign configuration", forgets: true, before: "00-foreign.conflist\n",
			wanted: resource.Strays{Dir: "/etc/cni", Keep: []string{"pods.conflist"}, Absent: true},
			start: func(m *machine) {
				m.put("/etc/cni/pods.conflist", "{}")
				m.put("/etc/cni/00-foreign.conflist", "{}")
			},
		},
		{
			name: "deleted by hand", forgets: true,
			wanted: api.Registration{Node: "m1", Kubeconfig: "/etc/kubernetes/admin.conf"},
			start: func(m *machine) {
				k := newKube(m)
				m.runsService("kubelet.service")
				m.systemd.started["kubelet.service"] = func() { k.register("m1", true) }
			},
		},
		{
			name: "bridge of an earlier installer", forgets: true, wanted: network,
			before: "interface cni0 has 10.244.9.1/24, and not 10.244.1.1/24, so no new pod starts\n",
			start: func(m *machine) {
				m.podNetwork("10.244.1.0/24")
				m.bridge("cni0", "10.244.9.1/24")
			},
		},
		{
			name: "bridge that is down", forgets: true, wanted: network, before: "interface cni0 is down\n",
			start: func(m *machine) {
				m.podNetwork("10.244.1.0/24")
				m.bridge("cni0", "10.244.1.1/24")
				m.exec("ip", "link", "set", "dev", "cni0", "down")
			},
		},
		{
			name: "another subnet", forgets: true, wanted: network,
			before: "flanneld holds the subnet of 10.244.1.1/24, and the node's podCIDR is 10.244.2.0/24\n" +
				"/etc/cni/pods.conflist gives new pods addresses of 10.244.1.0/24, " +
				"and the node's podCIDR is 10.244.2.0/24\n" +
				"interface flannel.1 has 10.244.1.0/32, and not the address 10.244.2.0\n" +
				"interface cni0 has 10.244.1.1/24, and not 10.244.2.1/24, so no new pod starts\n",
			start: func(m *machine) {
				m.podNetwork("10.244.1.0/24")
				m.bridge("cni0", "10.244.1.1/24")
				m.subnet("10.244.2.0/24", m.mac("flannel.1"))
			},
		},
		{
			name: "addresses of the dead", forgets: true, wanted: network,
			before: "40 of 41 addresses in /var/lib/cni/networks/cbr0 are held for containers that are gone\n",
			start: func(m *machine) {
				m.podNetwork("10.244.1.0/24")
				for i := range 40 {
					m.put(fmt.Sprintf("%s/10.244.1.%d", api.TakenDir, 10+i), "gone\r\neth0")
				}
				m.put(api.TakenDir+"/10.244.1.2", strings.Repeat("ab", 32)+"\r\neth0") // it may be starting
				m.put(api.TakenDir+"/last_reserved_ip.0", "10.244.1.49")
			},
		},
		{
			name: "pod of another subnet", forgets: true, wanted: network,
			before: "pod kube-system/dns-1 runs with the address 10.244.9.2, which is not of 10.244.1.0/24; " +
				"it needs a new sandbox\n",
			start: func(m *machine) {
				m.podNetwork("10.244.1.0/24")
				m.bridge("cni0", "10.244.1.1/24")
				m.put("/var/log/pods/kube-system_dns-1_"+podUID+"/dns/0.log", "")
				m.runsAs(m.pod("10.244.9.2"), podUID)
			},
		},
		{
			name: "pod that starts", forgets: true, start: probed,
			before: "pod kbootstrap/probe-1 is Pending (ContainerCreating): " +
				"\"cni0\" already has an IP address different from 10.244.1.1/24\n",
			wanted: api.PodProbe{
				Node: "m1", Kubeconfig: "/etc/kubernetes/admin.conf", Namespace: "kbootstrap",
				API: "10.244.1.1:10443", DNS: "10.244.1.1",
				Domain: "cluster.local", Peers: []string{"m2", "m3"},
			},
		},
	}
}

func podNetworkOfM1(timeout time.Duration) api.PodNetwork {
	return api.PodNetwork{
		Node: "m1", Kubeconfig: "/etc/kubernetes/admin.conf", Address: "192.168.56.12",
		Config: "/etc/cni/pods.conflist", VXLAN: true, Timeout: timeout,
	}
}

// runsService has a unit run for long.
func (m *machine) runsService(name string) {
	if m.systemd == nil {
		newSystemd(m)
	}
	m.put("/proc/uptime", "1000.00 1000.00\n")
	m.put("/etc/systemd/system/"+name, "[Service]\n")
	m.must(m.systemd.start(name))
}

// bridge makes a bridge with an address, in place of one that a test has left.
func (m *machine) bridge(name, address string) {
	m.t.Helper()
	_ = exec.CommandContext(context.Background(), "ip", "link", "delete", "dev", name).Run() // there may be none
	m.exec("ip", "link", "add", "name", name, "address", "02:00:00:00:00:01", "type", "bridge")
	m.t.Cleanup(func() {
		// The law may have deleted it.
		_ = exec.CommandContext(context.Background(), "ip", "link", "delete", "dev", name).Run()
	})
	m.exec("ip", "address", "add", address, "dev", name)
	m.exec("ip", "link", "set", "dev", name, "up")
}

func (m *machine) mac(name string) string {
	m.t.Helper()
	i, err := net.InterfaceByName(name)
	m.must(err)
	return i.HardwareAddr.String()
}

// podNetwork makes a host whose network of pods agrees, with a flanneld that makes it agree when it
// is started.
func (m *machine) podNetwork(subnet string) {
	m.real = append(m.real, "ip")
	_ = exec.CommandContext(context.Background(), "ip", "link", "delete", "dev", "cni0").Run() // that of another law
	k := newKube(m)
	first := netip.MustParsePrefix(subnet).Addr()
	m.bridge("flannel.1", netip.PrefixFrom(first, 32).String())
	m.put("/run/flannel/subnet.env", "FLANNEL_SUBNET="+first.Next().String()+"/24\n")
	m.put("/etc/cni/pods.conflist", `{"plugins":[{"ipam":{"ranges":[[{"subnet":"`+subnet+`"}]]}}]}`)
	m.subnet(subnet, m.mac("flannel.1"))
	m.runsService("flanneld.service")
	m.systemd.started["flanneld.service"] = func() {
		k.mu.Lock()
		now, _ := k.objects["/api/v1/nodes/m1"]["spec"].(map[string]any)["podCIDR"].(string)
		k.mu.Unlock()
		first := netip.MustParsePrefix(now).Addr()
		m.bridge("flannel.1", netip.PrefixFrom(first, 32).String())
		m.put("/run/flannel/subnet.env", "FLANNEL_SUBNET="+first.Next().String()+"/24\n")
		m.put("/etc/cni/pods.conflist", `{"plugins":[{"ipam":{"ranges":[[{"subnet":"`+now+`"}]]}}]}`)
		m.subnet(now, m.mac("flannel.1"))
	}
}

// subnet makes the node m1 one with a subnet and flannel's annotations.
func (m *machine) subnet(subnet, mac string) {
	m.kube.mu.Lock()
	defer m.kube.mu.Unlock()
	m.kube.store("/api/v1/nodes/m1", map[string]any{
		"metadata": map[string]any{"name": "m1", "annotations": map[string]any{
			"flannel.alpha.coreos.com/public-ip":    "192.168.56.12",
			"flannel.alpha.coreos.com/backend-type": "vxlan",
			"flannel.alpha.coreos.com/backend-data": `{"VNI":1,"VtepMAC":"` + mac + `"}`,
		}},
		"spec": map[string]any{"podCIDR": subnet},
	})
}

const podUID = "2cfc099a-368d-4f78-bf71-2f5f9fcd9182"

// probed has a pod of the probe on m1 that starts when it was asked for three times. The host's end
// of its network is the API, the DNS server and the pod of m2; that of m3 is not ready.
func probed(m *machine) {
	k := newKube(m)
	m.bridge("cni0", "10.244.1.1/24")
	pid := m.pod("10.244.1.2")
	m.serveDNS("10.244.1.1:53")
	l := listen(m.t, "tcp", "10.244.1.1:10443")
	m.t.Cleanup(func() { _ = l.Close() })
	path := "/api/v1/namespaces/kbootstrap/pods"
	pods := func(own map[string]any) {
		k.mu.Lock()
		defer k.mu.Unlock()
		ready := []any{map[string]any{"type": "Ready", "status": "True"}}
		k.store(path, map[string]any{"metadata": map[string]any{}, "items": []any{
			own,
			podObject("probe-2", "m2", map[string]any{"phase": "Running", "podIP": "10.244.1.1", "conditions": ready}),
			podObject("probe-3", "m3", map[string]any{"phase": "Running", "podIP": "10.244.3.9"}),
		}})
	}
	pods(podObject("probe-1", "m1", map[string]any{
		"phase": "Pending", "containerStatuses": []any{map[string]any{"state": map[string]any{
			"waiting": map[string]any{"reason": "ContainerCreating"},
		}}},
	}))
	k.mu.Lock()
	k.store("/api/v1/namespaces/kbootstrap/events", map[string]any{"metadata": map[string]any{}, "items": []any{
		map[string]any{
			"message":       "\"cni0\" already has an IP address different from 10.244.1.1/24",
			"lastTimestamp": "2026-01-01T00:00:02Z",
		},
		map[string]any{"message": "an older one", "lastTimestamp": "2026-01-01T00:00:01Z"},
	}})
	k.mu.Unlock()
	m.runsAs(pid, podUID)
	k.after(6, func() {
		pods(podObject("probe-1", "m1", map[string]any{
			"phase": "Running", "podIP": "10.244.1.2",
			"conditions": []any{map[string]any{"type": "Ready", "status": "True"}},
		}))
	})
}

func podObject(name, node string, status map[string]any) map[string]any {
	return map[string]any{
		"metadata": map[string]any{"name": name, "uid": podUID},
		"spec":     map[string]any{"nodeName": node},
		"status":   status,
	}
}

// pod starts a process in a network namespace of its own, on the bridge cni0 as a pod is.
func (m *machine) pod(address string) int {
	m.t.Helper()
	cmd := exec.CommandContext(m.t.Context(), "sleep", "1000")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	m.must(cmd.Start())
	m.t.Cleanup(func() {
		_ = cmd.Process.Kill() // the law may have killed it
		_ = cmd.Wait()         // it was killed, and says so
	})
	pid := cmd.Process.Pid
	m.exec("ip", "link", "add", "name", fmt.Sprintf("veth%d", pid), "master", "cni0", "type", "veth",
		"peer", "name", "eth0", "netns", fmt.Sprint(pid))
	m.exec("ip", "link", "set", "dev", fmt.Sprintf("veth%d", pid), "up")
	m.must(netns.InNetwork(fmt.Sprintf("/proc/%d/ns/net", pid), func() error {
		for _, argv := range [][]string{
			{"ip", "address", "add", address + "/24", "dev", "eth0"}, {"ip", "link", "set", "dev", "eth0", "up"},
		} {
			if out, err := exec.CommandContext(m.t.Context(), argv[0], argv[1:]...).CombinedOutput(); err != nil {
				return fmt.Errorf("%q: %w: %s", argv, err, out)
			}
		}
		return nil
	}))
	m.must(os.MkdirAll(m.Path(fmt.Sprintf("/proc/%d/ns", pid)), 0o755))
	m.must(os.Symlink(fmt.Sprintf("/proc/%d/ns/net", pid), m.Path(fmt.Sprintf("/proc/%d/ns/net", pid))))
	m.put(fmt.Sprintf("/proc/%d/stat", pid), "1 (pause) S"+strings.Repeat(" 0", 18)+" 1")
	return pid
}

// runsAs puts a process into the cgroup of a pod.
func (m *machine) runsAs(pid int, uid string) {
	m.put(fmt.Sprintf("/proc/%d/cgroup", pid), "0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod"+
		strings.ReplaceAll(uid, "-", "_")+".slice/cri-containerd-"+strings.Repeat("ab", 32)+".scope\n")
}

// serveDNS answers every question with the address of the API.
func (m *machine) serveDNS(at string) {
	m.t.Helper()
	conn := listenPacket(m.t, "udp", at)
	m.t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			// A header of 12 bytes, then the question: labels, each behind its length,
			// and four bytes.
			end := 12
			for end < n && buffer[end] != 0 {
				end += int(buffer[end]) + 1
			}
			if end += 5; end > n {
				continue
			}
			answer := append([]byte{buffer[0], buffer[1], 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0}, buffer[12:end]...)
			// The name is that of the question; an address of the Internet, for a second.
			answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 10, 244, 1, 1)
			_, _ = conn.WriteTo(answer, from) // who asked asks again
		}
	}()
}
