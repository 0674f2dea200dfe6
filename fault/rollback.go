package fault

// A change that was taken back, or that could not be; and data that no change touches.
const (
	RolledBack    Code = "KB5020"
	NotRolledBack Code = "KB5021"
	MemberForeign Code = "KB5022"
)

// rollbackEntries are the faults of changes that were taken back.
var rollbackEntries = []Entry{
	{RolledBack, "a change was rolled back", `A service that was healthy did not become healthy again after its change: it did not start, crashed again and again, or
did not answer in time. So what was there before was put back, its configuration, its unit, the links to its programs, and
it is healthy as before. The same happens when the change of a running service cannot be finished, for want of disk space
for instance.

Components that are changed on one host at a time, such as etcd and kube-apiserver, were not changed on any further host.`,
		`Read the journal in the message, mend the inventory, and run the same command again. Most often the service names the flag
or the field that it does not know.

Until then the plan shows the same difference:

    kbootstrap plan -i hosts.yaml`},

	{NotRolledBack, "a change failed, and what was there could not be put back", `A service did not become healthy after its change, and is not as before either: putting back failed, or the service does not
become healthy with what it had. Then something else is wrong with the host: a full or broken disk, or something that the
service needs is down.

What was last healthy is still on record on the host, in /var/lib/kbootstrap/undo.`,
		`Mend what the message names, and run the same command again. It tries the change once more, and if that is no good, goes
back to what was last healthy.

    journalctl -u UNIT
    df -h
    kbootstrap status -i hosts.yaml`},

	{MemberForeign, "the data of another etcd cluster is in the way", `The data directory of etcd holds a member that is not of this cluster: the mark beside it names another one, or there is no
mark, and this tool has never started etcd there. A member that was started with it would serve the old cluster's data.
Data is never removed by a change, so the component ends here.`,
		`If nobody needs the data, reset the host with the inventory of its old cluster, or move the data away; then run the same
command again.

    mv /var/lib/etcd/member /root/etcd-member.old`},
}
