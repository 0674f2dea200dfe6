package fault

// Faults of clusters that move to other versions.
const (
	UpgradeSkips    Code = "KB6060"
	UpgradeAPIs     Code = "KB6061"
	UpgradeStuck    Code = "KB6062"
	UpgradeDowntime Code = "KB6063"
	UpgradeUnwell   Code = "KB6064"
	UpgradeTarget   Code = "KB6065"
	UpgradeEtcd     Code = "KB6066"
)

// upgradeEntries are the faults of clusters that move to other versions.
var upgradeEntries = []Entry{
	{UpgradeSkips, "an upgrade would leave out a minor version",
		`Kubernetes and etcd move from one minor version to the next. The inventory has a version that is two or more later
than what a host runs: its API server, its kubelet or its member of etcd. A kubelet may be older than the API servers
because an upgrade was stopped; it comes along before the cluster moves on. Nothing was changed.`,
		`Write the version that the message names, upgrade to it, and then to the next.

    kbootstrap upgrade -i hosts.yaml`},
	{UpgradeAPIs, "clients use versions of the API that the new release does not serve",
		`Each API server counts who asks it for deprecated versions of the API since it was started, and knows which release
serves them no more (apiserver_requested_deprecated_apis). After the upgrade these requests would fail. Nothing was
changed.`,
		`Find the clients in the audit log of the control planes, and have them use a later version. What was asked is
forgotten when the API server is restarted.

    grep k8s.io/deprecated /var/log/kubernetes/audit.log`},
	{UpgradeStuck, "pods would not leave their nodes",
		`An upgrade empties each node before the kubelet is changed. A PodDisruptionBudget allows no pod to go, or a pod has
no owner that would make it again elsewhere. The upgrade would stop in the middle because of it. Nothing was changed.`,
		`Add a replica, so that one may go; delete the pods without an owner.

    kubectl get poddisruptionbudgets -A`},
	{UpgradeDowntime, "something would be away during the upgrade",
		`The cluster has a single control plane, whose API server is restarted, or a single worker, whose pods have nowhere
to go while it is empty. Nothing was changed.`,
		`Allow it, or add hosts first.

    kbootstrap upgrade -i hosts.yaml --accept-downtime`},
	{UpgradeUnwell, "the cluster is not well enough for an upgrade",
		`An upgrade begins only when every node is Ready, every member of etcd is healthy, every API server answers, no other
change is half done, and no certificate of the state directory is about to end. Nothing was changed.`,
		`See to what the message names.

    kbootstrap status -i hosts.yaml`},
	{UpgradeTarget, "--to and the inventory name different versions",
		`The inventory says which version a cluster has, for every verb. upgrade --to only makes sure of it: with another
version in the inventory, the next up would refuse to go on. Nothing was changed.`,
		`Write the version into the inventory, as the message says; or see what an upgrade would meet, without one.

    kbootstrap upgrade -i hosts.yaml --to v1.36.3 --dry-run`},
	{UpgradeEtcd, "this patch of etcd 3.5 cannot be moved to 3.6",
		`etcd 3.6 reads who its members are from another store than etcd 3.5 does. Older patches of 3.5 may not have written there that
a learner was promoted, or that a member has left; the cluster would then lose its quorum in the middle. Nothing was changed.`,
		`Bring etcd to the newest patch of 3.5 first, with the version of Kubernetes that runs: name it in the inventory under
versions, and run up. Then upgrade.

    kbootstrap up -i hosts.yaml`},
}
