package preflight

import (
	"kbootstrap/fault"
	"kbootstrap/provision/component"
)

// Checks is the table of contents: every check, in the order in which findings are shown.
func Checks() []Check {
	return []Check{
		{ID: "IsPrivilegedUser", Worst: Fail, Code: fault.PreflightSystem, judge: each(privileged),
			What: "the tool is root on the host",
			Hint: "log in as root, or set ssh.sudo for a user who may become root"},

		// Who the hosts are.
		{ID: "Hostname", Worst: Warn, Code: fault.PreflightIdentity, judge: each(hostname),
			What: "the host has the name that the inventory gives it",
			Hint: "hostnamectl set-hostname NAME; the node gets the name of the inventory in any case"},
		{ID: "UniqueHostname", Worst: Fail, Code: fault.PreflightIdentity, judge: uniqueHostname,
			What: "no two hosts have the same hostname",
			Hint: "give each host a name of its own: hostnamectl set-hostname NAME"},
		{ID: "UniqueMachineID", Worst: Fail, Code: fault.PreflightIdentity, judge: uniqueMachineID,
			What: "no two hosts have the same /etc/machine-id",
			Hint: "on the clones: rm /etc/machine-id /var/lib/dbus/machine-id; systemd-machine-id-setup; then reboot"},
		{ID: "UniqueProductUUID", Worst: Fail, Code: fault.PreflightIdentity, judge: uniqueProductUUID,
			What: "no two machines have the same product_uuid; containers have none of their own",
			Hint: "give the clones new UUIDs in the hypervisor (VBoxManage internalcommands sethduuid, virt-clone, " +
				"new SMBIOS UUID)"},
		{ID: "UniqueMAC", Worst: Fail, Code: fault.PreflightIdentity, judge: uniqueMAC,
			What: "no two hosts have the same MAC address in the cluster's network",
			Hint: "have the hypervisor make a new MAC address for the interface of each clone"},

		{ID: "UniqueHostKey", Worst: Warn, Code: fault.PreflightIdentity, judge: uniqueHostKey, Probes: true,
			What: "no two hosts have the same SSH host key",
			Hint: "on the clones: rm /etc/ssh/ssh_host_*_key*; ssh-keygen -A; then restart sshd, and record the " +
				"new keys"},

		// The network of each host.
		{ID: "AddressOnHost", Worst: Fail, Code: fault.PreflightNetwork, judge: each(addressOnHost),
			What: "the host has the address that the inventory gives it, on an interface that is up",
			Hint: "correct the address in the inventory, or configure it on the host's interface"},
		{ID: "UniqueIP", Worst: Fail, Code: fault.PreflightNetwork, judge: each(uniqueIP),
			What: "no other host has the same address",
			Hint: "take the address from one of the hosts"},
		{ID: "DefaultRoute", Worst: Fail, Code: fault.PreflightNetwork, judge: each(defaultRoute),
			What: "the host has a default route, without which it cannot reach the addresses of Services",
			Hint: "add a default route: ip route add default via GATEWAY, and the same in the network's configuration"},
		{ID: "CIDROverlap", Worst: Fail, Code: fault.PreflightNetwork, judge: each(cidrOverlap),
			What: "the networks of pods and Services do not overlap with a network of the host",
			Hint: "choose other network.pods or network.services in the inventory"},
		{ID: "DockerBridge", Worst: Fail, Code: fault.PreflightNetwork, judge: each(dockerBridge),
			What: "the network of docker's bridge holds no address that the host must reach: that of who logs " +
				"in, a name " +
				"server, another host",
			Hint: "move the bridge with arguments: {dockerd: {bip: 172.31.255.1/24}}, or with bip in " +
				"/etc/docker/daemon.json on the host"},
		{ID: "DNS", Worst: Fail, Code: fault.PreflightNetwork, judge: each(resolver),
			What: "the host knows a DNS server that pods can reach too, or no host does",
			Hint: "name such a server in /etc/resolv.conf; without one, pods cannot resolve names outside the cluster"},

		// Between hosts.
		{ID: "ClockSkew", Worst: Fail, Code: fault.PreflightClock, judge: ClockSkew,
			What: "the clock is not more than 30 s from the median of all hosts; 2 s are worth a warning",
			Hint: "on the host: systemctl enable --now chronyd (or systemd-timesyncd), then chronyc makestep"},
		{ID: "PeerPort", Worst: Fail, Code: fault.PreflightMesh, judge: peerPorts, Probes: true,
			What: "every host reaches the ports of the others that its roles need, TCP and UDP",
			Hint: "open the port in the packet filter of the receiving host and in what is between the two"},
		{ID: "MTU", Worst: Fail, Code: fault.PreflightPathMTU, judge: mtu, Probes: true,
			What: "a packet as large as the interface takes arrives unfragmented; where the sender knows that " +
				"less passes, `network.flannel.mtu` says so to flannel",
			Hint: "lower the MTU of the interfaces to what passes, or name it in network.flannel.mtu where the " +
				"hosts know of it"},
		{ID: "HostGateway", Worst: Fail, Code: fault.PreflightMesh, judge: each(hostGateway),
			What: "with flannel's host-gw backend, all hosts are in one network",
			Hint: "set network.flannel.backend to vxlan"},

		// What the hosts have.
		{ID: "NumCPU", Worst: Fail, Code: fault.PreflightCapacity, judge: each(numCPU),
			What: "a control plane has 2 CPUs",
			Hint: "give the machine another CPU"},
		{ID: "Mem", Worst: Fail, Code: fault.PreflightCapacity, judge: each(memory),
			What: "a control plane has 1700 MB of memory, another host 700 MB",
			Hint: "give the machine more memory"},
		{ID: "DiskSpace", Worst: Fail, Code: fault.PreflightCapacity, judge: each(diskSpace),
			What: "each file system has room for what the plan puts there, and the kubelet would not evict pods " +
				"after it",
			Hint: "make room, or mount a larger disk there"},
		{ID: "Inodes", Worst: Fail, Code: fault.PreflightCapacity, judge: each(inodes),
			What: "each file system has inodes for what the plan puts there",
			Hint: "remove files, or create the file system again with more inodes"},
		{ID: "MountOptions", Worst: Fail, Code: fault.PreflightCapacity, judge: each(mountOptions),
			What: "no file system that `up` writes to is read-only, and none that holds programs is noexec",
			Hint: "mount -o remount,rw,exec MOUNTPOINT, and in /etc/fstab"},
		{ID: "DiskFsync", Worst: Warn, Code: fault.PreflightCapacity, judge: each(diskFsync), Probes: true,
			What: "99 of 100 small writes reach etcd's disk within 10 ms",
			Hint: "put /var/lib/etcd on an SSD of its own; etcd elects a new leader when its disk does not keep up"},

		// What the system is like.
		{ID: "SystemVerification", Worst: Fail, Code: fault.PreflightSystem, judge: each(systemVerification),
			What: "the host has systemd, and its kernel the cgroup controllers cpu, memory and pids",
			Hint: "use a system with systemd; for a missing memory controller boot with cgroup_enable=memory"},
		{ID: limitsCheck, Worst: Fail, Code: fault.PreflightLimits, judge: each(systemLimits),
			What: "the host's kernel and systemd are new enough for the Kubernetes of the inventory: " +
				"[the table](systems.md#what-is-too-old)",
			Hint: "update the distribution"},
		{ID: "CgroupVersion", Worst: Fail, Code: fault.PreflightSystem, judge: each(cgroupVersion),
			What: "the host has cgroups, version 2 from Kubernetes 1.35 on",
			Hint: "boot with systemd.unified_cgroup_hierarchy=1 for version 2"},
		{ID: "Swap", Worst: OK, Code: fault.PreflightSystem, judge: each(swap),
			What: "swap is off; `up` turns swap off"},
		{ID: "SELinux", Worst: Warn, Code: fault.PreflightSELinux, judge: each(selinux),
			What: "SELinux forbids nothing; `up` makes it permissive unless the inventory says `selinux: leave`",
			Hint: "install container-selinux, and have containerd label containers: enable_selinux = true in a file " +
				"in " + component.ContainerdSite},
		{ID: "AppArmor", Worst: Warn, Code: fault.PreflightAppArmor, judge: each(appArmor),
			What: "where AppArmor is on, containerd and docker can load the profile of containers",
			Hint: "install the package apparmor on the host, then restart containerd and docker"},
		{ID: "Firewall", Worst: Fail, Code: fault.PreflightFirewall, judge: each(configuredFirewall),
			What: "with `firewall: configure`, firewalld is new enough or does not run, and ufw does not filter",
			Hint: "stop firewalld on that host (systemctl disable --now firewalld), and `up` filters by nftables; " +
				"or set firewall: disable in the inventory"},
		{ID: "Firewalld", Worst: Warn, Code: fault.PreflightSystem, judge: each(firewalls),
			What: "no firewall is in the way; `up` turns firewalld and ufw off unless the inventory says " +
				"`firewall: leave`",
			Hint: "open the cluster's ports, or turn the firewall off"},
		{ID: "Glibc", Worst: Fail, Code: fault.PreflightSystem, judge: each(glibc), Probes: true,
			What: "the C library is new enough for those programs that are not static",
			Hint: "update the distribution, or choose older versions of these programs"},
		{ID: "Iptables", Worst: Fail, Code: fault.PreflightSystem, judge: each(iptables),
			What: "iptables is 1.4.20 or later, but not 1.8.0 to 1.8.2 over nf_tables; `up` installs iptables where " +
				"it is missing",
			Hint: "update the package iptables"},
		{ID: "KernelModules", Worst: Fail, Code: fault.PreflightSystem, judge: each(kernelModules),
			What: "the kernel has overlay, br_netfilter, nf_conntrack and, for flannel, vxlan or wireguard; nfs with " +
				"`addons.nfs`",
			Hint: "install the package with all modules of the running kernel, such as linux-modules-extra or " +
				"kernel-modules"},
		{ID: "FileExisting-<program>", Worst: Fail, Code: fault.PreflightSystem, judge: each(fileExisting),
			What: "the programs systemctl and mount are there, and modprobe where a module must be loaded",
			Hint: "install the package that contains the program"},
		{ID: "PackageManager", Worst: Fail, Code: fault.PreflightSystem, judge: each(packageManager),
			What: "where a package must be installed, there is a package manager, and no other process holds its lock",
			Hint: "wait until the other installation ends"},
		{ID: "ConntrackMax", Worst: Warn, Code: fault.PreflightSystem, judge: each(conntrackMax),
			What: "the kernel tracks 131072 connections, or kube-proxy may raise the limit",
			Hint: "sysctl -w net.netfilter.nf_conntrack_max=131072; for a container on the machine that runs it"},
		{ID: "InotifyLimits", Worst: Warn, Code: fault.PreflightSystem, judge: each(inotifyLimits),
			What: "a user may have 128 inotify instances and 8192 watches, the kernel's own defaults",
			Hint: "raise fs.inotify.max_user_instances and fs.inotify.max_user_watches in /etc/sysctl.d"},

		{ID: "CloudInit", Worst: Warn, Code: fault.PreflightCloud, judge: each(cloudInit),
			What: "cloud-init has ended its work of this boot, and leaves to `/etc/hosts` the line of the cluster's " +
				"registry",
			Hint: "on the host: cloud-init status --wait"},

		// What others left.
		{ID: "Port-<number>", Worst: Fail, Code: fault.PreflightLeftover, judge: each(ports),
			What: "the ports of the host's roles are free, or held by our own services",
			Hint: "stop the process that holds the port"},
		{ID: "ContainerRuntime", Worst: Warn, Code: fault.PreflightLeftover, judge: each(containerRuntime),
			What: "no container runtime of another installation runs; `up` replaces such a runtime, and its " +
				"containers restart",
			Hint: "stop the containers of this runtime first, or remove the runtime"},
		{ID: "Replaces", Worst: Warn, Code: fault.PreflightReplaces, judge: each(replaces), Probes: true,
			What: "the plan takes the place of nothing that is on the host already: a file, a program, a service",
			Hint: "keep a copy of what you still need; `reset` puts back what `up` replaces"},
		{ID: "PodNetwork", Worst: Fail, Code: fault.PreflightLeftover, judge: each(podNetwork),
			What: "no bridge cni0 and no addresses of pods are left of an earlier installer; `up` removes those that " +
				"are not in use",
			Hint: "stop the containers that use the bridge, then: ip link delete cni0"},
		{ID: "ForeignCluster", Worst: Fail, Code: fault.PreflightLeftover, judge: foreignCluster,
			What: "the host belongs to no other cluster and to no other installer",
			Hint: "remove the host from that cluster first, with the tool that made it"},
		{ID: "StaleEtcdData", Worst: Fail, Code: fault.PreflightLeftover, judge: each(staleEtcdData),
			What: "etcd's data directory is empty, or holds this cluster's data",
			Hint: "move the directory away if its data is not needed: mv /var/lib/etcd /var/lib/etcd.old"},

		{ID: "SafeVersions", Worst: Warn, Code: fault.WeakVersion, judge: safeVersions, Surroundings: true,
			What: "no component on the host, and none that `up` would install, has a version with a known hole; " +
				"Kubernetes is one that is still supported",
			Hint: "leave the version out of the inventory, and run `up`"},

		// What the services read or obey besides the files of the tool.
		{ID: "ForeignSetting", Worst: Fail, Code: fault.ForeignSetting, judge: each(foreignSettings),
			Surroundings: true,
			What:         "no drop-in, variable or file of others changes what a service of the cluster does",
			Hint: "take the setting away, or say the same in `arguments` of the inventory; `up` restarts a service " +
				"that still runs with the setting"},
		{ID: "ServiceEnvironment", Worst: Warn, Code: fault.ForeignSetting, judge: each(serviceEnvironment),
			Surroundings: true,
			What:         "no proxy is between the services of the cluster, and no library is loaded into them",
			Hint: "name the networks of hosts, pods and Services in NO_PROXY of the same drop-in, or remove the " +
				"drop-in or the library"},
		{ID: "BootSettings", Worst: Fail, Code: fault.BootSetting, judge: each(bootSettings),
			Surroundings: true,
			What:         "after a boot the kernel has the parameters and modules that the cluster needs",
			Hint: "remove the line or the file, or unmask the service; what is needed is in " +
				"/etc/sysctl.d/zzz-kbootstrap.conf and /etc/modules-load.d/kbootstrap.conf"},
		{ID: "PacketFilter", Worst: Fail, Code: fault.PacketFilter, judge: each(packetFilter),
			Surroundings: true,
			What:         "no chain of the packet filter drops what pods and hosts of the cluster send to each other",
			Hint: "have the chain accept the networks of hosts, pods and Services, or give it the policy accept: " +
				"nft list ruleset shows it"},
	}
}
