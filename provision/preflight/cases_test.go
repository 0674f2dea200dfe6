package preflight

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"kbootstrap/host"
	"kbootstrap/host/surroundings"
	"kbootstrap/inventory"
	"kbootstrap/node"
)

// cases are hosts on which one thing is not as it should be: what the check of it finds, and all
// that is not ok.
var cases = []struct {
	name string
	edit func(s *Scene)
	want []string // "level ID hosts: evidence"
}{
	{"not root", func(s *Scene) { s.Hosts[1].Survey.UID = 1000 },
		[]string{"fail IsPrivilegedUser w1: the tool runs on this host as user 1000"}},

	{"an older run left versions with holes", func(s *Scene) {
		for i := range s.Hosts {
			s.Hosts[i].Versions = []Version{
				{"runc", "1.2.8", "1.5.2"}, {"pause", "", "3.9"}, {"etcd", "3.6.14", "3.6.14"},
			}
		}
	}, []string{"warn SafeVersions cp1,w1,w2: runc 1.2.8 has CVE-2026-41579 (of low severity); `up` installs 1.5.2"}},
	{"the inventory wants a version with holes", func(s *Scene) {
		s.Hosts[1].Versions = []Version{{"runc", "1.5.2", "1.4.2"}}
		s.Hosts[2].Versions = []Version{{"runc", "", "1.4.2"}}
	}, []string{"warn SafeVersions w1,w2: runc 1.4.2 has CVE-2026-41579 (of low severity); " +
		"`versions: {runc: 1.4.3}` or later closes that"}},
	{"Kubernetes without support", func(s *Scene) {
		s.Now = time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
		s.Hosts[0].Versions = []Version{{"kubernetes", "1.34.4", "1.34.4"}}
		s.Hosts[1].Versions = []Version{{"kubernetes", "1.36.3", "1.36.3"}}
	}, []string{"warn SafeVersions cp1: Kubernetes 1.34 has had no support since 2026-10-27"}},

	{"files of the owner", func(s *Scene) {
		s.Hosts[1].Displaced = []Displaced{
			{ID: "file /etc/containerd/config.toml", What: "/etc/containerd/config.toml would be replaced"},
			{ID: "service firewalld.service", What: "firewalld.service would be stopped"},
		}
	}, []string{"warn Replaces w1: /etc/containerd/config.toml would be replaced"}},
	{"docker's bridge takes the operator's network", func(s *Scene) {
		s.Hosts[1].Docker = &DockerFile{}
		s.Hosts[1].Survey.Peers = []netip.Addr{netip.MustParseAddr("172.17.3.4")}
	}, []string{
		"fail DockerBridge w1: the bridge's network 172.17.0.0/16 holds 172.17.3.4, from which this host is " +
			"logged in to",
	}},
	{"docker's bridge was moved out of the way", func(s *Scene) {
		s.Hosts[1].Docker = &DockerFile{BIP: "10.200.0.1/24"}
		s.Hosts[1].Survey.Peers = []netip.Addr{netip.MustParseAddr("172.17.3.4")}
	}, nil},
	{"docker's bridge takes the pods' network", func(s *Scene) {
		s.Hosts[1].Docker = &DockerFile{BIP: "10.244.5.1/24"}
	}, []string{
		"fail DockerBridge w1: the bridge's network 10.244.5.0/24 overlaps network.pods 10.244.0.0/16",
	}},
	{"docker's bridge takes the hosts' network", func(s *Scene) {
		s.Hosts[1].Docker = &DockerFile{BIP: "192.168.0.1/16"}
	}, []string{
		"fail DockerBridge w1: the bridge's network 192.168.0.0/16 holds 192.168.56.11, the address of cp1",
		"fail DockerBridge w1: the bridge's network 192.168.0.0/16 holds 192.168.56.21, the address of w1",
		"fail DockerBridge w1: the bridge's network 192.168.0.0/16 holds 192.168.56.22, the address of w2",
	}},
	{"docker's bridge is there already", func(s *Scene) {
		s.Hosts[1].Docker = &DockerFile{}
		s.Hosts[1].Survey.Peers = []netip.Addr{netip.MustParseAddr("172.17.3.4")}
		s.Hosts[1].Facts.Interfaces = append(s.Hosts[1].Facts.Interfaces, host.Interface{Name: "docker0", Up: true})
	}, nil},
	{"docker has no bridge", func(s *Scene) {
		s.Hosts[1].Docker = &DockerFile{Bridge: "none", BIP: "10.244.5.1/24"}
	}, nil},
	{"no network for docker's bridge", func(s *Scene) { s.Hosts[1].Docker = &DockerFile{BIP: "10.200.0.1"} },
		[]string{`fail DockerBridge w1: bip "10.200.0.1" in /etc/docker/daemon.json is not an address with ` +
			`the length of its network`}},

	{"another hostname", func(s *Scene) { s.Hosts[1].Facts.Hostname = "node-b" },
		[]string{"warn Hostname w1: the host calls itself node-b"}},
	{"no hostname", func(s *Scene) { s.Hosts[1].Facts.Hostname = "" },
		[]string{"warn Hostname w1: the host has no name"}},
	{"clones by hostname", func(s *Scene) {
		s.Hosts[1].Facts.Hostname, s.Hosts[2].Facts.Hostname = "debian", "debian"
	}, []string{
		"warn Hostname w1: the host calls itself debian", "warn Hostname w2: the host calls itself debian",
		"fail UniqueHostname w1,w2: w1 and w2 have the hostname debian",
	}},
	{"clones by machine-id", func(s *Scene) { s.Hosts[2].Facts.MachineID = s.Hosts[0].Facts.MachineID },
		[]string{"fail UniqueMachineID cp1,w2: cp1 and w2 have the machine-id 11111111111111111111111111111111"}},
	{"three clones", func(s *Scene) {
		s.Hosts[1].Facts.MachineID, s.Hosts[2].Facts.MachineID = s.Hosts[0].Facts.MachineID, s.Hosts[0].Facts.MachineID
	}, []string{
		"fail UniqueMachineID cp1,w1,w2: cp1 and w1 and w2 have the machine-id 11111111111111111111111111111111",
	}},
	{"no machine-id", func(s *Scene) { s.Hosts[0].Facts.MachineID = "" },
		[]string{"warn UniqueMachineID cp1: /etc/machine-id is missing or empty"}},
	{"clones by product_uuid", func(s *Scene) {
		s.Hosts[1].Facts.ProductUUID = strings.ToLower(s.Hosts[0].Facts.ProductUUID)
	}, []string{
		"fail UniqueProductUUID cp1,w1: cp1 and w1 have the product_uuid 4c4c4544-0043-5010-8052-b4c04f5a3132",
	}},
	{"containers of one machine", func(s *Scene) {
		for i := range s.Hosts {
			s.Hosts[i].Facts.Container, s.Hosts[i].Facts.ProductUUID = "systemd-nspawn", "4C4C4544"
		}
	}, nil},
	{"clones by MAC", func(s *Scene) { s.Hosts[2].Facts.Interfaces[2].MAC = s.Hosts[1].Facts.Interfaces[2].MAC },
		[]string{"fail UniqueMAC w1,w2: w1 and w2 have the MAC address 08:00:27:00:00:02"}},

	{"two entries that lead to one machine", func(s *Scene) {
		s.Hosts[2].Facts.MachineID, s.Hosts[1].Facts.BootID = s.Hosts[1].Facts.MachineID, "b00t"
		s.Hosts[2].Facts.BootID = "b00t"
	}, []string{"fail UniqueMachineID w1,w2: w1 and w2 have the machine-id 22222222222222222222222222222222 and were " +
		"booted at the same moment: they are one machine, reached in several ways"}},
	{"machine-ids of an image", func(s *Scene) {
		s.Hosts[1].Facts.MachineID, s.Hosts[2].Facts.MachineID = "uninitialized", "uninitialized"
	}, []string{
		"warn UniqueMachineID w1: /etc/machine-id is missing or empty",
		"warn UniqueMachineID w2: /etc/machine-id is missing or empty",
	}},
	{"a UUID that the firmware's maker did not set", func(s *Scene) {
		for i := range s.Hosts {
			s.Hosts[i].Facts.ProductUUID = "03000200-0400-0500-0006-000700080009"
		}
	}, nil},
	{"UUIDs of nothing", func(s *Scene) {
		s.Hosts[0].Facts.ProductUUID, s.Hosts[1].Facts.ProductUUID = "Not Settable", "Not Settable"
	}, nil},
	{"UUIDs of one digit", func(s *Scene) {
		s.Hosts[0].Facts.ProductUUID = "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"
		s.Hosts[1].Facts.ProductUUID = "ffffffff-ffff-ffff-ffff-ffffffffffff"
	}, nil},
	{"clones by SSH host key", func(s *Scene) { s.HostKeys["w2"] = []string{"SHA256:9", "SHA256:2"} },
		[]string{"warn UniqueHostKey w1,w2: w1 and w2 have the SSH host key SHA256:2"}},

	{"address on no interface", func(s *Scene) { s.Hosts[1].Facts.Interfaces = s.Hosts[1].Facts.Interfaces[:2] },
		[]string{"fail AddressOnHost w1: 192.168.56.21 is on no interface; the host has 10.0.2.15 (eth0)"}},
	{"interface down", func(s *Scene) { s.Hosts[1].Facts.Interfaces[2].Up = false },
		[]string{"fail AddressOnHost w1: 192.168.56.21 is on eth1, which is down"}},
	{"no address at all", func(s *Scene) { s.Hosts[1].Facts.Interfaces = nil },
		[]string{"fail AddressOnHost w1: 192.168.56.21 is on no interface; the host has no address"}},
	{"an address twice", func(s *Scene) {
		i := &s.Hosts[2].Facts.Interfaces[2]
		i.Addresses = append(i.Addresses, netip.MustParsePrefix("192.168.56.21/32"))
	}, []string{"fail UniqueIP w1: 192.168.56.21, the address of w1, is on eth1 of w2"}},
	{"no default route", func(s *Scene) { s.Hosts[0].Facts.DefaultRouteInterface = "" },
		[]string{"fail DefaultRoute cp1: the host has no default route"}},
	{"a VPN in the services", func(s *Scene) {
		s.Hosts[1].Facts.Interfaces = append(s.Hosts[1].Facts.Interfaces,
			host.Interface{Name: "tun0", Up: true, Addresses: []netip.Prefix{netip.MustParsePrefix("10.96.14.2/16")}})
	}, []string{"fail CIDROverlap w1: network.services 10.96.0.0/12 overlaps 10.96.0.0/16 of tun0"}},
	{"the cluster's own interfaces", func(s *Scene) {
		made(&s.Hosts[1], "flanneld.service")
		s.Hosts[1].Survey.Taken = 4
		s.Hosts[1].Facts.Interfaces = append(s.Hosts[1].Facts.Interfaces,
			host.Interface{Name: "cni0", Up: true, Addresses: []netip.Prefix{netip.MustParsePrefix("10.244.1.1/24")}},
			host.Interface{
				Name: "flannel.1", Up: true, Addresses: []netip.Prefix{netip.MustParsePrefix("10.244.1.0/32")},
			})
	}, nil},
	{"a bridge and addresses of an earlier installer", func(s *Scene) {
		s.Hosts[1].Facts.Interfaces = append(s.Hosts[1].Facts.Interfaces,
			host.Interface{Name: "cni0", Up: true, Addresses: []netip.Prefix{netip.MustParsePrefix("10.244.9.1/24")}})
		s.Hosts[1].Survey.Taken = 253
	}, []string{
		"warn PodNetwork w1: an earlier installer left the bridge cni0 with 10.244.9.1/24; `up` deletes it",
		"warn PodNetwork w1: /var/lib/cni/networks/cbr0 holds 253 addresses for containers of an earlier installer; " +
			"`up` frees those that it needs",
	}},
	{"a bridge of another program", func(s *Scene) {
		s.Hosts[1].Facts.Interfaces = append(s.Hosts[1].Facts.Interfaces,
			host.Interface{Name: "cni0", Up: true, Addresses: []netip.Prefix{netip.MustParsePrefix("10.88.0.1/16")}})
		s.Hosts[1].Survey.Bridges = map[string][]string{"cni0": {"veth1", "veth2"}}
	}, []string{
		"fail PodNetwork w1: the bridge cni0 has 10.88.0.1/16 and carries veth1, veth2, of containers of another " +
			"program",
	}},
	{"a resolver on loopback", func(s *Scene) {
		s.Hosts[0].Facts.Resolv, s.Hosts[0].Survey.NameServers = "", []string{"127.0.0.1"}
	}, []string{"fail DNS cp1: /etc/resolv.conf names only 127.0.0.1, which in a pod is the pod itself" + w1Forwards}},
	{"no resolver", func(s *Scene) { s.Hosts[0].Facts.Resolv, s.Hosts[0].Survey.NameServers = "", nil },
		[]string{"fail DNS cp1: /etc/resolv.conf names no DNS server" + w1Forwards}},
	{"no DNS server on any host", func(s *Scene) {
		for i := range s.Hosts {
			s.Hosts[i].Facts.Resolv, s.Hosts[i].Survey.NameServers = "", nil
		}
	}, []string{"warn DNS cp1: /etc/resolv.conf names no DNS server",
		"warn DNS w1: /etc/resolv.conf names no DNS server", "warn DNS w2: /etc/resolv.conf names no DNS server"}},

	{"a clock 90 s ahead", func(s *Scene) {
		s.Hosts[2].Clock = node.Clock{Offset: 90 * time.Second, Error: 3 * time.Millisecond}
	}, []string{"fail ClockSkew w2: 1m30s ahead of the median, the kernel says that nothing synchronizes it"}},
	{"a clock 5 s behind", func(s *Scene) { s.Hosts[2].Clock.Offset = -5 * time.Second },
		[]string{"warn ClockSkew w2: 5.0 s behind the median, synchronized"}},
	{"a clock over a slow line", func(s *Scene) {
		s.Hosts[2].Clock = node.Clock{Offset: 3 * time.Second, Error: 2 * time.Second, Synchronized: true}
	}, nil},
	{"the control machine's clock", func(s *Scene) {
		for i := range s.Hosts {
			s.Hosts[i].Clock.Offset = 40 * time.Second
		}
	}, []string{"fail ClockSkew control machine: 40.0 s behind the median"}},

	{"a blocked UDP port", func(s *Scene) {
		p := s.path("w1", "cp1", "udp", 8472)
		p.Fault, p.Arrived = "nothing arrived", 0
	}, []string{"fail PeerPort cp1,w1: w1 -> cp1 udp/8472: nothing arrived"}},
	{"a blocked TCP port of both workers", func(s *Scene) {
		for _, worker := range []string{"w1", "w2"} {
			s.path(worker, "cp1", "tcp", 6443).Fault = "no answer within 2s"
		}
	}, []string{"fail PeerPort cp1,w1,w2: w1, w2 -> cp1 tcp/6443: no answer within 2s"}},
	{"firewalld that up turns off", func(s *Scene) {
		firewall(&s.Hosts[0])
		for i := range s.Mesh {
			if s.Mesh[i].To == "cp1" {
				s.Mesh[i].Fault, s.Mesh[i].Arrived = "rejected (no route to host)", 0
			}
		}
	}, nil},
	{"firewalld that stays", func(s *Scene) {
		s.Cluster.Firewall = "leave"
		firewall(&s.Hosts[0])
		s.path("w1", "cp1", "tcp", 6443).Fault = "rejected (no route to host)"
	}, []string{"fail PeerPort cp1,w1: w1 -> cp1 tcp/6443: rejected (no route to host)",
		"warn Firewalld cp1: firewalld runs, because the inventory says firewall: leave"}},
	{"ufw that up turns off", func(s *Scene) {
		s.Hosts[0].Facts.UFW = true
		s.Hosts[0].Survey.Surroundings.Chains = ufwChains()
		s.path("w1", "cp1", "tcp", 6443).Fault = "no answer within 2s"
	}, nil},
	{"ufw that stays", func(s *Scene) {
		s.Cluster.Firewall = "leave"
		s.Hosts[0].Facts.UFW = true
		s.Hosts[0].Survey.Surroundings.Chains = ufwChains()[:1]
		s.path("w1", "cp1", "tcp", 6443).Fault = "no answer within 2s"
	}, []string{"fail PeerPort cp1,w1: w1 -> cp1 tcp/6443: no answer within 2s",
		"warn Firewalld cp1: ufw runs, because the inventory says firewall: leave",
		"warn PacketFilter cp1: the chain INPUT of the table ip filter drops, by its policy, what no rule of it " +
			"accepts of what is sent to this host"}},
	{"ufw next to a firewall of the tool", func(s *Scene) {
		s.Cluster.Firewall = inventory.FirewallConfigure
		s.Hosts[0].Facts.UFW = true
		s.Hosts[0].Survey.Surroundings.Chains = ufwChains()
	}, []string{"fail Firewall cp1: ufw runs, and drops what a table of nftables or firewalld lets in"}},
	{"chains as those of ufw, without ufw", func(s *Scene) {
		s.Hosts[0].Survey.Surroundings.Chains = ufwChains()[:1]
	}, []string{"warn PacketFilter cp1: the chain INPUT of the table ip filter drops, by its policy, what no rule of " +
		"it accepts of what is sent to this host"}},
	{"cloud-init at work, and one that owns /etc/hosts", func(s *Scene) {
		s.Cluster.AddOns.Registry.Enabled = true
		s.Hosts[0].Survey.CloudInit = host.CloudInit{Runs: true}
		s.Hosts[1].Survey.CloudInit = host.CloudInit{OwnsHosts: true}
	}, []string{"warn CloudInit cp1: cloud-init has not ended: it may rename the host, replace its SSH keys, install " +
		"packages or restart the host",
		"warn CloudInit w1: cloud-init writes /etc/hosts at each boot, without the line of the cluster's registry"}},
	{"cloud-init that owns /etc/hosts, without a registry", func(s *Scene) {
		s.Hosts[1].Survey.CloudInit = host.CloudInit{OwnsHosts: true}
	}, nil},
	{"AppArmor without what loads profiles", func(s *Scene) {
		s.Hosts[0].Survey.AppArmor = host.AppArmor{On: true, HasParser: true}
		s.Hosts[1].Survey.AppArmor = host.AppArmor{On: true}
		s.Hosts[2].Survey.AppArmor = host.AppArmor{HasParser: true}
	}, []string{"warn AppArmor w1: AppArmor is on and /sbin/apparmor_parser is missing: containers run without a " +
		"profile, and pods that ask for one do not start"}},
	{"SELinux that stays", func(s *Scene) {
		s.Cluster.SELinux = inventory.SELinuxLeave
		s.Hosts[1].Facts.SELinux, s.Hosts[2].Facts.SELinux = "enforcing", "permissive"
	}, []string{"warn SELinux w1: SELinux enforces its policy, because the inventory says selinux: leave"}},
	{"SELinux that up changes", func(s *Scene) { s.Hosts[1].Facts.SELinux = "enforcing" }, nil},
	{"a kernel without wireguard", func(s *Scene) {
		s.Cluster.Network.Flannel.Backend = inventory.WireGuard
		s.Hosts[0].Survey.Modules[3] = host.ModuleState{Name: "wireguard", State: host.ModuleMissing}
		s.Hosts[1].Survey.Modules[3] = host.ModuleState{Name: "wireguard", State: host.ModuleUnknown}
		s.Hosts[2].Survey.Modules[3] = host.ModuleState{Name: "wireguard", State: host.ModuleAvailable}
	}, []string{"fail KernelModules cp1: the kernel 6.1.0-18-amd64 has no module wireguard",
		"fail KernelModules w1: the kernel 6.1.0-18-amd64 shows no sign of wireguard; Linux may have it since 5.6"}},
	{"a kernel without NFS", func(s *Scene) {
		s.Cluster.AddOns.NFS.Enabled = true
		for i, state := range []string{host.ModuleMissing, host.ModuleUnknown, host.ModuleAvailable} {
			modules := &s.Hosts[i].Survey.Modules
			*modules = append(slices.Clone(*modules), host.ModuleState{Name: "nfs", State: state})
		}
	}, []string{"fail KernelModules cp1: the kernel 6.1.0-18-amd64 has no module nfs",
		"fail KernelModules w1: the kernel 6.1.0-18-amd64 shows no sign of a client of NFS, which addons.nfs needs"}},
	{"a firewall that up opens", func(s *Scene) {
		s.Cluster.Firewall = inventory.FirewallConfigure
		firewall(&s.Hosts[0])
		s.Hosts[0].Facts.Firewalld, s.Hosts[0].Rewalled = "1.3.3", true
		s.path("w1", "cp1", "tcp", 6443).Fault = "rejected (no route to host)"
	}, nil},
	{"a firewall that is open already", func(s *Scene) {
		s.Cluster.Firewall = inventory.FirewallConfigure
		firewall(&s.Hosts[0])
		s.Hosts[0].Facts.Firewalld = "1.3.3"
		s.path("w1", "cp1", "tcp", 6443).Fault = "rejected (no route to host)"
	}, []string{"fail PeerPort cp1,w1: w1 -> cp1 tcp/6443: rejected (no route to host)"}},
	{"firewalld that has no policies, or does not answer", func(s *Scene) {
		s.Cluster.Firewall = inventory.FirewallConfigure
		firewall(&s.Hosts[0])
		firewall(&s.Hosts[1])
		s.Hosts[0].Facts.Firewalld = "0.6.3"
	}, []string{"fail Firewall cp1: firewalld 0.6.3 is older than 0.9, the first that has policies",
		"fail Firewall w1: firewalld runs, and does not answer on the bus of the system"}},
	{"chains of the tool's own firewall", func(s *Scene) {
		s.Cluster.Firewall = inventory.FirewallConfigure
		s.Hosts[0].Survey.Surroundings.Chains = []surroundings.BaseChain{
			{Table: "inet kbootstrap", Name: "input", Hook: surroundings.HookInput, By: surroundings.DropsByPolicy},
			{Table: "inet firewalld", Name: "filter_FORWARD", Hook: surroundings.HookForward,
				By: surroundings.DropsByRule}}
	}, nil},
	{"a black hole for large packets, from two sides", func(s *Scene) {
		s.path("w1", "cp1", "udp", 8472).narrow(1400, 1500)
		s.path("w2", "cp1", "udp", 8472).narrow(1400, 1500)
	}, []string{"fail MTU cp1,w1,w2: w1, w2 -> cp1: packets of 1400 bytes arrive, of 1500 bytes do not, and the " +
		"sender is not told"}},
	{"a path that carries less and says so", func(s *Scene) { s.path("w1", "cp1", "udp", 8472).narrow(1400, 1400) },
		[]string{"warn MTU cp1,w1: w1 -> cp1: packets of 1400 bytes arrive, of 1500 bytes do not; the sender " +
			"knows it, and flannel does not"}},
	{"flannel knows of the path, but not enough", func(s *Scene) {
		s.Cluster.Network.Flannel.MTU = 1450
		s.path("w1", "cp1", "udp", 8472).narrow(1400, 1400)
	}, []string{"warn MTU cp1,w1: w1 -> cp1: packets of 1400 bytes arrive, of 1500 bytes do not, and " +
		"network.flannel.mtu is 1450"}},
	{"flannel knows of the path", func(s *Scene) {
		s.Cluster.Network.Flannel.MTU = 1400
		s.path("w1", "cp1", "udp", 8472).narrow(1400, 1400)
	}, nil},
	{"flannel knows of the path, and the hosts do not", func(s *Scene) {
		s.Cluster.Network.Flannel.MTU = 1400
		s.path("w1", "cp1", "udp", 8472).narrow(1400, 1450)
	}, []string{"fail MTU cp1,w1: w1 -> cp1: packets of 1400 bytes arrive, of 1500 bytes do not, and the sender " +
		"is not told"}},
	{"host-gw behind a router", func(s *Scene) {
		s.Cluster.Network.Flannel.Backend = "host-gw"
		s.Cluster.Hosts[2].Address = netip.MustParseAddr("192.168.57.22")
		s.Hosts[2].Address = s.Cluster.Hosts[2].Address
		s.Hosts[2].Facts.Interfaces[2].Addresses[0] = netip.MustParsePrefix("192.168.57.22/24")
	}, []string{
		"fail HostGateway cp1: 192.168.57.22 of w2 is not in 192.168.56.0/24: w2 is behind a router",
		"fail HostGateway w1: 192.168.57.22 of w2 is not in 192.168.56.0/24: w2 is behind a router",
		"fail HostGateway w2: 192.168.56.11 of cp1 is not in 192.168.57.0/24: cp1 is behind a router"}},

	{
		"one CPU", func(s *Scene) { s.Hosts[0].Facts.CPUs, s.Hosts[1].Facts.CPUs = 1, 1 },
		[]string{"fail NumCPU cp1: 1 CPU"},
	},
	{"little memory", func(s *Scene) { s.Hosts[0].Facts.MemoryBytes, s.Hosts[1].Facts.MemoryBytes = 1<<30, 512<<20 },
		[]string{"fail Mem cp1: 1024 MiB; a control plane needs 1700", "warn Mem w1: 512 MiB; a host needs 700"}},
	{"a full disk", func(s *Scene) {
		for i := range s.Hosts[1].Survey.FileSystems {
			s.Hosts[1].Survey.FileSystems[i].FreeBytes = 500e6
		}
	}, []string{"fail DiskSpace w1: /opt/kbootstrap, /var/lib/containerd: 500 MB are free, but the plan needs 759 MB"}},
	{"a full disk next to an empty one", func(s *Scene) {
		for i := range s.Hosts[1].Survey.FileSystems {
			if fs := &s.Hosts[1].Survey.FileSystems[i]; fs.Path == "/var/lib/containerd" {
				fs.Device, fs.FreeBytes = 2, 100e6
			}
		}
	}, []string{"fail DiskSpace w1: /var/lib/containerd: 100 MB are free, but the plan needs 297 MB"}},
	{"a disk at the eviction threshold", func(s *Scene) {
		for i := range s.Hosts[1].Survey.FileSystems {
			s.Hosts[1].Survey.FileSystems[i].FreeBytes = 5 << 30
		}
	}, []string{
		"warn DiskSpace w1: /var/lib/containerd: 5.4 GB of 42.9 GB are free; the kubelet evicts pods below 15 %",
	}},
	{"a disk at an eviction threshold that the inventory lowers", func(s *Scene) {
		s.Cluster.Arguments = map[string]map[string]string{"kubelet": {"eviction-hard": "nodefs.available<1Gi"}}
		for i := range s.Hosts[1].Survey.FileSystems {
			s.Hosts[1].Survey.FileSystems[i].FreeBytes = 5 << 30
		}
	}, nil},
	{"no inodes", func(s *Scene) {
		for i := range s.Hosts[1].Survey.FileSystems {
			s.Hosts[1].Survey.FileSystems[i].FreeInodes = 2000
		}
	}, []string{"fail Inodes w1: /opt/kbootstrap, /var/lib/containerd: 2000 inodes are free, but the plan needs 5444"}},
	{"a file system without a limit of inodes", func(s *Scene) {
		for i := range s.Hosts[1].Survey.FileSystems {
			s.Hosts[1].Survey.FileSystems[i].Inodes, s.Hosts[1].Survey.FileSystems[i].FreeInodes = 0, 0
		}
	}, nil},
	{"noexec and read-only", func(s *Scene) {
		for i := range s.Hosts[1].Survey.FileSystems {
			switch fs := &s.Hosts[1].Survey.FileSystems[i]; fs.Path {
			case "/opt/kbootstrap", "/var/log":
				fs.NoExec = true
			case "/usr/local/bin":
				fs.ReadOnly = true
			}
		}
	}, []string{"fail MountOptions w1: /opt/kbootstrap is on a file system mounted noexec",
		"fail MountOptions w1: /usr/local/bin is on a read-only file system"}},
	{"a slow disk", func(s *Scene) { s.Hosts[0].Fsync.P99 = 25 * time.Millisecond },
		[]string{"warn DiskFsync cp1: 99 of 100 writes within 25.0 ms, half within 900 µs, of 60"}},

	{"CentOS 7", func(s *Scene) {
		h := &s.Hosts[1]
		h.Facts.Kernel, h.Facts.Cgroup, h.Facts.Glibc, h.Facts.IPTables = "3.10.0-1160.el7.x86_64", 1, "2.17", "1.4.21"
		h.Facts.Systemd = 219
	}, []string{
		"fail SystemLimits w1: kernel 3.10.0-1160.el7.x86_64 is older than 4.15: from 1.35 Kubernetes supports " +
			"cgroup v2 only, and runc wants 4.15 for that",
		"warn SystemLimits w1: kernel 3.10.0-1160.el7.x86_64 is older than 4.19: the oldest that " +
			"Kubernetes is tested with",
		"warn CgroupVersion w1: version 1, which Kubernetes is about to drop; up makes the kubelet accept it " +
			"(failCgroupV1: false)",
	}},
	{"no systemd, an ancient kernel, no memory controller", func(s *Scene) {
		s.Hosts[1].Facts.Systemd, s.Hosts[1].Facts.Kernel = 0, "2.6.32-754.el6"
		s.Hosts[1].Survey.Controllers = []string{"cpu", "pids"}
	}, []string{
		"fail SystemVerification w1: the host does not run systemd",
		"fail SystemVerification w1: the kernel's cgroup controller memory is off",
		"fail SystemLimits w1: kernel 2.6.32-754.el6 is older than 3.10: runc names no older one",
	}},
	{"CentOS 7 with Kubernetes 1.34", func(s *Scene) {
		h := &s.Hosts[1]
		s.Minor, h.Facts.Kernel, h.Facts.Cgroup, h.Facts.Systemd = 34, "3.10.0-1160.el7.x86_64", 1, 219
	}, []string{
		"warn SystemLimits w1: kernel 3.10.0-1160.el7.x86_64 is older than 4.19: the oldest that " +
			"Kubernetes is tested with",
	}},
	{"CentOS 7.0 with Kubernetes 1.34", func(s *Scene) {
		h := &s.Hosts[1]
		s.Minor, h.Facts.Kernel, h.Facts.Cgroup, h.Facts.Systemd = 34, "3.10.0-123.el7.x86_64", 1, 208
	}, []string{
		"fail SystemLimits w1: systemd 208 is older than 219: units of services have no directive that 219 does not " +
			"know; 208 of Enterprise Linux 7.0 is older",
		"fail SystemLimits w1: kernel 3.10.0-123.el7.x86_64 is older than 4.0, or 3.10.0-693 of " +
			"Enterprise Linux 7.4: " +
			"images are overlays of several directories, which older kernels do not have",
		"warn SystemLimits w1: kernel 3.10.0-123.el7.x86_64 is older than 4.19: the oldest that " +
			"Kubernetes is tested with",
	}},
	{"cgroup version 2 on kernels of Enterprise Linux 8 and older", func(s *Scene) {
		s.Hosts[0].Facts.Kernel, s.Hosts[0].Facts.Systemd = "4.18.0-553.el8.x86_64", 239
		s.Hosts[1].Facts.Kernel, s.Hosts[1].Facts.Systemd = "4.14.0", 244
		s.Hosts[2].Facts.Kernel, s.Hosts[2].Facts.Systemd = "4.19.0-27-amd64", 241
	}, []string{
		"warn SystemLimits cp1: kernel 4.18.0-553.el8.x86_64 is older than 4.19: the oldest that " +
			"Kubernetes is tested with",
		"warn SystemLimits cp1: systemd 239 is older than 244: older ones do not hand the controller cpuset on",
		"fail SystemLimits w1: kernel 4.14.0 is older than 4.15: older ones cannot keep containers from " +
			"the host's devices",
		"warn SystemLimits w1: kernel 4.14.0 is older than 4.19: the oldest that Kubernetes is tested with",
		"warn SystemLimits w2: kernel 4.19.0-27-amd64 is older than 5.2: older ones cannot freeze the " +
			"processes of a container",
		"warn SystemLimits w2: systemd 241 is older than 244: older ones do not hand the controller cpuset on",
	}},
	{"cgroup version 1 with Kubernetes 1.34", func(s *Scene) { s.Minor, s.Hosts[1].Facts.Cgroup = 34, 1 }, nil},
	{"no cgroups", func(s *Scene) { s.Hosts[1].Facts.Cgroup = 0 },
		[]string{"fail CgroupVersion w1: no cgroups are mounted at /sys/fs/cgroup"}},
	{"swap", func(s *Scene) { s.Hosts[1].Facts.Swap = true }, nil},
	{"a containerd of glibc 2.35", func(s *Scene) {
		s.Hosts[1].Facts.Glibc, s.Hosts[1].Glibc = "2.28", map[string]string{"containerd": "2.35", "runc": "2.17"}
	}, []string{"fail Glibc w1: containerd needs glibc 2.35; the host has 2.28"}},
	{"musl", func(s *Scene) { s.Hosts[1].Facts.Glibc, s.Hosts[1].Glibc = "", map[string]string{"containerd": "2.35"} },
		[]string{"fail Glibc w1: containerd needs glibc 2.35; the host has none"}},
	{
		"iptables that up installs",
		func(s *Scene) { s.Hosts[1].Facts.IPTables, s.Hosts[1].Packages = "", []string{"iptables"} }, nil,
	},
	{"an iptables that says nothing", func(s *Scene) { s.Hosts[1].Facts.IPTables = "" },
		[]string{"fail Iptables w1: iptables does not report its version"}},
	{"an old iptables", func(s *Scene) { s.Hosts[1].Facts.IPTables = "1.4.7" },
		[]string{"fail Iptables w1: 1.4.7 is older than 1.4.20, the first that waits for others (-w)"}},
	{"the iptables of RHEL 8.0", func(s *Scene) { s.Hosts[1].Facts.IPTables = "1.8.2 (nf_tables)" },
		[]string{"warn Iptables w1: 1.8.2 (nf_tables) loses rules of kube-proxy"}},
	{"a kernel without vxlan", func(s *Scene) { s.Hosts[1].Survey.Modules[3].State = host.ModuleMissing },
		[]string{"fail KernelModules w1: the kernel 6.1.0-18-amd64 has no module vxlan"}},
	{"a kernel that does not tell", func(s *Scene) {
		for i := range s.Hosts[1].Survey.Modules {
			s.Hosts[1].Survey.Modules[i].State = host.ModuleUnknown
		}
	}, []string{"warn KernelModules w1: the kernel shows no sign of overlay, and the host has no list of its modules",
		"warn KernelModules w1: the kernel shows no sign of br_netfilter, and the host has no list of its modules"}},
	{"no modprobe", func(s *Scene) { delete(s.Hosts[1].Facts.Programs, "modprobe") },
		[]string{"fail FileExisting-modprobe w1: the host has no program modprobe"}},
	{"no modprobe, and no need of it", func(s *Scene) {
		delete(s.Hosts[1].Facts.Programs, "modprobe")
		for i := range s.Hosts[1].Survey.Modules {
			s.Hosts[1].Survey.Modules[i].State = host.ModulePresent
		}
	}, nil},
	{"no package manager", func(s *Scene) {
		s.Hosts[1].Facts.PackageManager, s.Hosts[1].Packages = "", []string{"haproxy"}
	}, []string{"fail PackageManager w1: haproxy must be installed, but the host has none of apt-get, dnf and yum"}},
	{"a locked package manager", func(s *Scene) {
		s.Hosts[1].Packages = []string{"haproxy"}
		s.Hosts[1].Survey.PackageLock = &host.Lock{
			Path: "/var/lib/dpkg/lock-frontend", PID: 812, Program: "unattended-upgr",
		}
	}, []string{
		"warn PackageManager w1: haproxy must be installed, but unattended-upgr (pid 812) holds " +
			"/var/lib/dpkg/lock-frontend",
	}},
	{"a low limit in a container", func(s *Scene) {
		s.Hosts[1].Facts.ConntrackWritable, s.Hosts[1].Survey.Limits["net.netfilter.nf_conntrack_max"] = false, 65536
	}, []string{"warn ConntrackMax w1: 65536, and the limit cannot be raised from this host"}},
	{"few watches", func(s *Scene) { s.Hosts[1].Survey.Limits["fs.inotify.max_user_watches"] = 1024 },
		[]string{"warn InotifyLimits w1: fs.inotify.max_user_watches is 1024"}},

	{"a port in use", func(s *Scene) {
		s.Hosts[0].Survey.Ports = []host.Port{{
			Network: "tcp", Address: netip.IPv6Unspecified(), Number: 6443, PID: 812, Program: "haproxy",
			Path: "/usr/sbin/haproxy", Unit: "haproxy.service",
		}}
	}, []string{
		"fail Port-6443 cp1: tcp/6443, which kube-apiserver needs, is held by haproxy (pid 812, haproxy.service)",
	}},
	{"the ports of the ingress are in use", func(s *Scene) {
		s.Cluster.AddOns.Ingress = inventory.IngressAddOn{
			Enabled: true, Ports: inventory.HostPorts, HTTP: 80, HTTPS: 443,
		}
		for i := range s.Hosts { // on a control plane nothing takes requests
			s.Hosts[i].Survey.Ports = []host.Port{{
				Network: "tcp", Address: netip.IPv4Unspecified(), Number: 80, PID: 812, Program: "nginx",
				Unit: "nginx.service",
			}}
		}
	}, []string{
		"fail Port-80 w1: tcp/80, which ingress needs, is held by nginx (pid 812, nginx.service)",
		"fail Port-80 w2: tcp/80, which ingress needs, is held by nginx (pid 812, nginx.service)",
	}},
	{"a port in use elsewhere", func(s *Scene) {
		s.Hosts[0].Survey.Ports = []host.Port{{
			Network: "tcp", Address: netip.MustParseAddr("10.0.2.15"), Number: 2379, PID: 5, Program: "nc",
		}}
	}, nil},
	{"a VXLAN of another network", func(s *Scene) {
		s.Hosts[1].Survey.Ports = []host.Port{{Network: "udp", Address: netip.IPv4Unspecified(), Number: 8472}}
		s.Hosts[1].Survey.Tunnels = []string{"vxlan.calico"}
	}, []string{
		"fail Port-8472 w1: udp/8472, which flanneld needs, is held by the kernel (a tunnel of another network, or a " +
			"process in another container)",
	}},
	{"our own service is just ending", func(s *Scene) {
		made(&s.Hosts[0], "kube-controller-manager.service")
		s.Hosts[0].Survey.Ports = []host.Port{{
			Network: "tcp", Address: netip.MustParseAddr("127.0.0.1"), Number: 10257,
		}}
	}, nil},
	{"our own services", func(s *Scene) {
		h := &s.Hosts[0]
		made(h, "kube-apiserver.service")
		made(h, "etcd.service")
		h.Facts.EtcdBootstrapped, h.Survey.Etcd.Entries = "kbootstrap-demo", []string{"member"}
		h.Survey.Authority = &host.Authority{Path: "/etc/kubernetes/pki/ca.crt", Key: s.CA.Key}
		h.Survey.Tunnels = []string{"flannel.1"}
		h.Survey.Ports = []host.Port{
			{
				Network: "tcp", Address: netip.IPv6Unspecified(), Number: 6443, PID: 9, Program: "kube-apiserver",
				Unit: "kube-apiserver.service",
			},
			{
				Network: "tcp", Address: netip.MustParseAddr("127.0.0.1"), Number: 2379, PID: 8, Program: "etcd",
				Path: "/opt/kbootstrap/etcd-3.6.8/etcd",
			},
			{Network: "udp", Address: netip.IPv4Unspecified(), Number: 8472},
		}
	}, nil},
	{"docker of the distribution", func(s *Scene) {
		s.Hosts[1].Survey.Units = []host.Unit{{
			Name: "docker.service", Active: true, PID: 611, Path: "/lib/systemd/system/docker.service",
		}}
	}, []string{"warn ContainerRuntime w1: docker.service runs (pid 611) from /lib/systemd/system/docker.service"}},
	{"k3s", func(s *Scene) {
		s.Hosts[1].Survey.Units = []host.Unit{{
			Name: "k3s.service", Active: true, PID: 990, Path: "/etc/systemd/system/k3s.service",
		}}
	}, []string{
		"fail ForeignCluster w1: k3s is on this host: k3s.service runs (pid 990) from " +
			"/etc/systemd/system/k3s.service",
	}},
	{"kubeadm's static pods", func(s *Scene) {
		s.Hosts[0].Survey.Traces = []string{"/etc/kubernetes/manifests/kube-apiserver.yaml"}
	}, []string{"fail ForeignCluster cp1: kubeadm is on this host: /etc/kubernetes/manifests/kube-apiserver.yaml"}},
	{"another authority", func(s *Scene) {
		s.Hosts[1].Survey.Authority = &host.Authority{
			Path: "/etc/kubernetes/pki/ca.crt", Subject: "CN=kubernetes", Key: strings.Repeat("ab", 32),
		}
	}, []string{
		"fail ForeignCluster w1: /etc/kubernetes/pki/ca.crt (CN=kubernetes, key abababababab…) is not the authority " +
			"of this inventory (key cacacacacaca…)",
	}},
	{"a member of another cluster", func(s *Scene) {
		h := &s.Hosts[0]
		h.Facts.EtcdBootstrapped = "kbootstrap-prod"
		h.Survey.Etcd = host.EtcdData{
			Entries: []string{"member"}, ClusterID: "7a3c01", MemberID: "8e9e05",
			Modified: time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC),
		}
	}, []string{
		"fail ForeignCluster cp1: /etc/etcd/bootstrapped says that this host is a member of prod (etcd cluster " +
			"7a3c01, member 8e9e05, last written 2026-11-01 08:00:00)",
	}},
	{"stale data", func(s *Scene) {
		s.Hosts[0].Survey.Etcd = host.EtcdData{
			Entries: []string{"lost+found", "member"}, ClusterID: "7a3c01", MemberID: "8e9e05",
			Modified: time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC),
		}
	}, []string{
		"fail StaleEtcdData cp1: /var/lib/etcd holds member (etcd cluster 7a3c01, member 8e9e05, last written " +
			"2025-01-02 03:04:05), and no mark says that this data belongs to cluster demo",
	}},
	{"a disk of its own for etcd", func(s *Scene) { s.Hosts[0].Survey.Etcd.Entries = []string{"lost+found"} }, nil},
	{"a first start that was cut off", func(s *Scene) {
		made(&s.Hosts[0], "etcd.service")
		s.Hosts[0].Survey.Etcd = host.EtcdData{Entries: []string{"member"}, ClusterID: "7a3c01"}
	}, nil},
	{"data of two clusters", func(s *Scene) {
		s.Cluster.Hosts[1].Roles = append(s.Cluster.Hosts[1].Roles, "etcd")
		s.Hosts[1].Roles = s.Cluster.Hosts[1].Roles
		for i, id := range []string{"7a3c01", "99ff02"} {
			s.Hosts[i].Facts.EtcdBootstrapped = "kbootstrap-demo"
			s.Hosts[i].Survey.Etcd = host.EtcdData{Entries: []string{"member"}, ClusterID: id}
		}
	}, []string{
		"fail ForeignCluster cp1,w1: the hosts have data of several etcd clusters: cp1 of cluster 7a3c01; w1 of " +
			"cluster 99ff02",
	}},

	{"another command", func(s *Scene) {
		s.Hosts[1].Survey.Surroundings.Settings = []surroundings.Setting{
			{Of: "kubelet.service", Path: "/etc/x.conf", Line: 3, Group: "Service", Name: "ExecStart"},
		}
	}, []string{"fail ForeignSetting w1: /etc/x.conf:3 sets ExecStart, which changes what kubelet.service does"}},
	{"a library in every program", func(s *Scene) { s.Hosts[1].Survey.Surroundings.Preload = []string{"/x.so"} },
		[]string{"warn ServiceEnvironment w1: /etc/ld.so.preload has every program of the host load /x.so"}},
	{"a proxy in the cluster", func(s *Scene) {
		s.Hosts[1].Survey.Surroundings.Settings = []surroundings.Setting{
			{Of: "kubelet.service", Path: "/etc/x.conf", Line: 3, Group: surroundings.GroupEnvironment,
				Name: "HTTPS_PROXY"},
		}
	}, []string{"warn ServiceEnvironment w1: /etc/x.conf:3 has kubelet.service go through a proxy to 10.96.0.1, " +
		"which no " +
		"NO_PROXY of the unit names"}},
	{"otherwise after a boot", func(s *Scene) {
		s.Hosts[1].Survey.Surroundings.Settings = []surroundings.Setting{
			{Of: surroundings.SettingSysctl, Path: "/etc/sysctl.d/10.conf", Line: 1, Name: "net.ipv4.ip_forward",
				Value: "0"},
			{Of: surroundings.SettingSysctl, Path: "/etc/sysctl.conf", Line: 2, Name: "net.ipv4.ip_forward",
				Value: "0"},
			{Of: surroundings.SettingSysctl, Path: "/etc/z.conf", Line: 3, Name: "net.ipv4.ip_forward",
				Value: "0", Late: true},
			{Of: surroundings.SettingModule, Path: "/etc/m.conf", Line: 4, Group: "blacklist", Name: "overlay"},
			{Of: surroundings.SettingModule, Path: "/etc/m.conf", Line: 5, Group: "install", Name: "vxlan"},
			{Of: "systemd-sysctl.service", Path: "/run/x", Group: surroundings.GroupFile, Name: surroundings.NameMask},
		}
	}, []string{
		"warn BootSettings w1: /etc/sysctl.conf:2 sets net.ipv4.ip_forward = 0, which counts again after `sysctl " +
			"--system`",
		"fail BootSettings w1: /etc/z.conf:3 sets net.ipv4.ip_forward = 0, and comes after the tool's own file at " +
			"each boot",
		"fail BootSettings w1: /etc/m.conf:4 keeps the module overlay from being loaded at boot",
		"fail BootSettings w1: /etc/m.conf:5 runs another program in place of loading the module vxlan",
		"fail BootSettings w1: /run/x masks systemd-sysctl.service, which has to set at boot what the cluster needs",
	}},
	{"rules of a firewalld that was killed", func(s *Scene) {
		s.Hosts[1].Survey.Units = append(s.Hosts[1].Survey.Units, host.Unit{Name: firewalld, State: "failed"})
		for _, hook := range []string{surroundings.HookInput, surroundings.HookForward} {
			found := &s.Hosts[1].Survey.Surroundings
			found.Chains = append(found.Chains, surroundings.BaseChain{
				Table: "inet firewalld", Name: "filter_" + hook, Hook: hook, By: surroundings.DropsByRule})
		}
	}, []string{"fail PacketFilter w1: the table inet firewalld drops what its owner did not let in, and firewalld " +
		"does not run: it was killed, and has left its rules behind"}},
	{"chains that drop", func(s *Scene) {
		s.Hosts[1].Survey.Surroundings.Chains = []surroundings.BaseChain{
			{Table: "inet a", Name: "x", Hook: surroundings.HookForward, By: surroundings.DropsByPolicy, All: true},
			{Table: "inet b", Name: "x", Hook: surroundings.HookForward, By: surroundings.DropsByRule},
			{Table: "inet c", Name: "x", Hook: surroundings.HookInput, By: surroundings.DropsByPolicy, All: true},
			{Table: "inet d", Name: "x", Hook: surroundings.HookInput, By: surroundings.DropsByPolicy},
			{Table: "inet firewalld", Name: "filter_FORWARD", Hook: surroundings.HookForward,
				By: surroundings.DropsByRule},
		}
	}, []string{
		"fail PacketFilter w1: the chain x of the table inet a drops, by its policy, every packet of a pod that " +
			"leaves its " +
			"host, or comes from another",
		"warn PacketFilter w1: the chain x of the table inet b drops, by its rule, what no rule of it accepts of " +
			"what pods " +
			"send and receive",
		"fail PacketFilter w1: the chain x of the table inet c drops, by its policy, every packet to this host",
		"warn PacketFilter w1: the chain x of the table inet d drops, by its policy, what no rule of it accepts of " +
			"what is " +
			"sent to this host",
	}},
}
