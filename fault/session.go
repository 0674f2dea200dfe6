package fault

// Faults of connections.
const (
	Unreachable Code = "KB2203"
	SessionLost Code = "KB2204"
)

// sessionEntries are the faults of connections.
var sessionEntries = []Entry{
	{Unreachable, "a host cannot be reached by SSH",
		`No connection to the address and port in the message, or it was made and no SSH server answered in time. The name is
wrong, the host is down, sshd does not run, or a firewall drops the packets.`,
		`Try what ssh says to the same address, and compare it with "ssh:" of the host in the inventory.

    ssh -v -p 22 USER@ADDRESS true`},
	{SessionLost, "the session to a host ended in the middle of the work",
		`The connection broke, the host was rebooted or stopped answering, or the tool's process there was killed. The step that
was going on was cut off; what was done stays, and nothing is half written.`,
		`Run the same command again: it goes on where it stopped. If the host does not answer, look at it first.

    kbootstrap status -i hosts.yaml`},
}
