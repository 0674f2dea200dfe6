package preflight

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"kbootstrap/host"
	"kbootstrap/host/surroundings"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/component"
)

const hosts = `
cluster: demo
kubernetes: v1.36.3
hosts:
  - {name: cp1, address: 192.168.56.11, roles: [etcd, control-plane]}
  - {name: w1, address: 192.168.56.21, roles: [worker]}
  - {name: w2, address: 192.168.56.22, roles: [worker]}
`

// good are three Vagrant hosts on which nothing is wrong, before the first run.
func good(t *testing.T) Scene {
	t.Helper()
	c, err := inventory.Parse("hosts.yaml", []byte(hosts), component.Rules())
	if err != nil {
		t.Fatal(err)
	}
	s := Scene{Cluster: c, Minor: 36, CA: host.Authority{Key: strings.Repeat("ca", 32)}, Probed: true,
		HostKeys: map[string][]string{}}
	for i, h := range c.Hosts {
		number := string(rune('1' + i))
		h := Host{
			Host: h,
			Facts: host.Facts{
				Hostname: h.Name, Kernel: "6.1.0-18-amd64", Arch: "amd64", MachineID: strings.Repeat(number, 32),
				ProductUUID: "4C4C4544-0043-5010-8052-B4C04F5A3" + number + "32",
				OS:          host.OS{ID: "debian", VersionID: "12", Name: "Debian GNU/Linux 12 (bookworm)"},
				CPUs:        2, MemoryBytes: 2 << 30, Cgroup: 2, Systemd: 252, Glibc: "2.36",
				IPTables: "1.8.9 (nf_tables)",
				SELinux:  "disabled", DefaultRouteInterface: "eth0", PackageManager: "apt-get",
				Resolv: "/etc/resolv.conf",
				Programs: map[string]string{
					"systemctl": "/usr/bin/systemctl", "mount": "/usr/bin/mount", "modprobe": "/usr/sbin/modprobe",
					"iptables": "/usr/sbin/iptables",
				},
				ConntrackWritable: true,
				Interfaces: []host.Interface{
					{Name: "lo", Up: true, MTU: 65536, Addresses: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/8")}},
					// The NAT of VirtualBox: the same on every host.
					{
						Name: "eth0", Up: true, MTU: 1500, MAC: "08:00:27:8d:c0:4d",
						Addresses: []netip.Prefix{netip.MustParsePrefix("10.0.2.15/24")},
					},
					{
						Name: "eth1", Up: true, MTU: 1500, MAC: "08:00:27:00:00:0" + number,
						Addresses: []netip.Prefix{netip.PrefixFrom(h.Address, 24)},
					},
				},
			},
			Survey: host.Survey{
				NameServers: []string{"10.0.2.3"}, Controllers: []string{"cpuset", "cpu", "io", "memory", "pids"},
				Limits: map[string]int64{"fs.inotify.max_user_instances": 128, "fs.inotify.max_user_watches": 65536},
			},
			Clock: node.Clock{
				Offset: time.Duration(i) * 100 * time.Microsecond, Error: time.Millisecond, Synchronized: true,
			},
			Writes: []Write{{"/opt/kbootstrap", 400 << 20, 40}, {"/var/lib/containerd", 200 << 20, 4000}},
			Glibc:  map[string]string{},
		}
		for _, m := range []string{"overlay", "br_netfilter", "nf_conntrack", "vxlan"} {
			h.Survey.Modules = append(h.Survey.Modules, host.ModuleState{Name: m, State: host.ModuleAvailable})
		}
		for _, place := range places() {
			h.Survey.FileSystems = append(h.Survey.FileSystems, host.FileSystem{
				Path: place, Device: 1, Bytes: 40 << 30, FreeBytes: 30 << 30, Inodes: 2_000_000, FreeInodes: 1_900_000,
			})
		}
		if h.Has(inventory.Etcd) {
			h.Fsync = &host.Fsync{
				Writes: 60, P50: 900 * time.Microsecond, P99: 4 * time.Millisecond, Max: 4 * time.Millisecond,
			}
		}
		s.Hosts = append(s.Hosts, h)
		s.HostKeys[h.Name] = []string{"SHA256:" + number}
	}
	for _, n := range Needs(c, c.Hosts) {
		p := Path{From: n.From.Name, To: n.To.Name, Network: n.Network, Port: n.Port}
		if n.Network == "udp" {
			p.Sent, p.Arrived, p.Known = 1500, 1500, 1500
		}
		s.Mesh = append(s.Mesh, p)
	}
	return s
}

// leave takes a host out of the run: the cluster tells of it.
func (s *Scene) leave(name string) *Peer {
	i := slices.IndexFunc(s.Hosts, func(h Host) bool { return h.Name == name })
	h := s.Hosts[i]
	s.Peers = append(s.Peers, Peer{
		Host: h.Host, MachineID: h.Facts.MachineID, ProductUUID: h.Facts.ProductUUID,
		MAC: h.Facts.Interfaces[2].MAC, Serves: true,
	})
	s.Hosts = slices.Delete(slices.Clone(s.Hosts), i, i+1)
	s.Mesh = nil
	var asked []inventory.Host
	for _, h := range s.Hosts {
		asked = append(asked, h.Host)
	}
	for _, n := range append(Needs(s.Cluster, asked), NeedsOf(s.Cluster, asked, s.Peers)...) {
		s.Mesh = append(s.Mesh, Path{From: n.From.Name, To: n.To.Name, Network: n.Network, Port: n.Port})
	}
	return &s.Peers[len(s.Peers)-1]
}

// firewall has firewalld run on a host.
func firewall(h *Host) {
	h.Survey.Units = append(h.Survey.Units, host.Unit{
		Name: firewalld, Active: true, PID: 400, Path: "/usr/lib/systemd/system/firewalld.service",
	})
}

// made has a service of ours run on a host.
func made(h *Host, name string) {
	h.Survey.Units = append(h.Survey.Units, host.Unit{
		Name: name, Active: true, PID: 700, Path: "/etc/systemd/system/" + name,
		DropIns: []string{"/etc/systemd/system/" + name + ".d/50-kbootstrap.conf"},
	})
}

// narrow has the path carry less than the interfaces, and the sender believe what it does.
func (p *Path) narrow(arrived, known int) { p.Arrived, p.Lost, p.Known = arrived, arrived+1, known }

// path is the way between two hosts.
func (s Scene) path(from, to, network string, port int) *Path {
	for i := range s.Mesh {
		if p := &s.Mesh[i]; p.From == from && p.To == to && p.Network == network && p.Port == port {
			return p
		}
	}
	return nil
}

// ufwChains are the chains of which a ufw with its defaults sets the policy.
func ufwChains() []surroundings.BaseChain {
	return []surroundings.BaseChain{
		{Table: "ip filter", Name: "INPUT", Hook: surroundings.HookInput, By: surroundings.DropsByPolicy},
		{Table: "ip6 filter", Name: "FORWARD", Hook: surroundings.HookForward, By: surroundings.DropsByPolicy},
	}
}

// w1Forwards is what is wrong with a host without a DNS server where w1 has one.
const w1Forwards = "; w1 has one, to which the cluster DNS forwards, and a pod of the cluster DNS that comes to this " +
	"host would end at once"
