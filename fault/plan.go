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
	{RefusedJoin, "add-node does not make control planes or etcd members",
		`A worker joins a running cluster by starting a few units. A control plane or a member of etcd changes a quorum, and
add-node does not do that yet.`,
		`Give the host the role worker only. Control planes are made by the first run of up.`},
	{RefusedReset, "one control plane or etcd member alone is not reset",
		`Resetting it would take a member out of a running quorum: of three members, two more losses would then be one, and
of one member all data would be lost.`,
		`Reset the whole cluster, or keep the host.

    kbootstrap reset -i hosts.yaml`},
	{StateLost, "the state directory is lost, and the cluster is there",
		`The hosts hold a cluster of this name, but its authorities are not in .kbootstrap/<cluster>/pki beside the inventory:
the directory was removed, the inventory was copied without it, or this is another machine than the one that made the
cluster. New authorities would lock out every host, every pod and every administrator, so none are made. Nothing was
changed.`,
		`Restore .kbootstrap/<cluster> from a backup, or run on the machine that has it.

The control planes keep copies of the cluster's own authority and of the keys of service accounts; docs/pki.md says which.
To give the cluster up with all data, and make a new one:

    kbootstrap reset -i hosts.yaml
    kbootstrap up -i hosts.yaml`},
	{AuthorityReplaced, "the keys in the state directory are another cluster's",
		`A control plane or an etcd host has an authority, or a key for service account tokens, that is not the one in
.kbootstrap/<cluster>/pki. The directory is of a cluster of the same name that was made elsewhere or later. Its keys would
lock out every host, every pod and every administrator.`,
		`Put the state directory back that this cluster was made with.

To give the cluster up with all data instead: kbootstrap reset, then up.`},
	{OtherCluster, "a host belongs to another cluster",
		`The mark in /etc/etcd/bootstrapped says that the host's etcd is of a cluster of another name. Either the name was
changed in the inventory, or the host was taken from another cluster without a reset.`,
		`Write the old name again, or reset the host's old cluster with its own inventory first.

The name of a cluster cannot be changed: it stands in etcd's token, and its state lies in a directory of that name.`},
	{HostGone, "a node of the cluster is not in the inventory",
		`The cluster has a node that was made from this inventory, and the inventory no longer has it. A host is never removed
by leaving it out: its pods would be lost without being moved, and it would go on running.`,
		`Put the host back into the inventory, reset it, and then take it out.

    kbootstrap reset -i hosts.yaml --host w2

If the machine itself is lost, delete its node instead:

    kubectl delete node w2`},
	{MemberGone, "a member of etcd is not in the inventory",
		`etcd's own list has a member that the inventory no longer has as a host. Without it in the list of peers the others
would still count it for their quorum.`,
		`Put the host back into the inventory.

Members are not taken out by leaving them out, and the tool has no command for it yet.`},
	{RoleMoved, "a host runs what the inventory no longer gives it",
		`The host has units of a role, etcd or control-plane, that the inventory does not give it any more. To take them away
would remove a member of a quorum, and up never does that by omission.`,
		`Give the host its role again.`},
	{NetworkChanged, "a network or the domain of a running cluster was changed",
		`The network of pods, the network of Services and the DNS domain are fixed when a cluster is made. Nodes, Services and
pods keep what they were given from the old ones, and would not reach those with new ones.`,
		`Write the old value again. For another one, make a new cluster.`},
	{Downgrade, "the inventory has an older version than the cluster runs",
		`What a newer version has written, to etcd or to disk, an older one may not be able to read. Kubernetes and etcd support no
way back.`,
		`Write the version that runs, which the message names, or a newer patch of it.`},
	{MinorUpgrade, "the inventory has another minor version of Kubernetes than the cluster",
		`A cluster goes from one minor version to the next only, control planes before kubelets, with nodes drained one after the
other. up changes all hosts together and does none of that, so it does not bring a running cluster to another minor
version. A newer patch of the same minor version it does.`,
		`Write the minor version that runs, which the message names.`},
	{MemberAdded, "the role etcd was given to a host of a running cluster",
		`A new member must be added to etcd's list before it starts, and catch up before it counts. up does not do that yet; a
member that is not in the list does not start.`,
		`Take the role etcd from the host. The members of a cluster are those of the first run of up.`},
	{MemberMoved, "the address of a member of etcd was changed",
		`etcd's list has the member at another address than the inventory: its address was changed, or two hosts have changed
their names. The member would start, and the others would look for it where it is not.`,
		`Write the address again that the message names.`},
	{MemberEmpty, "a member of etcd has lost its data",
		`etcd's list has the member as one that has run, and its host has no data. The disk was lost, or the host was made anew
under the same name. Started with an empty directory a member could break what it has promised to the others, so etcd
refuses that, and the tool does not wipe or replace members by itself.`,
		`Restore /var/lib/etcd of that host, or replace the member by hand as etcd's documentation tells.

    https://etcd.io/docs/v3.6/op-guide/runtime-configuration/`},
	{QuorumAtRisk, "etcd would lose its quorum",
		`The plan restarts a member of etcd, and so many others are out of reach that the members which are left are no majority
while it restarts. The cluster would stop.`,
		`Bring the other members back first, or limit the run to other components with --only.`},
	{NotFounded, "there is no cluster yet, and who founds it is missing",
		`Every host with the role etcd and the first control plane take part in founding a cluster. One of them cannot be reached,
or the run was limited to other hosts.`,
		`Run up for the whole inventory, with these hosts reachable.

    kbootstrap up -i hosts.yaml`},
	{NoControlPlane, "no control plane can be reached",
		`The run needs the API, which the control planes serve, and none of them could be reached. --max-failures is for hosts that
the others can do without.`,
		`Mend the connection to at least one control plane.`},
	{PlanUnread, "the plan cannot be read",
		`The file is not there, may not be read, is cut off, or is something else than a plan that was saved with plan -o. No
host was touched.`,
		`Name a file that plan has made.

    kbootstrap plan -i hosts.yaml -o demo.plan`},
	{PlanOfOtherVersion, "the plan was made by another version of the tool",
		`Two versions may want other things for the same inventory, or write plans in another format. What was approved is what the
version that made the plan would do. No host was touched.`,
		`Run the version of the tool that made the plan, or make and approve a new one.

    kbootstrap --version`},
	{PlanOfOtherInventory, "the plan is for another inventory",
		`A plan says which inventory it is for, and that one is used. -i named another file, with another content. No host was
touched.`,
		`Leave out -i, or name the inventory of the plan, which plan --show tells.

    kbootstrap plan --show demo.plan`},
	{PlanStale, "the plan is not what would be done now",
		`Since the plan was made a host was changed, or what is wanted did: the inventory, the artifact lock, a certificate that was
renewed, or the machine itself. Each place is named, with the difference that there is now. Nothing was changed. What has
become as it is wanted meanwhile does not count, so a run of a plan that was cut off can be repeated.`,
		`Look at what has changed, then make a new plan and have it approved.

    kbootstrap plan -i hosts.yaml -o demo.plan`},
	{PlanRefused, "up would refuse this plan",
		`Something in the plan would harm the cluster that is there. It stands above the plan, marked with !, each with a code of
its own and what to do instead. A plan that would be refused is not saved. Nothing was changed.`,
		`Mend what is marked with ! above the plan.`},
}
