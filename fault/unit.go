package fault

// Faults of services, by the cause that their journal shows.
const (
	CgroupDriver      Code = "KB5101"
	SwapOn            Code = "KB5102"
	ClockWrong        Code = "KB5103"
	PortInUse         Code = "KB5104"
	ServiceNoSpace    Code = "KB5105"
	OutOfMemory       Code = "KB5106"
	KernelLacks       Code = "KB5107"
	FlagUnknown       Code = "KB5108"
	WrongAuthority    Code = "KB5109"
	EtcdOtherCluster  Code = "KB5110"
	EtcdMemberKnown   Code = "KB5111"
	EtcdMemberRemoved Code = "KB5112"
	FileDenied        Code = "KB5113"
	WrongArchitecture Code = "KB5114"
	LibraryTooOld     Code = "KB5115"
	NameNotResolved   Code = "KB5116"
	EtcdUnreachable   Code = "KB5117"
	ContainerdConfig  Code = "KB5118"
	CgroupVersion     Code = "KB5119"
	EtcdQuota         Code = "KB5120"
	NodeRefused       Code = "KB5121"
	NodeDeleted       Code = "KB5122"
	RuntimeSilent     Code = "KB5123"
	NameServerSilent  Code = "KB5124"
)

// unitEntries are the known causes for which services fail.
var unitEntries = []Entry{
	{CgroupDriver, "the kubelet and the container runtime differ in their cgroup driver",
		`One of the two asks systemd for cgroups, the other makes them itself. On such a host pods are not started, or are
killed under load. The tool sets systemd for both; one of your arguments or files says otherwise.`,
		`Remove the setting of the cgroup driver from the arguments of dockerd and the kubelet in the inventory, and run up.

    kbootstrap plan -i hosts.yaml`},
	{SwapOn, "swap is on, and the kubelet refuses to run with it",
		`The kubelet exits at its start if the host has active swap. The tool turns swap off; something has turned it on
again: a systemd swap unit, zram, or an installer's script.`,
		`Turn swap off, and find what turns it on.

    sudo swapoff -a; swapon --show
    systemctl list-units --type swap`},
	{ClockWrong, "a certificate is not valid at the time of the host's clock",
		`The host considers a certificate expired or not valid yet. Certificates are valid from an hour before they are
made, so either the host's clock is off by more than that, or the certificate really has expired.`,
		`Set the clocks: all hosts and this machine must agree to within seconds. If they do, renew the certificates with
up.

    timedatectl status
    sudo systemctl enable --now systemd-timesyncd || sudo systemctl enable --now chronyd`},
	{PortInUse, "a port that the service listens on is in use",
		`Another process on the host listens on the port in the message: often another installer's Kubernetes, a separate
etcd, or a process that outlived its service.`,
		`Stop what holds the port, or change the port in the inventory where it can be changed.

    sudo ss -ltnp 'sport = :2379'`},
	{ServiceNoSpace, "a service fails because its disk is full",
		`The journal of the service says that no space is left. Its data directory is on a full file system: images and
containers fill /var/lib/containerd; events and objects fill /var/lib/etcd.`,
		`Make space on the host, then run up again.

    df -h; df -i
    sudo crictl rmi --prune`},
	{OutOfMemory, "the kernel killed a service because memory ran out",
		`The host, or the service's cgroup, had no memory left, and the kernel ended the process. systemd starts it again,
and the kernel will kill it again.`,
		`Give the host more memory, or stop what else uses it. A control plane needs 2 GB, a worker 1 GB.

    free -h; sudo dmesg | grep -i 'out of memory'`},
	{KernelLacks, "the kernel or the host lacks something that the service needs",
		`A kernel module is missing, or iptables cannot be used, so containers have no overlay file system, or kube-proxy
or flannel cannot set their rules. Small cloud kernels come without such modules.`,
		`Install the modules of the running kernel, and iptables. After an update of the kernel, reboot first.

    sudo modprobe -a overlay br_netfilter; uname -r; ls /lib/modules`},
	{FlagUnknown, "the service does not know one of its flags, fields or feature gates",
		`An argument of the inventory has a name that this version of the component does not know: the name is misspelt,
belongs to another component, or was removed in this version of Kubernetes.`,
		`Remove or correct the argument in the inventory, then run up.

    kbootstrap validate -i hosts.yaml`},
	{WrongAuthority, "two components do not trust each other's certificates",
		`A certificate was signed by an authority that the other side does not trust. A host has files of another or an
earlier cluster, or the state directory was made again while the hosts were not.`,
		`Use the state directory that the cluster was made with; a reset of the host removes files of another cluster.

    sudo openssl x509 -in /etc/kubernetes/pki/ca.crt -noout -fingerprint -sha256`},
	{EtcdOtherCluster, "the data of an etcd member belong to another cluster",
		`The members have different cluster IDs: the data directory of one of them is from an earlier or another cluster.
Members of two clusters do not talk to each other. Nothing was deleted.`,
		`Find out which data are the right ones. If those of this host can go, reset the host, which deletes them.

    sudo etcdutl snapshot status /var/lib/etcd/member/snap/db -w table`},
	{EtcdMemberKnown, "the etcd member is part of a cluster already, and has no data",
		`etcd refuses to start as a new member, because the others know it from before: it has lost its data directory, or
was founded a second time.`,
		`Remove the member from the cluster and add it again, while the others have a quorum.

    etcdctl member list
    etcdctl member remove ID`},
	{EtcdMemberRemoved, "the etcd member was removed from its cluster",
		`The other members have removed this one permanently. A removed member never joins again with its old data.`,
		`Remove the role etcd from the host in the inventory, or reset the host and add it as a new member.`},
	{FileDenied, "a service is not allowed to open a file that it needs",
		`The service's user has no access to a file or directory that the journal names: its mode or owner was changed by
hand, or SELinux or AppArmor forbids the access.`,
		`Run up, which restores owner and mode of what it made; for anything else, look for denials.

    sudo ausearch -m avc -ts recent
    ls -lZ PATH`},
	{WrongArchitecture, "a program is not made for the host's processor",
		`The kernel cannot run the program: it was built for another architecture, or is damaged.`,
		`Compare the host's architecture with that of the artifacts in your mirror.

    uname -m; file -L /usr/local/bin/kubelet`},
	{LibraryTooOld, "a program needs a newer C library than the host has",
		`The program was linked against a newer glibc than this distribution has. Static builds run everywhere.`,
		`Use a static build in the mirror, an older version of that component, or a newer distribution.

    ldd --version`},
	{NameNotResolved, "a service cannot resolve a host name",
		`The host's resolver does not know the name in the journal. Components reach each other by address; names come
from arguments in the inventory, from image registries, and from the node's own name.`,
		`Add the name to DNS or to the host's /etc/hosts.

    getent hosts NAME; cat /etc/resolv.conf`},
	{EtcdUnreachable, "the API server cannot reach etcd",
		`No etcd member answers the API server: etcd is down or without a quorum, or a firewall drops port 2379 between
the hosts.`,
		`Repair etcd first; the API server recovers by itself.

    kbootstrap status -i hosts.yaml
    sudo journalctl -b -u etcd`},
	{ContainerdConfig, "containerd cannot read its configuration",
		`/etc/containerd/config.toml, or a file that it imports, has a version that this containerd does not read, or is
not TOML. Another installer, such as Docker's packages, may have replaced it.`,
		`Run up, which writes the file for this version, and look at imported files.

    sudo containerd config dump | head`},
	{CgroupVersion, "the kubelet of this version does not run on cgroup v1",
		`The host boots with the old cgroup hierarchy, which the kubelet refuses from Kubernetes 1.35 on unless it is told
to accept it.`,
		`Boot the host with cgroup v2, or use Kubernetes 1.34.

    stat -fc %T /sys/fs/cgroup        # cgroup2fs is v2
    systemd.unified_cgroup_hierarchy=1 on the kernel's command line`},
	{EtcdQuota, "etcd has reached the quota of its database and takes no more writes",
		`The database of etcd has grown to its quota (2 GB unless quota-backend-bytes is set), so etcd has raised the alarm
NOSPACE. The disk may have room all the same. Deleting objects does not help before old revisions are compacted and the
database is defragmented.`,
		`Compact and defragment the members one by one, then take back the alarm; or raise quota-backend-bytes in the
arguments of etcd.

    etcdctl endpoint status -w table
    etcdctl compact REVISION && etcdctl defrag && etcdctl alarm disarm`},
	{NodeRefused, "the API server does not register the node of a kubelet",
		`The kubelet runs and has asked the API server to register its node, and the server has refused that or was not
reached. The message has the answer that the kubelet got last.`,
		`Fix what the answer in the message names; the kubelet asks again by itself.

    sudo journalctl -b -u kubelet | grep -i regist`},
	{NodeDeleted, "a node was deleted while its kubelet runs",
		`The node was deleted from the API, by a user or a program. A kubelet registers its node once, when it starts, and from then on
only reports to it. So the node does not come back while this kubelet runs.`,
		`Restart the kubelet on that host, then run up.

    sudo systemctl restart kubelet`},
	{RuntimeSilent, "the kubelet does not reach the container runtime",
		`The kubelet ends at its start, because nothing answers at the socket of the container runtime (CRI): containerd or
cri-dockerd does not run, or runs without its CRI plugin.`,
		`Look at the container runtime first; the kubelet is started again by systemd.

    sudo systemctl status containerd cri-docker
    sudo crictl info`},
	{NameServerSilent, "the cluster DNS does not answer on a host",
		`The host asked the Service address of the cluster DNS for a name of the cluster, and got no answer or a wrong one
in time. The message has the last answer, and what each CoreDNS pod said when the host asked it past the Service.`,
		`If the pods answer and the Service does not, look at kube-proxy on the host; if only the pods of other hosts do not
answer, look at the pod network; if no pod answers, look at CoreDNS.

    kubectl -n kube-system get pods -l k8s-app=kube-dns -o wide
    kubectl -n kube-system logs -l k8s-app=kube-dns`},
}
