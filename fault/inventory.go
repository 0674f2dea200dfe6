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
	ArgumentUnknown       Code = "KB1016"
	ArgumentValue         Code = "KB1017"
	ArgumentWeakens       Code = "KB1018"
	InventorySecurity     Code = "KB1019"
	ArgumentPath          Code = "KB1022"
)

// Faults of the command line and the user's settings.
const (
	Usage          Code = "KB1101"
	UnknownCommand Code = "KB1102"
	UnknownHost    Code = "KB1103"
	UnknownCode    Code = "KB1104"
	LabRefused     Code = "KB1105"
	LocalMissing   Code = "KB1120"
)

// inventoryEntries are the faults of the inventory and the command line.
var inventoryEntries = []Entry{
	{InventoryUnread, "the inventory cannot be read",
		`The file given with -i, or hosts.yaml in the working directory, does not exist or cannot be read. No host was
touched.`,
		`Name the inventory with -i, or write one to start from.

    kbootstrap init`},
	{InventorySyntax, "the inventory is not YAML that the tool reads",
		`The place in the message is where reading ended: a tab in the indentation, a quote that is not closed, a key that
is given twice, bytes that are not UTF-8. Anchors are supported, but a file that they make grow without bound, or
that is nested deeper or longer than any real inventory, is refused.`,
		`Fix the line in the message, and look at the indentation of the line before it.

    kbootstrap validate -i hosts.yaml`},
	{InventoryUnknownField, "a field of the inventory is not known",
		`A key is misspelt, is in the wrong mapping, or belongs to another version of the tool. The tool never ignores
unknown keys, because what they were meant to set would silently stay unset.`,
		`Correct or remove the key. docs/inventory.md lists all of them.`},
	{InventoryMissingField, "a field of the inventory is missing",
		`A cluster needs a name, a version of Kubernetes and hosts; a host needs a name, an address and roles. Everything
else has a default.`,
		`Add the field at the place in the message.

    kbootstrap init -o - | less`},
	{InventoryType, "a value of the inventory is of the wrong kind",
		`For example, there is a number where text is expected, or one value where a list is expected. YAML reads a bare
true as a boolean, yes as text, and a bare 1.30 as the number 1.3.`,
		`Write the value as the message says; text that looks like a number or a boolean goes in quotes.`},
	{InventoryValue, "a value of the inventory is not one that the field can have",
		`The field accepts only certain words, or two fields contradict each other, such as "cri: dockerd" with
"runtime: containerd".`,
		`Use one of the values that the message names.`},
	{InventoryName, "a name in the inventory cannot be used, or is used twice",
		`Names of clusters and hosts become DNS names, node names and file names, so they consist of lower-case letters,
digits and dashes. Two hosts cannot have the same name.`,
		`Change the name at the place in the message.`},
	{InventoryNetwork, "a network of the inventory does not fit",
		`The pod, service and host networks must not overlap each other or reserved addresses, and must be large enough:
each host gets a /24 of the pod network, and a /64 of the one of IPv6. Packets to an address that is in two networks
would reach only one of them.`,
		`Choose a free private range, such as 10.244.0.0/16 for pods and 10.96.0.0/12 for services.`},
	{InventoryAddress, "an address of a host cannot be used, or is used twice",
		`"address" is the IPv4 address by which the other hosts reach this one, and "ipv6" is the one of IPv6 next to it,
which every host has in a cluster with network.ipv6, and no host in another. Neither is a name, a loopback address, in a
network of pods or Services, or another host's. The address to log in at is another field, ssh.address.`,
		`Set the host's own addresses in the network that the hosts share.

    ip address show`},
	{InventoryPort, "a port of the inventory is taken or is not a port",
		`Ports are 1 to 65535. The range for Services must not contain ports that the cluster itself or SSH listens on,
because a Service could take them over.`,
		`Choose a free port or range; 30000-32767 is the usual one for Services.`},
	{InventoryLogin, "the SSH part of the inventory cannot be used",
		`A user name, a pinned host key or an endpoint is malformed, or two hosts have the same address and port, as
happens when a copied block keeps its port.`,
		`Correct the value; write a pinned host key as ssh-keygen prints it.

    ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`},
	{InventoryRoles, "the roles do not make a cluster",
		`There must be hosts, a control plane, and an odd number of etcd members, at most seven: an even number tolerates
no more failures than the odd one below it. Roles are etcd, control-plane and worker.`,
		`Give one host, or three, the roles etcd and control-plane.`},
	{InventoryArgument, "an argument of a component cannot be set",
		`The component is unknown, the flag follows from the rest of the inventory, something else of the cluster asks
where another value would move it, or it is given twice in two spellings. The tool itself sets the flags by which
components agree with each other; another value would break the cluster.`,
		`Do what the message says instead, or leave the flag out. docs/inventory.md lists all flags with such a rule.`},
	{InventoryLabel, "a label or taint cannot be used",
		`Kubernetes accepts keys and values of at most 63 characters: letters and digits, with - _ . between them. Some
labels and taints are set by the kubelet or by the tool.`,
		`Correct the key, value or effect at the place in the message.`},
	{InventoryVersion, "a version in the inventory is malformed or not supported",
		`The version of Kubernetes needs all three numbers. The message lists the supported minor versions; newer ones come
with newer versions of the tool. Other components take a version such as 1.2.3.`,
		`Write a full, supported version, such as v1.36.3. "kbootstrap version" lists the newest that the tool knows.`},
	{ArgumentUnknown, "an argument is not known to the version of the component",
		`The tool knows the flags, the feature gates and the admission plugins of each version, and this version does not
have the one in the message: it is a typo, it went away, or it comes with a later version. The component would not
start with it.`,
		`Correct the name, or leave the argument out. What the flag did may have moved to a field of the inventory.

    kbootstrap validate -i hosts.yaml`},
	{ArgumentValue, "the value of an argument is not one that the component can read",
		`The flag takes a boolean, a number, a duration, an address or one of a few words, and the value is something else;
or it turns a feature gate that is locked. The component would not start with it.`,
		`Write a value as the message says.`},
	{ArgumentWeakens, "an argument weakens the cluster",
		`The value is one that the component takes and that a check of the CIS Kubernetes Benchmark, or the tool, advises
against. The number of the check is in the message. This is a warning: the run goes on.`,
		`Leave the argument out unless you mean it.`},
	{ArgumentPath, "an argument names a path that the service cannot reach",
		`Services of the cluster run in a sandbox of systemd: they do not see the directories of people, those for temporary
files, nor those of pods and images, and they write in their own directories and in those that their arguments name.
The component would not start with this path, or would lose what it writes.`,
		`Put the file where the message says, on every host that has the component.

    install -d -m 700 /etc/kubernetes-site && mv /root/webhook.yaml /etc/kubernetes-site/`},
	{Usage, "the tool does not understand the command line",
		`A flag is unknown or has an invalid value, or there are too many or too few arguments. Nothing was done.`,
		`Look at the help of the command, which has examples and lists every flag.

    kbootstrap COMMAND --help`},
	{UnknownCommand, "there is no such command",
		`The first word is not a command of the tool, or the word after a group such as artifacts or hosts is not a command
of that group. Nothing was done.`,
		`See the list of commands.

    kbootstrap --help`},
	{UnknownHost, "the inventory has no host of that name",
		`The command line names a host that the inventory does not have. Hosts go by their "name:", not by their address.
Nothing was done.`,
		`Use a name from the inventory that you gave with -i, or add the host to it.`},
	{UnknownCode, "there is no such error code",
		`The word after "explain" is not a code of this version of the tool. A code is KB and four digits.`,
		`List all codes.

    kbootstrap explain`},
	{LabRefused, "the lab cannot do that here or now",
		`The lab of local hosts needs Linux, root, some programs, and a directory in which a lab was made. The message
says what is missing. None of your clusters is affected.`,
		`Do what the message says, or list the hosts of the lab.

    kblab ls --dir DIR`},
	{LocalMissing, "a file that is named is not there",
		`The command line or a setting names a file or a directory of this machine that does not exist.`,
		`Look whether the path is right: on the command line it begins at the working directory, in the inventory at the
inventory's own.`},
}
