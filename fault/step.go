package fault

// Faults of steps on hosts.
const (
	StepFailed        Code = "KB5003"
	NotAsWanted       Code = "KB5004"
	NoSpace           Code = "KB5005"
	ReadOnly          Code = "KB5006"
	DiskFails         Code = "KB5007"
	PackageFailed     Code = "KB5008"
	PackagesLocked    Code = "KB5009"
	PackageUnknown    Code = "KB5010"
	ServiceNotStarted Code = "KB5011"
	ServiceNotReady   Code = "KB5012"
	NodeNotReady      Code = "KB5013"
	ObjectRefused     Code = "KB5014"
	MemberWithoutData Code = "KB5015"
	PathOccupied      Code = "KB5016"
	ContentDamaged    Code = "KB5017"
	ContentNotSent    Code = "KB5018"
	ObjectNotReady    Code = "KB5019"
	PodsCutOff        Code = "KB5023"
	PodNetworkDiffers Code = "KB5024"
	BridgeInUse       Code = "KB5025"
	NodeNotRegistered Code = "KB5026"
	AdminRefused      Code = "KB5028"
	PackagesGone      Code = "KB5036"
)

// stepEntries are the faults of steps on hosts.
var stepEntries = []Entry{
	{StepFailed, "a step failed on a host",
		`The tool wanted to look at or change something on the host, and the system refused. The message has the resource,
such as "file /etc/hosts", and the system's own words. What was done before stays; what did not depend on this step
was finished.`,
		`Fix what the system complains about, then run the same command again: it continues where it stopped.`},
	{NotAsWanted, "a change did not last",
		`The tool looks at each change again. This one did not last: something else on the host changes the same thing,
such as another configuration tool, a network script, or a service that ends as soon as it has started.`,
		`Find out what changes it back, and stop that, or leave it to only one of the two.

    sudo journalctl --since -5min`},
	{NoSpace, "no space left on a host's disk",
		`A file system of the host is full, or has no inodes left. Nothing is half written: a file gets its name only when
it is complete, so what was there before is still there.`,
		`Make space on the file system of the path in the message, then run the same command again.

    df -h; df -i
    sudo journalctl --vacuum-size=200M`},
	{ReadOnly, "a file system of a host is read-only",
		`The path in the message is on a file system that is mounted read-only: on purpose, as on an immutable system, or
because the kernel found it damaged and remounted it.`,
		`Mount the file system writable; if the kernel found damage, repair that first.

    dmesg | grep -i 'remount\|EXT4-fs error\|XFS'
    findmnt -T /etc`},
	{DiskFails, "a disk of a host fails",
		`Reading or writing ended with an input/output error. That comes from the device, not from the tool.`,
		`Look at the kernel's messages and replace the disk. A member of etcd on it is lost: remove the host and add it
again.

    dmesg | grep -i 'i/o error'`},
	{PackageFailed, "the package manager failed",
		`A program that Kubernetes needs is missing, and apt, dnf or yum could not install its package. The message has
their own words: often a mirror cannot be reached, or dpkg was interrupted.`,
		`Install the package by hand on the host, then run the same command again.

    sudo dpkg --configure -a && sudo apt-get update`},
	{PackagesLocked, "the package manager is in use by another program",
		`Another program holds the lock of apt or dnf. After the first boot of a cloud image, the unattended upgrade holds
it for some minutes. The tool has waited two minutes for it.`,
		`Wait until that program has ended, then run the same command again. This shows what holds the lock:

    sudo fuser -v /var/lib/dpkg/lock-frontend`},
	{PackagesGone, "the package manager does not reach its repositories",
		`A program that Kubernetes needs is missing, and apt, dnf or yum could read no list of packages: the host has no way
to the servers that its repositories name, or a distribution that is no longer supported has been taken from them. Those
of CentOS 7 and 8 went to vault.centos.org, those of Debian to archive.debian.org. The tool does not change
repositories. Nothing was installed.`,
		`Name repositories that are there, or install the package by hand, and run the same command again. For CentOS 7:

    sudo sed -i 's|^mirrorlist=|#&|; s|^#baseurl=http://mirror.centos.org|baseurl=http://vault.centos.org|' \
      /etc/yum.repos.d/CentOS-*.repo`},
	{PackageUnknown, "a program is missing, and the tool knows no package that has it",
		`The host lacks a program that Kubernetes needs, and either the host has none of apt-get, dnf and yum, or the tool
does not know which of their packages has the program.`,
		`Install the program in the message by hand, then run the same command again.`},
	{ServiceNotStarted, "a service does not start",
		`The tool asked systemd to start a unit, but no process with the new configuration is running, or it ends at once.
The message has the end of the unit's journal; the tool found no known cause in it.`,
		`Read the journal of the unit from its last start.

    sudo systemctl status UNIT
    sudo journalctl -b -u UNIT`},
	{ServiceNotReady, "a service runs, but does not become healthy",
		`The process is running, but its own health endpoint did not report that it is healthy before the deadline. The
message has the last answer and the end of the journal; the tool found no known cause in them.`,
		`Look at the last answer and at the unit's journal, and check whether what the service depends on is healthy.

    kbootstrap status -i hosts.yaml
    sudo journalctl -b -u UNIT`},
	{NodeNotReady, "a node does not become Ready",
		`The kubelet has not registered its node, or the node says why it is not ready: no network plugin yet, no pod
network from the controller manager, a container runtime that does not answer.`,
		`Look at the reason in the message, then at the kubelet's and containerd's journals on that host.

    sudo journalctl -b -u kubelet -u containerd`},
	{ObjectRefused, "the API server does not accept an object",
		`The API server refused an object that the cluster needs, or did not answer in time. The message has its words: an
admission webhook is down, a quota is exhausted, or the server is still starting.`,
		`Check the health of the API server and the webhooks that match the object.

    kubectl get --raw '/readyz?verbose'
    kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations`},
	{MemberWithoutData, "an etcd member of an existing cluster has lost its data",
		`The cluster exists and this host is one of its etcd members, but its data directory is empty: the disk was
replaced or the host was reinstalled. The tool does not start the member, because it could found a second, empty
cluster.`,
		`Remove the member from the cluster and add it again, while the other members have a quorum.

    etcdctl member list
    etcdctl member remove ID`},
	{PathOccupied, "something else is at the path of a file",
		`Where the tool keeps a file, a directory or a link, there is something of another kind, which the tool did not
make and will not remove.`,
		`Move away what is at the path in the message, then run the same command again.`},
	{ContentDamaged, "what arrived on a host is not what was sent",
		`The host computes the sum of each program and image again. This one had another sum or length: the connection, or
the host's disk or memory, damages data. The tool kept nothing of it.`,
		`Run the same command again. If it happens again, check the host's memory and disk.`},
	{ContentNotSent, "a program or image could not be sent to a host",
		`A step on the host waited for a file that the control machine could not send. The message has the reason.`,
		`Fix the reason in the message, then run the same command again: it sends only what is missing.`},
	{ObjectNotReady, "an object of the cluster does not become ready",
		`The API server accepted the object, but a Deployment does not become available, a DaemonSet does not run on every
node, or an APIService does not answer. The message has what its status said last: often an image cannot be pulled, no
node takes the pods, or the pods end as soon as they have started.`,
		`Look at the object's conditions and at the events and logs of its pods.

    kubectl describe -n NAMESPACE KIND NAME
    kubectl get events -A --sort-by=.lastTimestamp`},
	{PodsCutOff, "pods on a host do not run, or do not reach what pods need",
		`Every host runs a pod of the DaemonSet "probe" in the namespace "kbootstrap". On this host it does not run, or from
its network the API's Service address, the cluster DNS or the pod of another host is not reached. The message says
which, and why a pod does not start in the words of the kubelet.`,
		`Look at the pod of this host, then at the services that its way leads through: containerd, flanneld, kube-proxy.

    sudo kubectl -n kbootstrap get pods -o wide
    sudo kubectl -n kbootstrap get events
    sudo journalctl -u flanneld -u kube-proxy --since -10min

If only pods of other hosts are not reached, something between the hosts drops their packets: with the backend vxlan
udp 8472 must pass both ways.`},
	{PodNetworkDiffers, "the network of a host's pods does not agree with its node",
		`The subnet that the API gives to the node, flannel's lease, the CNI configuration, the bridge cni0 and the pods on it
belong together. The tool restarted flanneld, and what else mends it, and they still differ. The message says what.`,
		`Read the journal of flanneld, and see what else changes the interfaces cni0 and flannel.1 on that host.

    sudo journalctl -u flanneld --since -10min
    ip -d address show dev cni0; ip -d address show dev flannel.1`},
	{BridgeInUse, "the interface cni0 belongs to containers of another program",
		`Pods need a bridge named cni0 with the first address of the node's subnet. The host has one with another address, and
interfaces are on it that are not of pods of this cluster. To delete it would cut those containers off, so the tool
does not.`,
		`Stop the containers that use the bridge, or give them another one, then delete it and run the same command again.

    bridge link show
    sudo ip link delete cni0`},
	{NodeNotRegistered, "a kubelet does not register its node",
		`The kubelet runs, and the API has no node of that name. A kubelet registers its node once, when it starts, so the
tool restarted it; the node is still not there.`,
		`Read the journal of the kubelet: it says why the API does not take the node.

    sudo journalctl -u kubelet --since -10min`},
	{AdminRefused, "the API refuses the administrator",
		`The tool speaks to the API with /etc/kubernetes/admin.conf of a control plane, in the name of the operator. The API
does not know that user, or the ClusterRoleBinding kubeadm:cluster-admins gives the group kubeadm:cluster-admins no
rights any more. The tool binds the group again with /etc/kubernetes/super-admin.conf, which the first control plane of
the inventory has; on the control plane that was asked there is none.`,
		`Have the first control plane of the inventory answer and run the command again; or bind the group by hand there.

    sudo kubectl --kubeconfig /etc/kubernetes/super-admin.conf create clusterrolebinding kubeadm:cluster-admins \
      --clusterrole cluster-admin --group kubeadm:cluster-admins`},
}
