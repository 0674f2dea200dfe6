package fault

// The faults of hosts that other rooms name.
const (
	RolledBack    Code = "KB5001"
	NotRolledBack Code = "KB5002"
)

// hostEntries are the faults of what happens on hosts.
var hostEntries = []Entry{
	{
		Code:  RolledBack,
		Title: "a change was rolled back",
		Cause: "A service that was healthy did not become healthy again after its change: it did not start, crashed again and " +
			"again, or did not answer in time. So what was there before was put back: its configuration, its unit, the links to its " +
			"programs; and it is healthy as before. Components that are changed on one host at a time were not changed on any other " +
			"host. The same happens when the change of a running service cannot be finished, for want of disk space for instance. " +
			"The message has what failed, with the end of the journal, and what was put back.",
		Mend: "Read the journal in the message: most often the service names the flag or the field that it does not know. Mend the " +
			"inventory, look at `kbootstrap plan`, and run the same command again. Until then the plan shows the same difference.",
	},
	{
		Code:  NotRolledBack,
		Title: "a change failed, and what was there could not be put back",
		Cause: "A service did not become healthy after its change, and is not as before either: putting back failed, or the " +
			"service does not become healthy with what it had. Then something else is wrong with the host: a full or broken disk, " +
			"or something that the service needs is down. What was there is still on record, in /var/lib/kbootstrap/undo.",
		Mend: "Mend what the message names: look at `journalctl -u UNIT` on the host, `df -h`, and `kbootstrap status`. Then run " +
			"the same command again. It tries the change once more, and if that is no good, goes back to what was last healthy.",
	},
}
