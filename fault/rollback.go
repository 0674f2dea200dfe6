package fault

// A change that was taken back, or that could not be.
const (
	RolledBack    Code = "KB5020"
	NotRolledBack Code = "KB5021"
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
}
