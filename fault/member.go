package fault

// Faults of control planes and members of etcd that come and go.
const (
	MemberNotChanged Code = "KB6056"
	RefusedRemoval   Code = "KB6057"
	DrainBlocked     Code = "KB6058"
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
}
