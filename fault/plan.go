package fault

// Faults of plans and refusals.
const (
	RefusedJoin       Code = "KB6010"
	RefusedReset      Code = "KB6011"
	StateLost         Code = "KB6012"
	AuthorityReplaced Code = "KB6013"
	OtherCluster      Code = "KB6014"
	HostGone          Code = "KB6015"
	MemberGone        Code = "KB6016"
	RoleMoved         Code = "KB6017"
	NetworkChanged    Code = "KB6018"
	Downgrade         Code = "KB6019"
	MinorUpgrade      Code = "KB6020"
	MemberAdded       Code = "KB6021"
	MemberMoved       Code = "KB6022"
	MemberEmpty       Code = "KB6023"
	QuorumAtRisk      Code = "KB6024"
	NotFounded        Code = "KB6025"
	NoControlPlane    Code = "KB6026"
	ResetOfOthers     Code = "KB6027"
	ResetUnproven     Code = "KB6028"
	AddressMoved      Code = "KB6030"
	SameMachine       Code = "KB6031"
	OtherNode         Code = "KB6032"
	NodeTaken         Code = "KB6033"
	HalfChanged       Code = "KB6034"
)

// Faults of plans in files.
const (
	PlanUnread           Code = "KB6040"
	PlanOfOtherVersion   Code = "KB6041"
	PlanOfOtherInventory Code = "KB6042"
	PlanStale            Code = "KB6043"
	PlanRefused          Code = "KB6044"
)

// planEntries are the faults of plans, refusals and locks.
var planEntries = []Entry{
	{RefusedJoin, "a member cannot join etcd now",
		`A new member changes the quorum of etcd, so it joins only when every member that is there answers, knows a leader,
has no alarm, and runs the minor version of the new one; when no other member is about to join or leave; and when the
new host has no data of an etcd. The message says which of that does not hold, with the numbers. Nothing was changed.`,
		`Repair what the message names, then run the same command again.

    kbootstrap status -i hosts.yaml`},
	{RefusedReset, "a single control plane or etcd member is not reset",
		`Resetting it would take a member out of a running quorum: three members survive the loss of one, and the two that
remain survive no further loss; of a single member all data would be lost.`,
		`Remove the host from the cluster, which sees to the quorum first, or reset the whole cluster.

    kbootstrap remove-node m3 -i hosts.yaml`},
	{StateLost, "the state directory is lost, but the cluster exists",
		`The hosts hold a cluster of this name, but its authorities are not in .kbootstrap/<cluster>/pki next to the
inventory: the directory was removed, the inventory was copied without it, or this is not the machine that made the
cluster. New authorities would lock out every host, every pod and every administrator, so the tool makes none.
Nothing was changed.`,
		`Restore .kbootstrap/<cluster> from a backup, or run on the machine that has it.

The control planes keep copies of the cluster's own authority and of the service account keys; docs/pki.md says
which. To give up the cluster with all its data, and make a new one:

    kbootstrap reset -i hosts.yaml
    kbootstrap up -i hosts.yaml`},
	{AuthorityReplaced, "the keys in the state directory are another cluster's",
		`A control plane or an etcd host has an authority, or a key for service account tokens, that is not the one in
.kbootstrap/<cluster>/pki. The directory belongs to a cluster of the same name that was made elsewhere or later. Its
keys would lock out every host, every pod and every administrator.`,
		`Put back the state directory that this cluster was made with.

To give up the cluster with all its data instead, move the wrong directory away, so that reset goes by the names
that the hosts give; then reset, and up.`},
	{OtherCluster, "a host belongs to another cluster",
		`The mark of the tool in /var/lib/kbootstrap/cluster, or that of etcd in /etc/etcd/bootstrapped, says that the host
belongs to a cluster of another name. Either the name was changed in the inventory, or the host was taken from another
cluster without a reset. up and reset refuse it alike, and change nothing.`,
		`Restore the old name, or first reset the host's old cluster with its own inventory.

The name of a cluster cannot be changed: it is part of etcd's token and of the path of the state directory.`},
	{HostGone, "a node of the cluster is not in the inventory",
		`The cluster has a node that was made from this inventory, but the inventory no longer has its host. Leaving a
host out never removes it: its pods would be lost without being moved, and the host would keep running.`,
		`Put the host back into the inventory, remove it from the cluster, and then take it out.

    kbootstrap remove-node w2 -i hosts.yaml

If the machine itself is lost, delete its node instead:

    kubectl delete node w2`},
	{MemberGone, "a member of etcd is not in the inventory",
		`etcd's own list has a member whose host is no longer in the inventory. Even if it were left out of the list of
peers, the other members would still count it for their quorum.`,
		`Put the host back into the inventory.

Leaving a host out does not remove its member; remove-node does.

    kbootstrap remove-node m3 -i hosts.yaml`},
	{RoleMoved, "a host still runs a role that the inventory no longer gives it",
		`The host has units of a role, etcd or control-plane, that the inventory does not give it any more. Removing them
would remove a member of a quorum, and up never does that because of something left out.`,
		`Give the host its role again, or take the whole host out of the cluster with remove-node and add it again.`},
	{NetworkChanged, "a network or the domain of a running cluster was changed",
		`The network of pods, the network of Services and the DNS domain are fixed when a cluster is made. Nodes, Services
and pods keep the addresses and names that they got from the old value, and could not reach those with the new one.`,
		`Restore the old value. For another value, make a new cluster.`},
	{Downgrade, "the inventory has an older version than the cluster runs",
		`An older version may not be able to read what a newer one has written to etcd or to disk. Kubernetes and etcd do
not support downgrades.`,
		`Set the version that is running, which the message names, or a newer patch of it.`},
	{MinorUpgrade, "the inventory has another minor version of Kubernetes than the cluster",
		`A cluster moves only from one minor version to the next, control planes before kubelets, with nodes drained one
after another. upgrade does that. up changes all hosts together, so it does not take a running cluster to another minor
version, and does not finish an upgrade that is half done. It does install a newer patch of the same minor version.`,
		`Upgrade the cluster, or set the minor version that is running, which the message names.

    kbootstrap upgrade -i hosts.yaml --dry-run`},
	{MemberAdded, "a limited run does not add a member to etcd",
		`The inventory gives the role etcd to a host that etcd does not have in its list. A new member is added, catches up
and is promoted while all others are watched, and then every host is told of the new control plane. A run with --limit
or --only leaves something of that out, so it does nothing of it.`,
		`Run up without limits, or name the host to add-node.

    kbootstrap add-node m2 m3 -i hosts.yaml`},
	{MemberMoved, "the address of a member of etcd was changed",
		`etcd's list, or the unit on the host, has the member at another address than the inventory: its address was changed,
or two hosts have swapped their names. The member would start, but the others would look for it at the wrong address.`,
		`Write the address that the message names again, and give it back to the host if it has lost it.

It comes first on the interface; the new one may stay next to it. To move a member to another address takes a new
cluster: run reset with the old inventory, and up with the new one.`},
	{MemberEmpty, "a member of etcd has lost its data",
		`According to etcd's list the member has run before, but its host has no data. The disk was lost, or the host was
reinstalled under the same name. A member that starts with an empty directory could break promises that it made to
the others, so etcd refuses to start it, and up does not wipe or replace members by itself.`,
		`Restore /var/lib/etcd of that host. A host that was installed again gets its place back with replace-node:

    kbootstrap replace-node m3 -i hosts.yaml`},
	{QuorumAtRisk, "etcd would lose its quorum",
		`The plan restarts a member of etcd, and so many others are unreachable that the remaining members would not be a
majority during the restart. The cluster would stop.`,
		`Bring the other members back first, or limit the run to other components with --only.`},
	{NotFounded, "there is no cluster yet, and a host that founds it is missing",
		`Every host with the role etcd and the first control plane take part in founding a cluster. One of them cannot be
reached, or the run was limited to other hosts.`,
		`Run up for the whole inventory while these hosts are reachable.

    kbootstrap up -i hosts.yaml`},
	{NoControlPlane, "no control plane can be reached",
		`The run needs the API, which the control planes serve, but none of them could be reached. --max-failures is for
hosts that the others can do without.`,
		`Restore the connection to at least one control plane.`},
	{ResetOfOthers, "reset: a host trusts other authorities than those of the state directory",
		`The host has a certificate authority, or a public key for service account tokens, whose key is not that in
.kbootstrap/<cluster>/pki. So it belongs to a cluster that was made with another state directory, perhaps one of the
same name. reset removes only the cluster of the inventory. Nothing was changed on any host.`,
		`Use the inventory and the state directory that the host's cluster was made with.

If the hosts are the right ones and the state directory is not, move the directory away. Then reset goes by the names
that the hosts themselves give:

    mv .kbootstrap/demo .kbootstrap/demo.wrong
    kbootstrap reset -i hosts.yaml --dry-run`},
	{ResetUnproven, "reset: nothing shows that a host belongs to the cluster",
		`Without the state directory reset goes by what hosts tell: the mark of the tool in /var/lib/kbootstrap/cluster, etcd's
mark, the context of the kubelet's kubeconfig, and the authorities that they trust. This host names no cluster and
trusts authorities that no host of the inventory's cluster has; or hosts of one name trust different authorities.
Nothing was changed on any host.`,
		`Restore .kbootstrap/<cluster>, or run on the machine that has it.

One more host that names the cluster, such as a control plane that can be reached again, is enough for those that
trust the same authorities.`},
	{AddressMoved, "the address of a control plane was changed",
		`The running cluster has this control plane at another address than the inventory: its API server was started
with that address, or its node has it. Every kubelet, every certificate and every kubeconfig leads there. Nothing was
changed.`,
		`Write the address that the message names again, and give it back to the host if it has lost it.

It comes first on the interface; the new one may stay next to it, for everything else.

    ip address replace 192.168.56.11/24 dev eth1

To move a control plane to another address takes a new cluster: run reset with the old inventory, and up with the new
one. A worker may move: change its address in the inventory and on the host, and run up.`},
	{SameMachine, "two entries of the inventory lead to the same machine",
		`Two hosts of the inventory have the same machine-id and were booted at the same moment: it is one machine, which was
reached in two ways. Forwarded ports were mixed up, or a name resolves to the wrong address. Nothing was changed.`,
		`Correct ssh.address or ssh.port of one of the two.

    ssh -p 2222 vagrant@127.0.0.1 cat /etc/machine-id`},
	{OtherNode, "an entry of the inventory leads to the machine of another node",
		`The API knows the machine that was reached as a node of another name. Either the session leads to the wrong machine,
or "name:" was changed in the inventory. A node keeps the name that it was made with: under another one its pods and
volumes would stay with the old node. Nothing was changed.`,
		`Correct ssh.address and ssh.port, or write the old name again.

To rename a worker, take it out under its old name and add it under the new one.

    kbootstrap reset -i hosts.yaml --host w1
    kbootstrap add-node w9 -i hosts.yaml`},
	{NodeTaken, "the node of this name runs on another machine",
		`A node of the cluster has this host's name, and its kubelet is alive on another machine than the one that was
reached. Two kubelets of one name would take each other's pods away. A machine that was installed again in place of one
that is gone is no such case: its node is NotReady. Nothing was changed.`,
		`Correct ssh.address and ssh.port, or give the new machine another name.

If it is to replace the other, switch that one off, and wait until its node is NotReady.

    kubectl get node w1`},
	{HalfChanged, "a limited run would change a part of what must agree",
		`The inventory has another value than the running cluster for something that all hosts must have alike (the way
between pods, the port of the API), or a version of Kubernetes that no API server has yet, and the run is limited to some
hosts or components. What it changes would not work with the rest. Nothing was changed.`,
		`Run up without --limit and --only, or restore the value of the running cluster.

    kbootstrap up -i hosts.yaml`},
	{PlanUnread, "the plan cannot be read",
		`The file does not exist, cannot be read, is cut off, or is not a plan that was saved with plan -o. No
host was touched.`,
		`Name a file that plan -o wrote.

    kbootstrap plan -i hosts.yaml -o demo.plan`},
	{PlanOfOtherVersion, "the plan was made by another version of the tool",
		`Two versions may want different things for the same inventory, or write plans in different formats. What was
approved is what the version that made the plan would do. No host was touched.`,
		`Run the version of the tool that made the plan, or make and approve a new one.

    kbootstrap --version`},
	{PlanOfOtherInventory, "the plan is for another inventory",
		`A plan says which inventory it is for, and the tool uses that one. -i named another file, with another content.
No host was touched.`,
		`Leave out -i, or name the inventory of the plan, which plan --show prints.

    kbootstrap plan --show demo.plan`},
	{PlanStale, "the plan is not what would be done now",
		`After the plan was made, a host changed, or the wanted state did: the inventory, the artifact lock, a renewed
certificate, or the machine itself. The message names each place, with its present difference. Nothing was changed.
What already is as wanted by now does not count, so an interrupted run of a plan can be repeated.`,
		`Look at what has changed, then make a new plan and have it approved.

    kbootstrap plan -i hosts.yaml -o demo.plan`},
	{PlanRefused, "up would refuse this plan",
		`Something in the plan would harm the existing cluster. Each such thing is listed above the plan, marked with !,
with a code of its own and what to do instead. A plan that would be refused is not saved. Nothing was changed.`,
		`Fix what is marked with ! above the plan.`},
}
