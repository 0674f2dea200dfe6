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
	PreflightLeftover Code = "KB3060"
	PreflightClock    Code = "KB3070"
)

// preflightEntries are the faults of preflight checks.
var preflightEntries = []Entry{
	{PreflightFailed, "a check of the hosts failed, so nothing was changed",
		`Before the first change, all hosts are checked at once: up, add-node and preflight ask the same questions. Every
failure is shown, with what was seen and what to do. No host was changed.`,
		`Mend what the checks name, and look again.

    kbootstrap preflight -i hosts.yaml

A check that is wrong about your hosts can be made a warning; what it warned of may then come true.

    kbootstrap up -i hosts.yaml --ignore-preflight=NumCPU,Mem`},
	{UnknownCheck, "no preflight check has the name that was to be ignored",
		`--ignore-preflight takes the names of checks as preflight shows them, with commas between, or the word all. Names that
no check has are refused: a typo would leave the check on, or ignore nothing.`,
		`Use a name of the first column.

    kbootstrap preflight -i hosts.yaml`},
	{PreflightIdentity, "two hosts are the same machine to others, or one has no identity",
		`Cloned machines often share hostname, /etc/machine-id, product_uuid or MAC address. DHCP servers then give them one
address, systemd names their journals and interfaces alike, and network plugins take them for one node. The trouble shows
much later than the mistake.`,
		`Give each clone its own identity, then reboot it.

    rm -f /etc/machine-id /var/lib/dbus/machine-id
    systemd-machine-id-setup
    hostnamectl set-hostname NAME

A product_uuid and a MAC address come from the hypervisor and are changed there.`},
	{PreflightNetwork, "the network of a host does not fit the inventory",
		`The address of the inventory is not on the host or is on another one too, the host has no default route, or a network of
the host overlaps with that of pods or Services. Packets would go to the wrong place, or nowhere.`,
		`Compare the inventory with what the host has.

    ip -br address
    ip route`},
	{PreflightMesh, "a host cannot reach another on a port that the cluster needs",
		`Each host listened for a moment on the ports of its roles, on its cluster address, and the others dialled it. For UDP,
"nothing arrived" means that the sender sent and the receiver's programs did not get it: a packet filter on one of the two
hosts, a security group, or a network between them. Packets that only large ones do not pass through mean that something
on the way has a smaller MTU and drops them in silence.

A firewalld that up turns off is not counted, nor what it may hide.`,
		`Open the port where packets are dropped, on the receiving host first.

    iptables -S INPUT; nft list ruleset
    firewall-cmd --permanent --add-port=8472/udp && firewall-cmd --reload`},
	{PreflightCapacity, "a host is too small for its role",
		`It has too few CPUs, too little memory, too little room on a file system that the plan writes to, too few inodes, or a
file system that is read-only or does not run programs. Components would be killed, or the run would end halfway.`,
		`Make room, or choose another host for the role.

    df -h; df -i; free -m; findmnt`},
	{PreflightSystem, "the operating system of a host lacks something",
		`The kernel, its modules and cgroup controllers, the C library, iptables or a program is missing, or is too old for the
versions that the inventory asks for; or the tool is not root there.`,
		`Update the distribution, or install the package that the message names.`},
	{PreflightLeftover, "something else is on a host already",
		`A port is held by another program, another installer's Kubernetes runs there, etcd's data directory has data that is
not this cluster's, or the host trusts another certificate authority. The tool never takes over or deletes what it did not
make.`,
		`Find out whether anybody needs it. If not, take it off the host with the tool that put it there.

    kubeadm reset
    k3s-uninstall.sh
    mv /var/lib/etcd /var/lib/etcd.old

When the cluster was made from another machine, bring the directory .kbootstrap from there: it has the authority's key.`},
	{PreflightClock, "the clocks of the hosts do not agree",
		`Certificates are valid from a moment on, leases of nodes end after seconds, and logs of several hosts are read together.
The time that the question took on the way is taken off; the median of all hosts and the control machine counts as right.`,
		`Have something set the clock.

    systemctl enable --now chronyd && chronyc makestep
    timedatectl set-ntp true`},
}
