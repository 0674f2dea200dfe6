package fault

// Faults of preflight checks: one for each kind of trouble. docs/preflight.md has the checks.
const (
	PreflightFailed   Code = "KB3001"
	UnknownCheck      Code = "KB3002"
	PreflightIdentity Code = "KB3010"
	PreflightNetwork  Code = "KB3020"
	PreflightMesh     Code = "KB3030"
	PreflightCapacity Code = "KB3040"
	PreflightSystem   Code = "KB3050"
	PreflightLimits   Code = "KB3051"
	PreflightLeftover Code = "KB3060"
	ForeignSetting    Code = "KB3061"
	BootSetting       Code = "KB3062"
	PacketFilter      Code = "KB3063"
	PreflightReplaces Code = "KB3065"
	WeakVersion       Code = "KB3066"
	PreflightClock    Code = "KB3070"
	PreflightFirewall Code = "KB3073"
	PreflightSELinux  Code = "KB3074"
	PreflightCloud    Code = "KB3075"
	PreflightAppArmor Code = "KB3076"
	PreflightPathMTU  Code = "KB3080"
)

// preflightEntries are the faults of preflight checks.
var preflightEntries = []Entry{
	{PreflightFailed, "a check of the hosts failed, so nothing was changed",
		`Before the first change, all hosts are checked at once: up, add-node and preflight ask the same questions. The
tool shows every failure, with what it saw and what to do. No host was changed.`,
		`Fix what the checks name, and check again.

    kbootstrap preflight -i hosts.yaml

A check that is wrong about your hosts can be made a warning; what it warns of may then happen.

    kbootstrap up -i hosts.yaml --ignore-preflight=NumCPU,Mem`},
	{UnknownCheck, "no preflight check has the name given to --ignore-preflight",
		`--ignore-preflight takes the names of checks as preflight shows them, with commas between, or the word all.
Unknown names are refused, because after a typo the check would stay on.`,
		`Use a name from the first column.

    kbootstrap preflight -i hosts.yaml`},
	{PreflightIdentity, "two hosts look like the same machine, or one has no identity",
		`Cloned machines often share their hostname, /etc/machine-id, product_uuid or MAC address. DHCP servers then give
them the same address, systemd gives their journals and interfaces the same names, and network plugins take them for
one node. The trouble appears long after the mistake.`,
		`Give each clone its own identity, then reboot it.

    rm -f /etc/machine-id /var/lib/dbus/machine-id
    systemd-machine-id-setup
    hostnamectl set-hostname NAME

A product_uuid and a MAC address come from the hypervisor and are changed there.`},
	{PreflightNetwork, "the network of a host does not fit the inventory",
		`The address in the inventory is not on the host or is also on another one, the host has no default route, or a
network of the host overlaps with that of pods or Services. Packets would go to the wrong place, or nowhere.`,
		`Compare the inventory with what the host has.

    ip -br address
    ip route`},
	{PreflightMesh, "a host cannot reach another on a port that the cluster needs",
		`Each host listened for a moment on the ports of its roles, on its cluster address, and the others dialled it. For
UDP, "nothing arrived" means that the sender sent packets but the receiver's programs did not get them: a packet
filter on one of the two hosts, a security group, or a network between them drops them.

The check ignores a firewall that up will turn off or open, and what that firewall may hide.`,
		`Open the port where packets are dropped, on the receiving host first.

    iptables -S INPUT; nft list ruleset
    firewall-cmd --permanent --add-port=8472/udp && firewall-cmd --reload`},
	{PreflightCapacity, "a host is too small for its role",
		`The host has too few CPUs, too little memory, too little space on a file system that the plan writes to, too few
inodes, or a file system that is read-only or mounted noexec. Components would be killed, or the run would end
halfway.`,
		`Make space, or choose another host for the role.

    df -h; df -i; free -m; findmnt`},
	{PreflightSystem, "the operating system of a host lacks something",
		`The kernel, its modules and cgroup controllers, the C library, iptables or a program is missing, or is too old
for the versions that the inventory asks for; or the tool does not run as root there.`,
		`Update the distribution, or install the package that the message names.`},
	{PreflightLimits, "the system of a host is too old for this version of Kubernetes",
		`Versions of Kubernetes, runc and containerd want a kernel and a systemd of some age at least; docs/systems.md has the
table. Enterprise Linux 7, with its kernel 3.10 and cgroup v1, can have Kubernetes up to 1.34. No host was changed.`,
		`Update the distribution of the host, or choose an older version of Kubernetes for the cluster.

    kbootstrap preflight -i hosts.yaml`},
	{PreflightSELinux, "SELinux enforces its policy on a host, and the tool leaves it so",
		`With selinux: leave the tool neither changes the mode of SELinux nor labels files. The policy of a distribution
forbids containers almost everything until the package container-selinux is there and containerd gives containers their
labels. The tool is not tested with an enforcing policy.`,
		`Install container-selinux, and have containerd label containers by a file of its own; or let up make SELinux
permissive, with selinux: permissive in the inventory.

    printf '[plugins."io.containerd.cri.v1.runtime"]\nenable_selinux = true\n' > /etc/containerd/conf.d/selinux.toml
    ausearch -m avc -ts recent`},
	{PreflightFirewall, "the firewall of a host cannot be configured",
		`With firewall: configure the tool adds policies to a firewalld that runs. Policies hold next to the zones that the
host's owner has made; firewalld has them from version 0.9 on. An older one, or one that does not answer on the bus of
the system, cannot be told what to let in.`,
		`Stop firewalld: up then filters by a table of nftables that is its own. Or leave the firewall out of it, with
firewall: disable in the inventory.

    systemctl disable --now firewalld`},
	{PreflightLeftover, "something else is on a host already",
		`A port is held by another program, another installer's Kubernetes runs there, etcd's data directory has data that
is not this cluster's, or the host trusts another certificate authority. The tool never takes over or deletes what
it did not make.`,
		`Find out whether it is still needed. If not, remove it from the host with the tool that installed it.

    kubeadm reset
    k3s-uninstall.sh
    mv /var/lib/etcd /var/lib/etcd.old

If the cluster was made from another machine, copy the directory .kbootstrap from there: it has the authority's key.`},
	{ForeignSetting, "a drop-in, variable or file of others changes what a service does",
		`systemd joins a unit with drop-ins from many directories, and gives variables to all services; containerd takes
in files of a directory of its own. A drop-in that replaces ExecStart, for instance, has the service run with another
command line than the inventory's: docker may listen to everybody, a kubelet may take another address. The tool does not
override what an operator wrote, and does not obey it silently either.

A drop-in that only adds variables such as HTTPS_PROXY, limits such as LimitNOFILE or MemoryMax, or an order such as
After is the operator's, and is no fault.`,
		`Look at what systemd reads, take the foreign part away, and let up restart the service.

    systemctl cat docker.service
    rm /etc/systemd/system/docker.service.d/override.conf
    kbootstrap up -i hosts.yaml

What the service should do goes into arguments of the inventory. To live with the foreign setting, ignore the check.

    kbootstrap up -i hosts.yaml --ignore-preflight=ForeignSetting`},
	{BootSetting, "after a boot the kernel would lack what the cluster needs",
		`up sets kernel parameters and loads modules, now and at each boot, from files of its own. A file that is read later
sets a parameter back, a file in modprobe.d keeps a module from being loaded, or the service that reads these files is
masked. The cluster works until the host is started again; then pods reach no other host.`,
		`Remove the line or the file that the check names, or unmask the service.

    grep -rn ip_forward /etc/sysctl.d /etc/sysctl.conf /run/sysctl.d /usr/lib/sysctl.d
    grep -rnE 'br_netfilter|overlay|vxlan' /etc/modprobe.d
    systemctl unmask systemd-sysctl.service systemd-modules-load.service`},
	{WeakVersion, "a component has a version with a known hole",
		`The version of a component on a host, or the one that the inventory asks for, is open to a hole that is published
and that newer versions close. Some of these lead from a container to root on its host. Or the minor version of
Kubernetes has no support any more, so that what is found in it is not mended. The tool knows the holes that were
published when it was made; a newer release of the tool knows more.

It is a warning: nothing is refused.`,
		`Leave the version out of the inventory, so that the tool's default is installed, or name a newer one.

    versions: {}
    kbootstrap up -i hosts.yaml

A version that must stay for now keeps its warning.`},
	{PacketFilter, "a chain of the packet filter drops what pods or hosts send",
		`kube-proxy and flannel accept the packets of pods in the chains of iptables. A packet must pass every chain of its
hook, so a chain of another table with the policy drop drops them all the same. Such a chain comes from nftables.conf, a
firewall, or by hand. A firewalld that was killed leaves its table inet firewalld behind, which nothing removes until
firewalld starts again.`,
		`Have the chain accept the networks of hosts, pods and Services, or do without it.

    nft list ruleset
    nft add rule inet TABLE CHAIN ip saddr 10.244.0.0/16 accept
    nft add rule inet TABLE CHAIN ip daddr 10.244.0.0/16 accept
    nft delete table inet firewalld`},
	{PreflightReplaces, "something on a host would be replaced",
		`A file, a program or a service is on the host already, the tool did not put it there, and the plan takes its
place: docker's or containerd's configuration, a kubectl, a unit. Keys of daemon.json that the tool does not decide stay.
What is replaced is on record in /var/lib/kbootstrap/before, and comes back with reset.`,
		`Move what you still need to where the tool leaves it alone.

    /etc/containerd/conf.d/site.toml                what was in /etc/containerd/config.toml
    arguments: {dockerd: {data-root: /data}}        flags of docker, in the inventory
    /etc/systemd/system/docker.service.d/*.conf     proxies and limits`},
	{PreflightCloud, "cloud-init is at work on a host, or takes back what the tool sets",
		`cloud-init sets a machine up at its first boot, and parts of it at each boot. While its stages run it may rename the
host, replace the keys of its sshd, hold the lock of the package manager, and restart the machine, which ends a run of
the tool. With manage_etc_hosts it writes /etc/hosts from a template at each boot, and the line of the cluster's registry is
lost: docker on the hosts no longer finds the registry by its name, while pods go on pulling, because containerd has
its address. The names of nodes are those of the inventory, whatever cloud-init calls the host.`,
		`Wait until cloud-init has ended, on the host:

    cloud-init status --wait

Have it leave /etc/hosts alone, or put the line into its template, which /etc/hosts names; the next up writes the line again.

    echo 'manage_etc_hosts: false' > /etc/cloud/cloud.cfg.d/99-hosts.cfg`},
	{PreflightAppArmor, "a host has AppArmor, and its containers get no profile",
		`The kernel of the host has AppArmor turned on, and the program that loads profiles, /sbin/apparmor_parser, is not
there; Debian's installer brings it, minimal systems do not. containerd and docker then act as if the host had no AppArmor:
containers run without the profile that keeps them from files of the host below /proc and /sys, and a pod whose
securityContext asks for an AppArmor profile does not start ("apparmor is not supported"). All else works.`,
		`Install the package on the host. containerd and docker look for the program once, so restart them; containers that
are there go on, and those that start later have the profile.

    apt-get install apparmor
    systemctl restart containerd docker

Or turn AppArmor off with the kernel parameter apparmor=0, if you do not want profiles.`},

	{PreflightPathMTU, "the network between hosts carries less than their interfaces say",
		`Each host sent the others packets of several sizes that no router may divide, up to the MTU of its interface, and
the largest did not arrive: a tunnel, a VPN or a cloud's network on the way has a smaller MTU. The check measures which
one, to the byte.

If a router on the way tells the sender, or the sender's routes say so, the hosts' own connections fit, and it is a
warning: flannel takes the MTU of the interface, so that full packets of pods are divided or lost. If the sender is not told,
full packets disappear: a connection begins and then hangs, as soon as one side sends much, also between the
components on the hosts.`,
		`Where the sender is told, set what was measured in the inventory; pods get what is left of it after flannel's headers.

    network: {flannel: {mtu: 1400}}

Where it is not told, give the interfaces of the hosts that MTU, now and in the network's configuration; flannel follows
them. Or raise the MTU on the way.

    ip link set dev eth1 mtu 1400
    tracepath -n 192.168.56.12`},
	{PreflightClock, "the clocks of the hosts do not agree",
		`Certificates become valid at a certain moment, node leases expire after seconds, and logs of several hosts are
read together. The check subtracts the network delay; it takes the median of all hosts and the control machine as
the right time.`,
		`Have a time service set the clock.

    systemctl enable --now chronyd && chronyc makestep
    timedatectl set-ntp true`},
}
