package inventory

import (
	"strings"

	"kbootstrap/fault"
)

// table returns the fields of an inventory, which fill in c. all gets the SSH settings that hold
// for every host. The order matters: all is read before the hosts, which begin with a copy of it.
// The rules say which components there are.
func table(c *Cluster, all *SSH, rules Rules) []field {
	return []field{
		{name: "cluster", shape: "name", required: true, read: str(&c.Name),
			doc: "the name of the cluster: lower-case letters, digits and dashes, at most 63. It names the " +
				"kubeconfig context and the state directory `.kbootstrap/<name>` next to the inventory."},
		{name: "kubernetes", shape: "version", required: true, class: fault.InventoryVersion,
			read: kubernetesVersion(&c.Kubernetes, rules.OldestMinor, rules.NewestMinor),
			doc: "the version of all Kubernetes components, such as `v1.36.3`. There is no default: a newer tool " +
				"must not change the cluster."},
		{name: "versions", shape: "mapping",
			doc:   "versions of the other components. Each has a default that fits the version of Kubernetes.",
			class: fault.InventoryVersion, read: componentVersions(c, rules.Versions),
			fields: versionFields(rules.Versions)},
		{name: "network", shape: "mapping",
			doc:    "the address plan of the cluster. `pods`, `services` and `domain` cannot be changed later.",
			fields: networkFields(&c.Network)},
		{name: "runtime", shape: "`docker` or `containerd`", fallback: "docker",
			read: oneOf(&c.Runtime, "docker", "containerd"),
			doc: "`docker` installs dockerd, which uses the same containerd as the kubelet; " +
				"`containerd` installs no docker."},
		{name: "cri", shape: "`containerd` or `dockerd`", fallback: "containerd",
			read: oneOf(&c.CRI, "containerd", "dockerd"),
			doc: "the runtime that the kubelet talks to. `dockerd` goes through cri-dockerd and " +
				"needs `runtime: docker`."},
		{name: "firewall", shape: "`disable`, `configure` or `leave`", fallback: "disable",
			read: oneOf(&c.Firewall, FirewallDisable, FirewallConfigure, FirewallLeave),
			doc: "`disable` stops and disables firewalld and ufw on every host. `configure` opens the ports of the " +
				"cluster, between the hosts and to users, and no other: in firewalld where it runs, else in a " +
				"table of nftables of its own; a host where ufw filters is refused. `leave` touches no firewall."},
		{name: "selinux", shape: "`permissive` or `leave`", fallback: "permissive",
			read: oneOf(&c.SELinux, SELinuxPermissive, SELinuxLeave),
			doc: "`permissive` has SELinux forbid nothing, now and at boot; `leave` does not touch SELinux, and " +
				"containers then need the package `container-selinux`."},
		{name: "restoreOnReset", shape: "boolean", fallback: "false", read: flag(&c.RestoreOnReset),
			doc: "whether `reset` turns firewalld, ufw and swap on again where the tool had turned them off."},
		{name: "security", shape: "mapping", doc: "how much the cluster restricts its users.",
			fields: securityFields(&c.Security)},
		{name: "backup", shape: "mapping", fields: backupFields(&c.Backup),
			doc: "who can open the backups, and when hosts make their part; see " +
				"[operations](operations.md#backup-and-restore)."},
		{name: "addons", shape: "mapping", doc: "what the cluster serves to its users; see [add-ons](addons.md).",
			fields: addOnFields(&c.AddOns)},
		{name: "registries", shape: "mapping",
			doc:    "where the hosts get images from; see [the registry](registry.md#mirrors).",
			fields: registriesFields(&c.Registries)},
		{name: "proxy", shape: "mapping",
			doc: "the proxy by which hosts get images and packages: containerd, docker and " +
				"the package manager use it, and nothing of the cluster's own traffic goes through it. The tool " +
				"itself downloads with the environment that it was started in.",
			fields: proxyFields(&c.Proxy)},
		{name: "artifacts", shape: "mapping", doc: "where binaries come from.", fields: []field{
			{name: "mirror", shape: "directory or URL, or a list", fallback: "upstream itself",
				read: mirrors(&c.Artifacts),
				doc: "a directory, or an http(s) URL, below which the upstream URLs are laid out by host and path, " +
					"such as `dl.k8s.io/release/v1.36.3/bin/linux/amd64/kubelet`. Of several, each is asked for what " +
					"those before it do not have or do not send."},
			{name: "upstreams", shape: "mapping of URLs, or lists", read: upstreams(&c.Artifacts),
				doc: "other servers for some hosts of upstream, such as `registry.k8s.io: " +
					"https://registry.example.com/k8s`. Files have the same sums there, and images the same digests, " +
					"so they need no lock. It cannot be combined with `mirror`."},
			{name: "lock", shape: "file", fallback: "artifacts.lock next to the inventory, if it is there",
				read: file(&c.Artifacts.Lock),
				doc: "the file with the SHA-256 sum of each URL. What it lacks has the sum that is built into " +
					"the tool."},
			{name: "ownBuilds", shape: "boolean", read: flagOr(&c.Artifacts.OwnBuilds),
				doc: "whether the mirror has builds of your own. With `true` the lock alone says what is right; with " +
					"`false` a lock that contradicts a published sum is refused, as it is without a mirror. When the " +
					"line is left out, `up` warns of it."},
			{name: "passOn", shape: "boolean", fallback: "true", read: flag(&c.Artifacts.PassOn),
				doc: "whether hosts pass on to each other what five or more of them lack, instead of each getting it " +
					"from the control machine; see [many hosts](performance.md#many-hosts)."},
		}},
		{name: "ssh", shape: "mapping", doc: "how to log in: the defaults for all hosts.", fields: loginFields(all)},
		{name: "arguments", shape: "mapping", class: fault.InventoryArgument, read: arguments(c, rules.Programs),
			doc: "extra command line flags by component, without their leading dashes: " +
				"`kube-apiserver: {v: \"4\"}`. They win over the tool's own or are joined with them, except for " +
				"those " +
				"that the rest of the cluster decides; see [arguments](#arguments-of-components). " +
				"Components: " + strings.Join(programNames(rules.Programs), ", ") + "."},
		{name: "hosts", shape: "list of mappings", required: true, doc: "the machines.", fields: hostFields(&Host{}),
			read: each(decoder{objectOf(hostFields(&Host{})), func(r *reader, at string, v *node) {
				h := Host{Line: v.line, SSH: *all}
				r.mapping(at, v, hostFields(&h))
				if h.SSH.Address == "" && h.Address.IsValid() {
					h.SSH.Address = h.Address.String()
				}
				c.Hosts = append(c.Hosts, h)
			}})},
	}
}

// networkFields returns the fields of network.
func networkFields(n *Network) []field {
	return []field{
		{name: "pods", shape: "CIDR", fallback: "10.244.0.0/16", class: fault.InventoryNetwork,
			read: prefix(&n.Pods, ipv4),
			doc:  "the network of pods. Each host gets a /24 of it."},
		{name: "services", shape: "CIDR", fallback: "10.96.0.0/12", class: fault.InventoryNetwork,
			read: prefix(&n.Services, ipv4),
			doc:  "the network of Services, /12 to /28. Its first address is the API's, its tenth is the DNS's."},
		{name: "nodePorts", shape: "ports", fallback: "30000-32767",
			class: fault.InventoryPort, read: portRange(&n.NodePorts),
			doc: "the ports that Services of type NodePort may use, first and last."},
		{name: "apiPort", shape: "port", fallback: "6443", class: fault.InventoryPort, read: port(&n.APIPort),
			doc: "the port of kube-apiserver on control planes."},
		{name: "localAPIPort", shape: "port", fallback: "7443", class: fault.InventoryPort, read: port(&n.LocalAPIPort),
			doc: "the port on 127.0.0.1 of every host where the proxy to all API servers listens when there is more " +
				"than one control plane."},
		{name: "domain", shape: "DNS name", fallback: "cluster.local", read: str(&n.Domain),
			doc: "the DNS domain of the cluster."},
		{name: "ipv6", shape: "mapping", doc: "the networks of IPv6, which make the cluster one of both families: " +
			"pods, Services and nodes have an address of each. Every host then has `ipv6`. It is chosen when the " +
			"cluster is made, and cannot be turned on or off later.",
			fields: []field{
				{name: "pods", shape: "CIDR", class: fault.InventoryNetwork, read: prefix(&n.IPv6.Pods, ipv6),
					doc: "the network of pods, /48 to /64, such as `fd00:10:244::/56`. Each host gets a /64 of it."},
				{name: "services", shape: "CIDR", class: fault.InventoryNetwork, read: prefix(&n.IPv6.Services, ipv6),
					doc: "the network of Services, /108 to /124, such as `fd00:10:96::/112`."},
			}},
		{name: "flannel", shape: "mapping", doc: "the overlay network between hosts.", fields: []field{
			{name: "backend", shape: "`vxlan`, `host-gw` or `wireguard`", fallback: "vxlan",
				read: oneOf(&n.Flannel.Backend, VXLAN, HostGW, WireGuard),
				doc: "`vxlan` works everywhere; `host-gw` is faster and needs all hosts in one layer-2 network; " +
					"`wireguard` encrypts what pods of different hosts send each other, and needs kernels that have " +
					"it (Linux 5.6 or later, or the module)."},
			{name: "port", shape: "port", fallback: "8472; 51820 with wireguard", class: fault.InventoryPort,
				read: port(&n.Flannel.Port), doc: "the UDP port of vxlan or wireguard."},
			{name: "mtu", shape: "number, 1280 to 65535",
				fallback: "the MTU of the interface that has the host's address",
				class:    fault.InventoryNetwork, read: number(&n.Flannel.MTU, 1280, 65535),
				doc: "the largest packet that the network between the hosts carries, where it carries less than " +
					"their interfaces say. Pods get what is left of it after the headers of vxlan, 50 bytes, or 70 " +
					"with `network.ipv6`. Not with `host-gw`."},
		}},
		{name: "policy", shape: "`kube-router` or `none`", fallback: "kube-router",
			read: oneOf(&n.Policy, PolicyKubeRouter, PolicyNone),
			doc: "who enforces the objects of the kind NetworkPolicy. With `none` they have no effect, and " +
				"`status` lists them."},
	}
}

// loginFields returns the fields of ssh that hosts may share.
func loginFields(s *SSH) []field {
	return []field{
		{name: "user", shape: "name", fallback: "`User` of ssh_config, else `root`", read: str(&s.User),
			doc: "the user to log in as."},
		{name: "port", shape: "port", fallback: "`Port` of ssh_config, else `22`", class: fault.InventoryPort,
			read: port(&s.Port), doc: "the port of sshd."},
		{name: "key", shape: "file", fallback: "`IdentityFile` of ssh_config, else the agent, then the keys in ~/.ssh",
			read: file(&s.Key), doc: "the private key."},
		{name: "agent", shape: "boolean", fallback: "true", read: flag(&s.Agent),
			doc: "whether to use the agent at `$SSH_AUTH_SOCK`."},
		{name: "passwordFile", shape: "file", fallback: "the tool asks at the terminal", read: file(&s.PasswordFile),
			doc: "the file with the login password, for a host that accepts no key. Only you may be able to read the " +
				"file (`chmod 600`). The inventory itself never contains a password."},
		{name: "sudoPasswordFile", shape: "file", fallback: "the tool asks at the terminal",
			read: file(&s.SudoPasswordFile),
			doc: "the file with the password for sudo, where sudo asks for one. The tool tries it once. Only you may " +
				"be able to read the file."},
		{name: "sudo", shape: "boolean", fallback: "true unless the user is root",
			doc: "whether to become root with sudo.",
			read: decoder{schema{"type": "boolean"}, func(r *reader, at string, v *node) {
				s.Sudo = new(bool) // never through the pointer that hosts share
				flag(s.Sudo).decode(r, at, v)
			}}},
		{name: "config", shape: "file or `none`", fallback: "~/.ssh/config, then /etc/ssh/ssh_config",
			read: fileOr("none", &s.Config),
			doc:  "the ssh_config to use. The inventory wins over it; `none` uses no file."},
		{name: "jump", shape: "`user@host:port`, mapping, list or `none`", fallback: "`ProxyJump` of ssh_config",
			class: fault.InventoryLogin, read: jumps(&s.Jump),
			doc: "the jump hosts on the way to the host, first to last: `user@host:port` with commas between them, " +
				"or a mapping with `address`, `port`, `user`, `key` and `hostKey`, or a list of either; what a " +
				"mapping lacks comes from ssh_config for the jump host, else from the host."},
		{name: "knownHosts", shape: "file", fallback: "`UserKnownHostsFile` of ssh_config, else ~/.ssh/known_hosts",
			read: file(&s.KnownHosts), doc: "the file of known host keys."},
		{name: "hostKeyPolicy", shape: "`strict`, `ask` or `accept-new`",
			fallback: "`StrictHostKeyChecking` of ssh_config, else `ask` at a terminal and `strict` without one",
			read:     oneOf(&s.HostKeyPolicy, "strict", "ask", "accept-new"),
			doc: "what to do with a host whose key is not known: `strict` refuses it, `ask` shows its fingerprint " +
				"and asks, `accept-new` records it. All three refuse a key that has changed."},
	}
}

// hostFields returns the fields of one of hosts.
func hostFields(h *Host) []field {
	ssh := append([]field{
		{name: "address", shape: "name or address", fallback: "the address of the host",
			read: sshAddress(&h.SSH.Address),
			doc: "how to reach sshd from here: what you would type after `ssh`, so a `Host` of ssh_config works too; " +
				"an IPv6 address with or without brackets."},
		{name: "hostKey", shape: "key", class: fault.InventoryLogin, read: hostKey(&h.SSH.HostKey),
			doc: "the key that this host must have, as a fingerprint (`SHA256:…`) or as a public key (`ssh-ed25519 " +
				"AAAA…`). It wins over `knownHosts`."},
	}, loginFields(&h.SSH)...)
	for i := range ssh[2:] {
		ssh[2+i].fallback = "that of the top-level `ssh`"
	}
	return []field{
		{name: "name", shape: "name", required: true, read: str(&h.Name),
			doc: "the name of the node: lower-case letters, digits, dashes and dots, at most 63, such as `w1` or " +
				"`w1.example.lan`. It cannot be changed later."},
		{name: "address", shape: "IPv4 address", required: true, class: fault.InventoryAddress,
			read: address(&h.Address, ipv4),
			doc: "the host's own address in the network of the cluster. It often differs from the " +
				"address that SSH uses. Of a control plane or an etcd member it cannot be changed later; a worker " +
				"may move."},
		{name: "ipv6", shape: "IPv6 address", class: fault.InventoryAddress, read: address(&h.IPv6, ipv6),
			doc: "the host's address of IPv6, on the interface that has `address`. It is wanted where the cluster " +
				"has `network.ipv6`, and only there."},
		{name: "ssh", shape: "mapping", doc: "how to log in to this host, where it differs from the top-level `ssh`.",
			fields: ssh},
		{name: "roles", shape: "list of `etcd`, `control-plane`, `worker`",
			required: true, class: fault.InventoryRoles, read: roles(&h.Roles),
			doc: "what the host is for."},
		{name: "labels", shape: "mapping", class: fault.InventoryLabel, read: labels(&h.Labels),
			doc: "labels of the node."},
		{name: "taints", shape: "list of `key=value:Effect` or `key:Effect`",
			class: fault.InventoryLabel, read: taints(&h.Taints),
			doc: "taints of the node. Effects: NoSchedule, PreferNoSchedule, NoExecute."},
	}
}
