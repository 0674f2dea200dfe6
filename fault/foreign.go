package fault

// Faults of hosts that are taken from elsewhere.
const (
	ForeignInventory Code = "KB1050"
	HostsOpen        Code = "KB1051"
)

// foreignEntries are the faults of `init --from`.
var foreignEntries = []Entry{
	{ForeignInventory, "the hosts cannot be taken from there",
		`"init --from" reads the output of "vagrant ssh-config", inventories of Ansible that are written down as INI or
YAML, or words such as one types after ssh. What is there is none of that, or is more than text: a vault, a template,
a program that makes the inventory, machines that do not run. No inventory was written.`,
		`Start the machines of Vagrant, or have Ansible write down what it knows.

    ansible-inventory -i INVENTORY --list --yaml > hosts-of-ansible.yaml`},
	{HostsOpen, "an inventory was written, and something in it is left open",
		`Some hosts could not be asked, or have no address in a network that all of them share. The inventory has a comment
that begins with TODO wherever that is so.`,
		`Do what the comments say, then check the file.

    kbootstrap validate -i hosts.yaml`},
}
