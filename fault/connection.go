package fault

// Faults of host keys.
const (
	HostKeyUnknown Code = "KB2001"
	HostKeyRevoked Code = "KB2002"
	HostKeyChanged Code = "KB2003"
	HostKeyPinned  Code = "KB2004"
	KnownHosts     Code = "KB2005"
)

// Faults of the way to a host.
const (
	NameUnresolved    Code = "KB2231"
	ConnectionRefused Code = "KB2232"
	NoAnswer          Code = "KB2233"
	JumpHost          Code = "KB2234"
	ConfigInvalid     Code = "KB2235"
)

// connectionEntries are the faults of reaching a host and of knowing that it is the right one.
var connectionEntries = []Entry{
	{HostKeyUnknown, "the host's key is not known",
		`No known_hosts file has a key of this host, and the inventory pins none, so the tool cannot tell the host from an
impostor. At a terminal the tool asks; without a terminal, or with hostKeyPolicy: strict, it stops. A jump host on
the way is checked like any other host.`,
		`Compare the fingerprint with the one that the host shows at its own console, then record the key.

    ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub
    kbootstrap hosts trust -i hosts.yaml

Or pin it in the inventory (hostKey), or record the keys of new hosts without a question (hostKeyPolicy: accept-new,
or --host-key accept-new).`},
	{HostKeyRevoked, "the host's key is revoked",
		`A line with @revoked in a known_hosts file names the key that the host offers, or the key of the authority that
signed the host's certificate. Such a key has been stolen or replaced. No setting makes the tool accept it.`,
		`Give the host a new key, and record it.

    rm /etc/ssh/ssh_host_*_key*; ssh-keygen -A; systemctl restart ssh`},
	{HostKeyChanged, "the host's key has changed",
		`The host offers a key that differs from the one on record. Either the host was reinstalled, which gives it a new
key, or the address now belongs to another machine, or someone is intercepting the connection. Nothing was sent to
it. No setting makes the tool accept a changed key.`,
		`If the host was reinstalled, remove the old key with the command in the message, and record the new one.

    ssh-keygen -R 192.168.56.11
    kbootstrap hosts trust -i hosts.yaml

If it was not reinstalled, find out who answers at the address before you go on.`},
	{HostKeyPinned, "the host's key is not the one that the inventory pins",
		`The inventory sets hostKey for this host, but the host offers another key. The pin wins over known_hosts and over
every setting.`,
		`If the host was reinstalled, correct hostKey in the inventory; if not, find out who answers at the address.

    ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`},
	{KnownHosts, "a known_hosts file cannot be used",
		`The file cannot be read or written, is not a regular file, or has a line about this host that cannot be understood.
ssh skips such lines. This tool does not, because the line might be the one that revokes a key.`,
		`Correct the file, or remove the line that the message names.

    ssh-keygen -R 192.168.56.11`},
	{NameUnresolved, "the name of the host does not resolve",
		`This machine's resolver does not know the name that the inventory has as ssh.address, or that ssh_config has as
HostName.`,
		`Correct ssh.address in the inventory, or write the address itself.

    getent hosts NAME`},
	{ConnectionRefused, "the host refuses the connection",
		`The host is up, but nothing listens on the port: sshd is not running, or it listens on another port. Right after
a boot, sshd may not have started yet.`,
		`Check whether sshd is running and on which port, and set ssh.port in the inventory.

    nc -vz 192.168.56.11 22`},
	{NoAnswer, "the host does not answer",
		`The host sent nothing in time: it is off, the address is wrong, a firewall drops the packets, or the host is too
busy to answer. The limit is 15 seconds, or ConnectTimeout of ssh_config.`,
		`Check whether the host is up and the port is open from here.

    nc -vz 192.168.56.11 22`},
	{JumpHost, "the jump host does not lead to the host",
		`The tool reached the jump host and logged in, but the jump host did not open the connection to the host behind
it: its sshd forbids forwarding, or it cannot reach the address itself. The address is resolved and dialled by the
jump host.`,
		`Try it from the jump host, and look at AllowTcpForwarding and PermitOpen there.

    ssh JUMP nc -vz 192.168.56.11 22`},
	{ConfigInvalid, "ssh_config cannot be used",
		`A line of ~/.ssh/config, of /etc/ssh/ssh_config, of a file that they include, or of the file that ssh.config of
the inventory names cannot be understood, or asks for something that the tool does not do, such as ProxyCommand; or
others can write to the file. No host was touched.`,
		`Correct the line; the command below shows how ssh reads the file. With ssh.config: none, the tool reads no such
file.

    ssh -G 192.168.56.11`},
}
