package fault

// Faults of connections.
const (
	Unreachable Code = "KB2203"
	SessionLost Code = "KB2204"
)

// sessionEntries are the faults of connections.
var sessionEntries = []Entry{
	{Unreachable, "a host cannot be reached by SSH",
		`The tool could not connect to the address and port in the message, or no SSH server answered there in time. The
name is wrong, the host is down, sshd is not running, or a firewall drops the packets.`,
		`Try ssh with the same address, and compare it with "ssh:" of the host in the inventory.

    ssh -v -p 22 USER@ADDRESS true`},
	{SessionLost, "the session to a host ended in the middle of the work",
		`The connection broke, the host rebooted or stopped answering, or the tool's process there was killed. The step in
progress was interrupted; what was done stays, and nothing is half written.`,
		`Run the same command again: it continues where it stopped. If the host does not answer, look at it first.

    kbootstrap status -i hosts.yaml`},
}
