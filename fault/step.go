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
)

// stepEntries are the faults of steps on hosts.
var stepEntries = []Entry{
	{StepFailed, "a step failed on a host",
		`Something was to be looked at or changed on the host, and the system refused. The message has the resource, such as
"file /etc/hosts", and the system's own words. What was done before stays; what did not depend on this was finished.`,
		`Mend what the system's words complain of, then run the same command again: it goes on where it stopped.`},
	{NotAsWanted, "what was just changed is not as it was made",
		`Each change is looked at again. This one did not hold: something else on the host changes the same thing, such as
another configuration tool, a script of the network, or a service that ends as soon as it has started.`,
		`Find out who changes it back, and stop that or take the thing out of one of the two.

    sudo journalctl --since -5min`},
	{NoSpace, "no space left on a host's disk",
		`A file system of the host is full, or has no inodes left. Nothing is half written: a file is renamed to its name only
when it is complete, so what was there before is still there.`,
		`Make space on the file system of the path in the message, then run the same command again.

    df -h; df -i
    sudo journalctl --vacuum-size=200M`},
	{ReadOnly, "a file system of a host is read-only",
		`The path in the message is on a file system that is mounted read-only: by intent, as with an immutable system, or since
the kernel found it damaged and remounted it.`,
		`Mount it writable, or if the kernel found damage, mend that first.

    dmesg | grep -i 'remount\|EXT4-fs error\|XFS'
    findmnt -T /etc`},
	{DiskFails, "a disk of a host fails",
		`Reading or writing ended with an input/output error. That comes from the device, not from the tool.`,
		`Look at the kernel's messages and replace the disk. A member of etcd on it is lost: remove and add the host.

    dmesg | grep -i 'i/o error'`},
	{PackageFailed, "the package manager failed",
		`A program that Kubernetes needs is missing, and apt, dnf or yum could not install its package. Their own words are in
the message: often a mirror that cannot be reached, or an interrupted dpkg.`,
		`Install the package by hand on the host, then run the same command again.

    sudo dpkg --configure -a && sudo apt-get update`},
	{PackagesLocked, "the package manager is in use by another program",
		`Another program holds the lock of apt or dnf. After the first boot of a cloud image that is the unattended upgrade, for
some minutes. The tool has waited two minutes for it.`,
		`Wait until it has ended, then run the same command again. This shows who holds it:

    sudo fuser -v /var/lib/dpkg/lock-frontend`},
	{PackageUnknown, "a program is missing, and no package of this system is known to have it",
		`The host lacks a program that Kubernetes needs, and it has none of apt-get, dnf and yum, or the tool does not know which
package of theirs brings it.`,
		`Install the program in the message by hand, then run the same command again.`},
	{ServiceNotStarted, "a service does not start",
		`systemd was asked to start a unit, and no process with the new configuration runs, or it ends again at once. The end of
the unit's journal is in the message; no known cause was found in it.`,
		`Read the journal of the unit from its last start.

    sudo systemctl status UNIT
    sudo journalctl -b -u UNIT`},
	{ServiceNotReady, "a service runs, but does not become healthy",
		`The process runs, and its own health endpoint did not say so before the deadline. The last answer and the end of the
journal are in the message; no known cause was found in them.`,
		`Look at the last answer, at the journal of the unit, and whether what it depends on is healthy.

    kbootstrap status -i hosts.yaml
    sudo journalctl -b -u UNIT`},
	{NodeNotReady, "a node does not become Ready",
		`The kubelet has not registered its node, or the node says why it is not ready: no network plugin yet, no pod network
from the controller manager, a container runtime that does not answer.`,
		`Look at the reason in the message, then at the kubelet's and containerd's journals on that host.

    sudo journalctl -b -u kubelet -u containerd`},
	{ObjectRefused, "the API server does not accept an object",
		`An object that the cluster needs was refused, or the API server did not answer in time. Its words are in the message: an
admission webhook that is down, a quota, or a server that is still starting.`,
		`Look at the health of the API server, and at webhooks that match the object.

    kubectl get --raw '/readyz?verbose'
    kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations`},
	{MemberWithoutData, "an etcd member of an existing cluster has lost its data",
		`The cluster exists, this host belongs to its etcd members, and its data directory is empty: its disk was replaced or the
host was made anew. It is not started, since it could found a second, empty cluster.`,
		`Remove the member from the cluster and add it again, while the other members have a quorum.

    etcdctl member list
    etcdctl member remove ID`},
	{PathOccupied, "something else is at the path of a file",
		`Where the tool keeps a file, a directory or a link there is something of another kind, which it did not make and will
not remove.`,
		`Move away what is at the path in the message, then run the same command again.`},
	{ContentDamaged, "what arrived on a host is not what was sent",
		`Each program and image is summed again on the host. This one had another sum or length: the connection or the host's
disk or memory damages data. Nothing of it was kept.`,
		`Run the same command again. If it happens again, check the host's memory and disk.`},
	{ContentNotSent, "a program or image could not be sent to a host",
		`A step on the host waited for a content that the control machine could not bring. The message has the reason.`,
		`Mend the reason in the message, then run the same command again: only what is missing is sent.`},
}
