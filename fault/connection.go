package fault

// Faults of connections and the agent.
const (
	Unreachable Code = "KB2201"
	AgentFailed Code = "KB2202"
	SessionLost Code = "KB2203"
)

// connectionEntries are the faults of connections: host keys, logging in, becoming root.
var connectionEntries = []Entry{
	{Unreachable, "a host cannot be reached by SSH",
		`No connection to the address and port in the message, or it was made and no SSH server answered in time. The name is
wrong, the host is down, sshd does not run, or a firewall drops the packets.`,
		`Try what ssh says to the same address, and compare it with "ssh:" of the host in the inventory.

    ssh -v -p 22 USER@ADDRESS true`},
	{AgentFailed, "the tool's process could not be started on a host",
		`After logging in, the tool puts its own binary on the host and starts it there. It could not be written, or could not
run: no space, a file system mounted noexec, another architecture, or a login shell that prints things or is no shell.`,
		`Look at the end of the message, which has what the host printed. The binary lies in /opt/kbootstrap.

    df -h / /tmp; findmnt -T /opt -o OPTIONS`},
	{SessionLost, "the session to a host ended in the middle of the work",
		`The connection broke, the host was rebooted or stopped answering, or the tool's process there was killed. The step that
was going on was cut off; what was done stays, and nothing is half written.`,
		`Run the same command again: it goes on where it stopped. If the host does not answer, look at it first.

    kbootstrap status -i hosts.yaml`},
}
