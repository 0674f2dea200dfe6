package fault

// A change that was taken back, or that could not be; and data that no change touches.
const (
	RolledBack    Code = "KB5020"
	NotRolledBack Code = "KB5021"
	MemberForeign Code = "KB5022"
)

// rollbackEntries are the faults of changes that were taken back.
var rollbackEntries = []Entry{
	{RolledBack, "a change was rolled back",
		`A service that was healthy did not become healthy again after its change: it did not start, crashed again and
again, or did not answer in time. So the tool put back what was there before: its configuration, its unit and the
links to its programs. The service is healthy again. The same happens when the change of a running service cannot be
finished, for example because the disk is full.

Components that the tool changes on one host at a time, such as etcd and kube-apiserver, were not changed on any
further host.`,
		`Read the journal in the message, fix the inventory, and run the same command again. Most often the service names
the flag or the field that it does not know.

Until then the plan shows the same difference:

    kbootstrap plan -i hosts.yaml`},

	{NotRolledBack, "a change failed, and the previous state could not be restored",
		`A service did not become healthy after its change, and the rollback did not help either: restoring the previous
state failed, or the service does not become healthy with it. Then something else is wrong with the host: the disk
is full or broken, or something that the service needs is down.

The last healthy state is still recorded on the host, in /var/lib/kbootstrap/undo.`,
		`Fix what the message names, and run the same command again. It tries the change once more, and if that fails,
returns to the last healthy state.

    journalctl -u UNIT
    df -h
    kbootstrap status -i hosts.yaml`},

	{MemberForeign, "the data of another etcd cluster is in the way",
		`The data directory of etcd holds a member that does not belong to this cluster: the mark next to it names another
cluster, or there is no mark, which means that this tool has never started etcd there. A member that was started
with it would serve the old cluster's data. A change never removes data, so the component ends here.`,
		`If the data is no longer needed, reset the host with the inventory of its old cluster, or move the data away;
then run the same command again.

    mv /var/lib/etcd/member /root/etcd-member.old`},
}
