package fault

// Faults of the inventory.
const (
	InventoryUnread       Code = "KB1001"
	InventorySyntax       Code = "KB1002"
	InventoryUnknownField Code = "KB1003"
	InventoryMissingField Code = "KB1004"
	InventoryType         Code = "KB1005"
	InventoryValue        Code = "KB1006"
	InventoryName         Code = "KB1007"
	InventoryNetwork      Code = "KB1008"
	InventoryAddress      Code = "KB1009"
	InventoryPort         Code = "KB1010"
	InventoryLogin        Code = "KB1011"
	InventoryRoles        Code = "KB1012"
	InventoryArgument     Code = "KB1013"
	InventoryLabel        Code = "KB1014"
	InventoryVersion      Code = "KB1015"
)

// Faults of the command line and the user's settings.
const (
	Usage          Code = "KB1101"
	UnknownCommand Code = "KB1102"
	UnknownHost    Code = "KB1103"
	UnknownCode    Code = "KB1104"
	LabRefused     Code = "KB1105"
)

// inventoryEntries are the faults of the inventory and the command line.
var inventoryEntries = []Entry{
	{InventoryUnread, "the inventory cannot be read",
		`The file given with -i, or hosts.yaml in the working directory, is not there or may not be read. No host was touched.`,
		`Name the inventory with -i, or write one to start from.

    kbootstrap init`},
	{InventorySyntax, "the inventory is not YAML that the tool reads",
		`The place in the message is where reading ended: a tab in the indentation, a quote that is not closed, a key that is
given twice, bytes that are not UTF-8. Anchors are read; a file that grows without bound by them, or is nested or long
beyond any real cluster, is not.`,
		`Mend the line in the message, and look at the indentation of the line before it.

    kbootstrap validate -i hosts.yaml`},
	{InventoryUnknownField, "a field of the inventory is not known",
		`A key is misspelt, stands in the wrong mapping, or is of another version of the tool. Unknown keys are never passed
over: what they were meant to set would silently not be set.`,
		`Correct or remove the key. docs/inventory.md has all of them.`},
	{InventoryMissingField, "a field of the inventory is missing",
		`A cluster needs a name, a version of Kubernetes and hosts; a host needs a name, an address and roles. Everything else
has a default.`,
		`Add the field at the place in the message.

    kbootstrap init -o - | less`},
	{InventoryType, "a value of the inventory is of the wrong kind",
		`For example a number where text is expected, or one value where a list is. YAML makes a boolean of a bare true, yes is
text, and a bare 1.30 is the number 1.3.`,
		`Write the value as the message says; text that looks like a number or a boolean goes in quotes.`},
	{InventoryValue, "a value of the inventory is none that the field can have",
		`The field takes certain words only, or two fields contradict each other, such as "cri: dockerd" with
"runtime: containerd".`,
		`Use one of the values that the message names.`},
	{InventoryName, "a name in the inventory cannot be used, or is used twice",
		`Names of clusters and hosts become names of DNS, of nodes and of files: lower-case letters, digits and dashes. Two hosts
cannot have the same name.`,
		`Change the name at the place in the message.`},
	{InventoryNetwork, "a network of the inventory does not fit",
		`The pod, service and host networks must not overlap each other or addresses with a meaning of their own, and must be
large enough: each host gets a /24 of the pod network. Packets to an address in two networks would go to one of them only.`,
		`Choose a free private range, such as 10.244.0.0/16 for pods and 10.96.0.0/12 for services.`},
	{InventoryAddress, "an address of a host cannot be used, or is used twice",
		`"address" is the IPv4 address by which the other hosts reach it: no name, no loopback, none of the pod or service
network, and no other host's. Where to log in is another field, ssh.address.`,
		`Set the host's own address in the network that the hosts share.

    ip -4 address show`},
	{InventoryPort, "a port of the inventory is taken or not a port",
		`Ports are 1 to 65535. Ports for Services must not contain those that the cluster itself or SSH listens on, since a
Service could take them away.`,
		`Choose a free port or range; 30000-32767 is the usual one for Services.`},
	{InventoryLogin, "the SSH part of the inventory cannot be used",
		`A user name, a pinned host key or an endpoint has a form that it cannot have, or two hosts are reached at the same
address and port, as when a copied block keeps its port.`,
		`Correct the value; a host key is pinned as ssh-keygen prints it.

    ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`},
	{InventoryRoles, "the roles do not make a cluster",
		`There must be hosts, a control plane, and an odd number of etcd members, at most seven: an even number tolerates no more
failures than the odd one below it. Roles are etcd, control-plane and worker.`,
		`Give one host, or three, the roles etcd and control-plane.`},
	{InventoryArgument, "an argument of a component cannot be set",
		`The component or the flag is not known, the flag follows from the rest of the inventory, or it is given twice in two
spellings. Flags by which components agree with each other are the tool's own; another value would break the cluster.`,
		`Do what the message says instead, or leave the flag out.`},
	{InventoryLabel, "a label or taint cannot be used",
		`Kubernetes takes keys and values of letters, digits, and - _ . within, 63 characters at most. Some labels and taints
belong to the kubelet or to the tool and are set by them.`,
		`Correct the key, value or effect at the place in the message.`},
	{InventoryVersion, "a version in the inventory is not one, or not supported",
		`Kubernetes is written with all three numbers. The supported minor versions are in the message; other components take a
version such as 1.2.3.`,
		`Write a whole supported version, such as v1.36.3.`},
	{Usage, "the command line is not one that the tool understands",
		`A flag is unknown or has a value that it cannot have, or there are too many or too few words. Nothing was done.`,
		`Look at the help of the command, which has examples and each flag.

    kbootstrap COMMAND --help`},
	{UnknownCommand, "there is no such command",
		`The first word is none of the tool's commands, or the word after a group such as artifacts or hosts is none of the
group's. Nothing was done.`,
		`See the list of commands.

    kbootstrap --help`},
	{UnknownHost, "no host of that name in the inventory",
		`A host was named on the command line that the inventory does not have. Hosts are named as in "name:", not by address.
Nothing was done.`,
		`Use a name of the inventory that you gave with -i, or add the host to it.`},
	{UnknownCode, "there is no such error code",
		`The word after "explain" is none of the codes that this version of the tool has. They are written KB and four digits.`,
		`List the codes that there are.

    kbootstrap explain`},
	{LabRefused, "the lab cannot do that here or now",
		`The lab of local hosts wants Linux, root and some programs, and a directory in which a lab was made. What it lacks is in
the message; no cluster of yours is concerned.`,
		`Do what the message says, or list the hosts of the lab.

    kblab ls --dir DIR`},
}
