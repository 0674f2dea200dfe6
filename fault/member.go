package fault

// Faults of control planes and members of etcd that come and go.
const (
	MemberNotChanged Code = "KB6056"
	RefusedRemoval   Code = "KB6057"
	DrainBlocked     Code = "KB6058"
	MembersDisagree  Code = "KB6059"

	NotInstalledAgain  Code = "KB6070"
	RefusedReplacement Code = "KB6071"
	RefusedRecovery    Code = "KB6072"
	NotSalvaged        Code = "KB6073"
)

// memberEntries are the faults of control planes and members of etcd that come and go.
var memberEntries = []Entry{
	{MemberNotChanged, "etcd does not add, promote or remove a member",
		`A new member of etcd is added as a learner, catches up, and is promoted; one that leaves is removed from the list.
etcd did not do one of that within the time that the message names, and the message ends with its last answer.
"unhealthy cluster" says that the member that was asked is not connected to every other; "in sync with leader" says
that the new member still lacks entries, or does not run.`,
		`See to the reason in the last answer, then run the same command again: it reads etcd's list and goes on there.

    kbootstrap status -i hosts.yaml`},
	{RefusedRemoval, "these hosts may not be removed now",
		`Removing the hosts would leave the cluster without a control plane, without a member of etcd, or with so few
healthy members that they are no majority; or another change of members is half done. The message has the numbers.
Nothing was changed.`,
		`Bring the other members back first, or add a control plane before you remove one.

    kbootstrap status -i hosts.yaml

A host that is lost for good is removed with --dead, one at a time.`},
	{DrainBlocked, "pods do not leave a host",
		`A host is emptied before it is removed or its kubelet is upgraded: its pods are evicted, as far as their
PodDisruptionBudgets allow. Some pods did not leave within the time of --timeout; the message names them, and the budget
that keeps each. The host is cordoned by remove-node; after an upgrade it takes pods again.`,
		`Give the budget another replica that may go, or wait longer with --timeout.

    kubectl get poddisruptionbudgets -A`},
	{MembersDisagree, "the members of etcd could not be seen to hold the same",
		`When a member of etcd has joined, each member computes a hash of what it holds at one revision. The hashes are still
different after minutes, or a member did not answer; the message has the hashes, or the answer. The new member votes
already; no API server reads from it yet.`,
		`See to a member that did not answer, or take out the one whose hash differs from all others and add it again.

If only the new member differs, its data is damaged: that of the others was there before. It may also have been late:
compare once more on a control plane (etcdctl endpoint hashkv --cluster).

    kbootstrap status -i hosts.yaml
    kbootstrap remove-node m3 -i hosts.yaml
    kbootstrap add-node m3 -i hosts.yaml`},
	{NotInstalledAgain, "a host that is to be replaced was not installed again",
		`replace-node is for a host that was installed again, or got a new disk: under its name and address, and without
anything of the cluster. This host has something of a cluster; the message says what. Nothing was changed.`,
		`If the first half of a replacement was cut off after it, the second half goes on:

    kbootstrap add-node m3 -i hosts.yaml

If the host works, it needs no replacement. To take it out of the cluster and to empty it, use remove-node.`},
	{RefusedReplacement, "a host cannot be replaced now",
		`To replace a member of etcd means to remove the old one and to add a new one. Both need every other member: one
that is not well, a learner, or the lack of another control plane keeps the host from being replaced. The message has
the numbers. Nothing was changed.`,
		`Bring the other members back first, then run the same command again.

    kbootstrap status -i hosts.yaml`},
	{RefusedRecovery, "there is nothing that recover may do",
		`recover makes a cluster of etcd out of one member, when so many are lost that the rest is no majority. That is
the last way: what only lost members had is gone. It is refused while etcd has a leader, while so many members have
their data that they are a majority, and when no member has any. The message has the numbers. Nothing was changed.`,
		`Members that have their data form a quorum by themselves when they run: start them.

    kbootstrap status -i hosts.yaml

When no member has its data, only a backup helps.`},
	{NotSalvaged, "the data of a member of etcd could not be salvaged",
		`recover opens a copy of a member's data with an etcd of its own, takes a snapshot of it, and restores that. One of
these did not work; the message says which, and why. The data itself was not changed: the API server and etcd are
stopped, and that is all.`,
		`Look at the reason; a disk that is full is the most frequent one: the copy and what is restored from it lie next
to the data. Then run the same command again.

    df -h /var/lib/etcd
    journalctl -u kbootstrap-salvage`},
}
